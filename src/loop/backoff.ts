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
 * Decides what follows the `failures`-th failure in a row within the window: a growing pause, and after the sixth the end. `fraction` is
 * uniform in [0, 1). Only a good run clears the tally, not mere uptime: an agent that lives three seconds before it dies would defeat that.
 */
export function decideAfterFailure(failures: number, fraction: number): FailureResponse {
  return failures > MOST_FAILURES
    ? { kind: 'crash-loop' }
    : { kind: 'backoff', delayMs: failureDelayMs(failures, fraction) };
}

/** The pause after the `failures`-th failure in a row, in ms: 10 s doubling to 300 s with up to a quarter of jitter. */
export function failureDelayMs(failures: number, fraction: number): number {
  const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(delay * (1 + fraction / 4));
}

const FIRST_BUSY_DELAY_MS = 5 * 60_000;
const LONGEST_BUSY_DELAY_MS = 3_600_000;

/**
 * How long an agent waits after its model was too busy for the `times`-th time in a row, in ms: 5 min doubling to an hour, with up to a
 * quarter of jitter (facts: agent-clis 14.12). Its CLI has tried ten times by itself already, and a busy vendor is no fault of the agent's:
 * it leads to no crash loop. `fraction` is uniform in [0, 1).
 */
export function busyDelayMs(times: number, fraction: number): number {
  const delay = Math.min(LONGEST_BUSY_DELAY_MS, FIRST_BUSY_DELAY_MS * 2 ** Math.max(0, times - 1));
  return Math.round(delay * (1 + fraction / 4));
}
