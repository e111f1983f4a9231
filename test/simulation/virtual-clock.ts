import type { CancelTimer, Clock } from '../../src/ports.ts';
import type { Yields } from './yields.ts';

/** A clock whose time passes only when the world lets it. */
export interface VirtualClock extends Clock {
  /** Lets time pass: runs every timer up to `until` in order; `afterStep` is called when all code that one instant woke has come to rest. */
  runUntil(until: number, afterStep: () => void): Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly sequence: number;
  task: (() => void) | undefined;
}

/** Steps at one and the same instant: more than this is a loop that waits for time without letting any pass. */
const MOST_STEPS_AT_ONCE = 20_000;

/**
 * Builds a virtual clock. Timers of a second and more fire late by up to `grainMs`, together, as on a busy machine: the port
 * promises "not earlier", and a world with fewer instants is a faster one.
 */
export function createVirtualClock(startAt: number, grainMs: number, yields: Yields): VirtualClock {
  const heap: Timer[] = [];
  let now = startAt;
  let sequence = 0;

  function isBefore(a: Timer, b: Timer): boolean {
    return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
  }

  function push(timer: Timer): void {
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(timer, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = timer;
  }

  function pop(): Timer | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }

  function after(delayMs: number, task: () => void): CancelTimer {
    const exact = now + Math.max(0, Math.ceil(delayMs));
    const at = delayMs < 1_000 || grainMs <= 1 ? exact : Math.ceil(exact / grainMs) * grainMs;
    const timer: Timer = { at, sequence: sequence++, task };
    push(timer);
    return () => {
      timer.task = undefined;
    };
  }

  return {
    now: () => now,
    monotonic: () => now,
    after,
    async runUntil(until, afterStep) {
      let stepsAtOnce = 0;
      for (let next = heap[0]; next !== undefined && next.at <= until; next = heap[0]) {
        stepsAtOnce = next.at === now ? stepsAtOnce + 1 : 0;
        if (stepsAtOnce > MOST_STEPS_AT_ONCE)
          throw new Error('time stands still: something asks for no delay, again and again');
        now = next.at;
        let ran = false;
        while (heap[0]?.at === now) {
          const timer = pop();
          if (timer?.task === undefined) continue;
          timer.task();
          ran = true;
        }
        if (!ran) continue;
        await yields.atRest();
        afterStep();
      }
      now = until;
    },
  };
}
