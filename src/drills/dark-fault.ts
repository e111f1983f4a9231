import type { Clock, Disk } from '../ports.ts';
import { loadSentinelTrace, type SentinelTrace } from '../sentinel/trace.ts';
import type { Fault, Finding } from './fault.ts';

/** Longer than the drill may take: whatever ends it before, ends the pretence as well. */
const DARK_MS = 6 * 60_000;
/** A trace is a file, which no look of the drill room has to read anew: a quarter of a second is nothing beside the minute of the sentinel's timer. */
const READ_EVERY_MS = 250;
/** Two turns of the sentinel's timer, and half a one for a slow machine: whoever has not looked by then does not watch. */
const LOOKS_WITHIN_MS = 150_000;
const NOBODY_WATCHES = 'no sentinel watches: nightdesk install has it look each minute';

/** The dark drill: the proof of life is not renewed until the sentinel, which the machine's own timer starts, has told the owner. */
export function createDarkFault(parts: {
  readonly clock: Clock;
  readonly disk: Pick<Disk, 'readText'>;
  readonly home: string;
  /** Plays dead until then; false when that cannot be written. */
  readonly pretendDark: (untilMs: number) => boolean;
}): Fault {
  const { clock, disk, home } = parts;
  let isDark = false;
  let read: { readonly at: number; readonly trace: SentinelTrace } | undefined;

  function trace(): SentinelTrace {
    const now = clock.monotonic();
    if (read === undefined || now - read.at >= READ_EVERY_MS) read = { at: now, trace: loadSentinelTrace(home, disk) };
    return read.trace;
  }

  function begin(): Finding {
    // A sentinel that has not seen the end of the last outage would tell of no other one.
    if (trace().cause !== undefined) return { kind: 'going', facts: {} };
    const now = clock.now();
    isDark = parts.pretendDark(now + DARK_MS);
    if (!isDark) return { kind: 'failed', reason: 'the proof of life cannot be written: is the disk full?' };
    return { kind: 'going', facts: { faultAt: now } };
  }

  return {
    make() {
      isDark = false;
      read = undefined;
      return {};
    },

    look(drill) {
      if (!isDark) return begin();
      const { lookedAt, toldAt, cause } = trace();
      const faultAt = drill.faultAt ?? 0;
      if (toldAt !== undefined && cause === 'drill' && toldAt >= faultAt)
        return { kind: 'passed', facts: { deliveredAt: toldAt } };
      return (lookedAt ?? 0) < faultAt && clock.now() - faultAt > LOOKS_WITHIN_MS
        ? { kind: 'failed', reason: NOBODY_WATCHES }
        : { kind: 'going', facts: {} };
    },

    describe(drill) {
      const { lookedAt } = trace();
      if (drill.faultAt === null) return 'the sentinel has not yet seen the end of what it told last';
      if (lookedAt === undefined || lookedAt < (drill.faultAt ?? 0)) return NOBODY_WATCHES;
      return 'the sentinel looked, and did not get it told: its own output says why';
    },

    clear() {
      if (isDark) parts.pretendDark(0);
      isDark = false;
    },
  };
}
