const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Where the words about the time left change: often enough to be worth reading, seldom enough to be worth an edit. */
const STEPS: readonly (readonly [ms: number, words: string])[] = [
  [24 * HOUR_MS, 'over a day left'],
  [12 * HOUR_MS, 'over 12 h left'],
  [6 * HOUR_MS, 'over 6 h left'],
  [3 * HOUR_MS, 'over 3 h left'],
  [2 * HOUR_MS, 'over 2 h left'],
  [HOUR_MS, 'over 1 h left'],
  [30 * MINUTE_MS, 'over 30 min left'],
  [15 * MINUTE_MS, 'over 15 min left'],
  [10 * MINUTE_MS, 'over 10 min left'],
  [5 * MINUTE_MS, 'over 5 min left'],
  [2 * MINUTE_MS, 'over 2 min left'],
  [MINUTE_MS, 'over 1 min left'],
];

/** How much of a window is left, in words that never promise more than there is and change only at steps. */
export function timeLeftWords(msLeft: number): string {
  return STEPS.find(([step]) => step < msLeft)?.[1] ?? 'less than 1 min left';
}

/** How many ms will be left when those words change next; undefined: they do not change any more. */
export function nextTimeStep(msLeft: number): number | undefined {
  return STEPS.find(([step]) => step < msLeft)?.[0];
}
