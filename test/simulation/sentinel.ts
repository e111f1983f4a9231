import { decideLife, type LookMemory } from '../../src/sentinel/life.ts';
import { parsePulse, type PulseFile, pulsePath } from '../../src/sentinel/pulse-file.ts';
import { MINUTE_MS, SECOND_MS } from './fleets.ts';
import type { Files } from './files.ts';
import type { WorldRecord } from './record.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** The machine's timer starts a look each minute; a busy machine starts it late. */
const LONGEST_DELAY_MS = 90 * SECOND_MS;

/** Lets a sentinel look each minute, as late as a busy machine's timers are, at the proof of life. */
export function startSentinel(options: {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly record: WorldRecord;
  readonly home: string;
  readonly darkAfterMs: number;
  readonly readText: Files['readText'];
  /** Whether the process is there that wrote this. */
  readonly isThere: (pulse: PulseFile) => boolean;
}): void {
  const { clock, random, record } = options;
  let memory: LookMemory | undefined;

  function look(): void {
    const found = options.readText(pulsePath(options.home), 16_384);
    const file = found === undefined ? undefined : parsePulse(found.text);
    const { life, memory: next } = decideLife(
      {
        now: clock.machine.now(),
        monotonicMs: clock.machine.monotonic(),
        bootId: 'boot',
        darkAfterMs: options.darkAfterMs,
        pulse: found === undefined ? undefined : { file, modifiedAt: found.modifiedAt },
        process: file !== undefined && options.isThere(file) ? 'there' : 'gone',
        hasFailed: false,
      },
      memory,
    );
    memory = next;
    const { goodSince, downSince } = record;
    record.lastLook = {
      at: clock.now(),
      life: life.kind,
      goodForMs: goodSince === undefined ? 0 : clock.now() - goodSince,
      downForMs: downSince === undefined ? 0 : clock.now() - downSince,
    };
  }

  function wait(): void {
    const delayMs = random.chance(0.3) ? random.between(0, LONGEST_DELAY_MS) : 0;
    clock.machine.after(MINUTE_MS + delayMs, () => {
      look();
      wait();
    });
  }

  wait();
}
