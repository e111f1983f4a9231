/** What to do after a run that failed. */
export type FailureResponse =
  | { readonly kind: 'backoff'; readonly delayMs: number }
  /** Too many deaths: nothing is started any more before somebody says so. */
  | { readonly kind: 'crash-loop' };

/** Window of the death tally, in ms; facts/processes.md 3: more than five failures an hour, stop and ask. */
export const TALLY_WINDOW_MS = 3_600_000;
const MOST_FAILURES = 5;
const FIRST_DELAY_MS = 10_000;
const LONGEST_DELAY_MS = 300_000;

/**
 * Decides what follows the `failures`-th failure in a row within the window: 10 s doubling to 300 s with up to a quarter of jitter,
 * and after the sixth the end. `fraction` is uniform in [0, 1). Only a good run clears the tally, not mere uptime: an agent that
 * lives three seconds before it dies would defeat that.
 */
export function decideAfterFailure(failures: number, fraction: number): FailureResponse {
  if (failures > MOST_FAILURES) return { kind: 'crash-loop' };
  const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.max(0, failures - 1));
  return { kind: 'backoff', delayMs: Math.round(delay * (1 + fraction / 4)) };
}
