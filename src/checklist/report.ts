import { duration } from '../telegram/cards/words.ts';
import type { Item, ItemState } from './item.ts';

/** A sign for each state, worst first: the order in which items are shown. */
export const ITEM_SIGNS: Readonly<Record<ItemState, string>> = {
  fail: '🔴',
  unknown: '⚪️',
  pass: '🟢',
  'not-here': '➖',
};

/** Signs that are one column wide in any terminal, and their colours (ECMA-48). */
const TERMINAL: Readonly<Record<ItemState, { readonly sign: string; readonly colour: number }>> = {
  fail: { sign: '✗', colour: 31 },
  unknown: { sign: '?', colour: 33 },
  pass: { sign: '✓', colour: 32 },
  'not-here': { sign: '-', colour: 90 },
};

const ORDER: readonly ItemState[] = ['fail', 'unknown', 'pass', 'not-here'];

/** What is wrong first; within one state in the order of the checklist. */
export function sortItems(items: readonly Item[]): readonly Item[] {
  return items.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
}

/** `3 to mend, 1 unknown, 20 pass, 4 do not apply here`. */
export function countItems(items: readonly Item[]): string {
  const of = (state: ItemState): number => items.filter((item) => item.state === state).length;
  const parts = [
    [of('fail'), 'to mend'],
    [of('unknown'), 'unknown'],
    [of('pass'), of('pass') === 1 ? 'passes' : 'pass'],
    [of('not-here'), of('not-here') === 1 ? 'does not apply here' : 'do not apply here'],
  ] as const;
  return parts
    .filter(([n]) => n > 0)
    .map(([n, word]) => `${n} ${word}`)
    .join(', ');
}

/** How old the evidence of an item is; undefined where there is none. */
export function ageOf({ at }: Item, now: number): string | undefined {
  if (at === null) return undefined;
  return now - at < 1_000 ? 'now' : duration(now - at);
}

/** The checklist as lines of a terminal, aligned: sign, title, age, evidence; below it what to do. */
export function describeChecklist(items: readonly Item[], now: number, hasColours: boolean): readonly string[] {
  const titles = Math.max(...items.map(({ title }) => title.length));
  const ages = Math.max(...items.map((item) => (ageOf(item, now) ?? '').length));
  const indent = ' '.repeat(titles + ages + 6);
  const lines = sortItems(items).flatMap((item) => {
    const { sign, colour } = TERMINAL[item.state];
    const shown = hasColours ? `\x1b[${colour}m${sign}\x1b[0m` : sign;
    return [
      `${shown} ${item.title.padEnd(titles)}  ${(ageOf(item, now) ?? '').padStart(ages)}  ${oneLine(item.evidence)}`,
      ...(item.mend === null ? [] : [`${indent}→ ${oneLine(item.mend)}`]),
    ];
  });
  return [...lines, '', `${countItems(items)}.`];
}

/** Evidence may quote what an agent printed: nothing of it moves the cursor. */
function oneLine(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}
