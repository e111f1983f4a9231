import type { Clock } from '../../src/ports.ts';

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves time on, running each timer at its own instant and letting what it woke come to rest. */
  pass(ms: number): Promise<void>;
  /** Lets what is under way come to rest without any time passing. */
  rest(): Promise<void>;
  /** Moves the wall clock without touching timers, as a correction of the machine's clock does. */
  jump(ms: number): void;
  readonly timers: number;
}

interface Timer {
  readonly at: number;
  readonly task: () => void;
}

/** Turns of the event loop that any chain of promises in the code under test needs at most. */
const TURNS = 20;

/** Builds a clock that starts on a Sunday in November 2026. */
export function createManualClock(startAt = Date.UTC(2026, 10, 22, 12)): ManualClock {
  let monotonic = 0;
  let offset = startAt;
  let timers: Timer[] = [];

  async function rest(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  return {
    now: () => monotonic + offset,
    monotonic: () => monotonic,
    after(delayMs, task) {
      const timer = { at: monotonic + Math.max(0, delayMs), task };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    rest,
    async pass(ms) {
      const until = monotonic + ms;
      await rest();
      for (;;) {
        const next = timers.filter((timer) => timer.at <= until).toSorted((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        timers = timers.filter((timer) => timer !== next);
        monotonic = Math.max(monotonic, next.at);
        next.task();
        await rest();
      }
      monotonic = until;
    },
    jump(ms) {
      offset += ms;
    },
    get timers() {
      return timers.length;
    },
  };
}
