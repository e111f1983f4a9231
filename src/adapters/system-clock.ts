import type { Clock } from '../ports.ts';

/** The longest delay that a Node timer takes; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Builds the Clock port on the machine's clock and Node's timers. */
export function createSystemClock(): Clock {
  return { now: () => Date.now(), monotonic: () => performance.now(), after: startTimer };
}

/**
 * Delays are measured by the monotonic clock, in as many timers as needed: a wall clock that jumps moves none of them, and a timer that
 * Node fires a fraction of a millisecond early is set again.
 */
function startTimer(delayMs: number, task: () => void): () => void {
  const dueAt = performance.now() + delayMs;
  let timer: NodeJS.Timeout;
  function arm(): void {
    const remainingMs = Math.max(0, Math.ceil(dueAt - performance.now()));
    timer = setTimeout(
      () => (performance.now() < dueAt ? arm() : task()),
      Math.min(remainingMs, LONGEST_TIMER_MS),
    ).unref();
  }
  arm();
  return () => clearTimeout(timer);
}
