import type { CancelTimer, Clock } from '../../src/ports.ts';
import { createTimerQueue } from './timers.ts';
import type { Yields } from './yields.ts';

/**
 * A clock whose time passes only when the world lets it. It is the world's own time, which is never wrong: Telegram, the owner and the
 * platform live by it. The simulated machine has another one, which may be set wrong, and which stands still while the machine sleeps.
 */
export interface VirtualClock extends Clock {
  /** The clock of the simulated machine: what the control plane and all programs have. */
  readonly machine: Clock;
  /** Sets the machine's clock on the wall, forwards or backwards. */
  jump(byMs: number): void;
  /** How far the machine's clock on the wall is ahead of the truth. */
  wrongByMs(): number;
  /** Puts the machine to sleep: its timers and its monotonic clock stand still, its clock on the wall goes on. */
  sleep(forMs: number): void;
  isAsleep(): boolean;
  /** The true time at which the machine's wall showed this, the latest one if several did; what it never showed counts as when it leapt over it. */
  trueTimeOf(wall: number): number;
  /** Lets time pass: runs every timer up to `until` in order; `afterStep` is called when all code that one instant woke has come to rest. */
  runUntil(until: number, afterStep: () => void): Promise<void>;
}

/** Steps at one and the same instant: more than this is a loop that waits for time without letting any pass. */
const MOST_STEPS_AT_ONCE = 20_000;

/**
 * Builds a virtual clock. Timers of a second and more fire late by up to `grainMs`, together, as on a busy machine: the port
 * promises "not earlier", and a world with fewer instants is a faster one.
 */
export function createVirtualClock(startAt: number, grainMs: number, yields: Yields): VirtualClock {
  const outside = createTimerQueue();
  /** By the machine's monotonic time. */
  const inside = createTimerQueue();
  /** From when on the machine's wall was wrong by how much, oldest first. */
  const settings = [{ from: -Infinity, wrongByMs: 0 }];
  let now = startAt;
  let sleptMs = 0;
  let wakesAt: number | undefined;
  let asleepSince = 0;

  const wrongByMs = (): number => settings.at(-1)?.wrongByMs ?? 0;
  const monotonic = (): number => (wakesAt === undefined ? now - sleptMs : asleepSince);

  function graze(delayMs: number, from: number): number {
    const exact = from + Math.max(0, Math.ceil(delayMs));
    return delayMs < 1_000 || grainMs <= 1 ? exact : Math.ceil(exact / grainMs) * grainMs;
  }

  const after = (delayMs: number, task: () => void): CancelTimer => outside.add(graze(delayMs, now), task);

  function nextInside(): number | undefined {
    const at = inside.nextAt();
    return at === undefined || wakesAt !== undefined ? undefined : Math.max(now, at + sleptMs);
  }

  function runAt(at: number): boolean {
    let ran = false;
    // What the one side sets off in this instant may still concern the other.
    while (outside.nextAt() === at || nextInside() === at) {
      if (outside.nextAt() === at) ran = outside.runAt(at) || ran;
      const due = inside.nextAt();
      if (due !== undefined && nextInside() === at) ran = inside.runAt(due) || ran;
    }
    return ran;
  }

  return {
    now: () => now,
    monotonic: () => now,
    after,
    machine: {
      now: () => now + wrongByMs(),
      monotonic,
      after: (delayMs, task) => inside.add(graze(delayMs, monotonic()), task),
    },
    jump: (byMs) => void settings.push({ from: now, wrongByMs: wrongByMs() + byMs }),
    wrongByMs,
    sleep(forMs) {
      // In whole grains, so that the machine's timers go on falling together with those of the world.
      const until = now + Math.ceil(forMs / grainMs) * grainMs;
      if (wakesAt !== undefined) return;
      asleepSince = now - sleptMs;
      wakesAt = until;
      outside.add(until, () => {
        wakesAt = undefined;
        sleptMs = until - asleepSince;
      });
    },
    isAsleep: () => wakesAt !== undefined,
    trueTimeOf(wall) {
      for (let index = settings.length - 1; index >= 0; index -= 1) {
        const { from, wrongByMs: wrong } = settings[index]!;
        const to = settings[index + 1]?.from ?? Infinity;
        if (wall - wrong >= to) return to;
        if (wall - wrong >= from) return wall - wrong;
      }
      return wall;
    },
    async runUntil(until, afterStep) {
      let stepsAtOnce = 0;
      for (;;) {
        const next = Math.min(outside.nextAt() ?? Infinity, nextInside() ?? Infinity);
        if (next > until) break;
        stepsAtOnce = next === now ? stepsAtOnce + 1 : 0;
        if (stepsAtOnce > MOST_STEPS_AT_ONCE)
          throw new Error('time stands still: something asks for no delay, again and again');
        now = next;
        if (!runAt(now)) continue;
        await yields.atRest();
        afterStep();
      }
      now = until;
    },
  };
}
