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
const INACTIVE_PARTS: readonly InactivePart[] = [{ keys: [['digest']], meaning: 'no digest is sent' }];

/** One line for each inactive part that this file uses: its keys, and what does not happen. */
export function describeInactive(raw: unknown): string[] {
  return INACTIVE_PARTS.flatMap(({ keys, meaning }) => {
    const used = keys.flatMap((key) => matches(raw, key));
    return used.length === 0 ? [] : [`${used.map(renderKey).join(', ')}: ${meaning}`];
  });
}

function matches(raw: unknown, pattern: KeyPath): KeyPath[] {
  const star = pattern.indexOf('*');
  if (star === -1) return valueAt(raw, pattern) === undefined ? [] : [pattern];
  const around = valueAt(raw, pattern.slice(0, star));
  const names = typeof around === 'object' && around !== null ? Object.keys(around) : [];
  return names.flatMap((name) => matches(raw, [...pattern.slice(0, star), name, ...pattern.slice(star + 1)]));
}
