import { type KeyPath, valueAt } from './key-path.ts';
import { renderKey } from './problem.ts';

/** A part of fleet.yaml that is read and checked, but that nothing acts on yet. */
interface InactivePart {
  /** Where it is written; `*` stands for any name or index. */
  readonly keys: readonly KeyPath[];
  /** What does not happen. */
  readonly meaning: string;
}

/** One row for each part; whoever makes a part work deletes its row. */
const INACTIVE_PARTS: readonly InactivePart[] = [
  {
    keys: [['budget'], ...agentKeys('budget')],
    meaning: 'limits hold between runs: none is reserved for before a run, and none stops one that goes on',
  },
  {
    keys: agentKeys('max_run_cost'),
    meaning: 'only claude limits its runs by itself; no other run is stopped by its cost',
  },
  { keys: [['digest']], meaning: 'no digest is sent' },
  { keys: agentKeys('on'), meaning: 'nothing creates tasks' },
  { keys: agentKeys('context'), meaning: 'how full the context is is shown, but nothing follows from it' },
  { keys: [['drafts', 'burst']], meaning: 'each draft comes as a card of its own' },
  { keys: [['drafts', 'kinds', '*', 'undo']], meaning: 'an approval cannot be taken back' },
  { keys: [['drafts', 'kinds', '*', 'remind']], meaning: 'no reminders are sent' },
];

/** One line for each inactive part that this file uses: its keys, and what does not happen. */
export function describeInactive(raw: unknown): string[] {
  return INACTIVE_PARTS.flatMap(({ keys, meaning }) => {
    const used = keys.flatMap((key) => matches(raw, key));
    return used.length === 0 ? [] : [`${used.map(renderKey).join(', ')}: ${meaning}`];
  });
}

/** An agent's key, also where it is a default. */
function agentKeys(key: string): KeyPath[] {
  return [
    ['defaults', key],
    ['agents', '*', key],
  ];
}

function matches(raw: unknown, pattern: KeyPath): KeyPath[] {
  const star = pattern.indexOf('*');
  if (star === -1) return valueAt(raw, pattern) === undefined ? [] : [pattern];
  const around = valueAt(raw, pattern.slice(0, star));
  const names = typeof around === 'object' && around !== null ? Object.keys(around) : [];
  return names.flatMap((name) => matches(raw, [...pattern.slice(0, star), name, ...pattern.slice(star + 1)]));
}
