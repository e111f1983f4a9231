import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../../src/config/fleet.ts';
import type { Disk, Machine, Processes, TelegramApi } from '../../src/ports.ts';
import type { Stage } from './faults.ts';
import type { CopyMade } from './fake-copier.ts';
import { MINUTE_MS } from './fleets.ts';
import type { WorldRecord } from './record.ts';
import type { SeededRandom } from './seeded-random.ts';

/** What a world is made from; all but the seed may be left to it. */
export interface WorldOptions {
  readonly seed: number;
  readonly fleet?: Fleet;
  /** When the story begins (epoch ms). */
  readonly startAt?: number;
  /** How long the faults go on before the quiet hour. */
  readonly stormMs?: number;
  /** No noise, no moods: every fault comes from the plot. */
  readonly isCalm?: boolean;
  /** Without it the world thinks of its own faults. */
  readonly plot?: (world: Stage) => void;
  /** Ports that break their contracts, to show that the promises notice. */
  readonly sabotage?: Sabotage;
  readonly onTrace?: (line: string) => void;
}

/** What breaks a contract: each gets the sound port, and gives the one that the control plane has. */
export interface Sabotage {
  readonly api?: (api: TelegramApi) => TelegramApi;
  readonly processes?: (processes: Processes) => Processes;
  readonly storage?: (storage: Storage) => Storage;
  readonly machine?: (machine: Machine) => Machine;
  readonly disk?: (disk: Disk) => Disk;
  readonly fleet?: (fleet: Fleet) => Fleet;
  /** A copy of the database, as it is said to be made. */
  readonly copy?: (copy: CopyMade) => CopyMade;
}

/** What came of a world. */
export interface Story {
  readonly broken: { readonly name: string; readonly how: string; readonly at: string } | undefined;
  readonly record: WorldRecord;
}

/** Any evening of a year; each fifth one in a night that summer time makes an hour shorter or longer. */
export function pickStart(random: SeededRandom): number {
  const day = random.chance(0.2)
    ? random.pick([Date.UTC(2026, 2, 28), Date.UTC(2026, 9, 24)])
    : Date.UTC(2026, 0, 1 + random.between(0, 364));
  return day + random.between(0, 24 * 60) * MINUTE_MS + random.between(0, 59_999);
}

/** `03:12:45`, counted from the beginning of the story. */
export function wallTime(sinceStartMs: number): string {
  return new Date(sinceStartMs).toISOString().slice(11, 19);
}
