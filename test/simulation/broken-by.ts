import type { Fleet } from '../../src/config/fleet.ts';
import type { Processes } from '../../src/ports.ts';
import type { Storage } from '../../storage/storage.ts';
import { type Stage, thinkOfFaults } from './faults.ts';
import { MINUTE_MS } from './fleets.ts';
import type { Sabotage } from './story.ts';
import { liveThrough } from './world.ts';

/** More storms than it takes: which one brings the moment that a sabotage waits for is chance. */
const MOST_STORMS = 16;
/** As many sound ones as say that it is the sabotage that breaks a promise. */
const SOUND_STORMS = 3;

/**
 * A promise that nothing can break says nothing: lives through storms in which a room or a port breaks its own, until the world notices.
 * Gives the promise that broke in the last of them.
 */
export async function brokenBy(
  sabotage: Sabotage,
  promise: string,
  world: { readonly fleet?: Fleet; readonly startAt?: number; readonly plot?: (world: Stage) => void },
): Promise<string | undefined> {
  const names: (string | undefined)[] = [];
  while (names.length < MOST_STORMS && names.at(-1) !== promise) {
    const seed = names.length + 1;
    names.push(
      (await liveThrough({ seed, stormMs: 90 * MINUTE_MS, plot: thinkOfFaults, ...world, sabotage })).broken?.name,
    );
  }
  return names.at(-1);
}

/** The promise that breaks first in a fleet without any sabotage; undefined: none, as it should be. */
export async function brokenAnyway(
  fleet: Fleet,
  world: { readonly startAt?: number; readonly plot?: (world: Stage) => void } = {},
): Promise<string | undefined> {
  for (let seed = 1; seed <= SOUND_STORMS; seed += 1) {
    const { broken } = await liveThrough({ seed, fleet, stormMs: 90 * MINUTE_MS, ...world });
    if (broken !== undefined) return broken.name;
  }
  return undefined;
}

/** A sabotage of rows. */
export function inStorage(change: (storage: Storage) => Partial<Storage>): Sabotage {
  return { storage: (storage) => ({ ...storage, ...change(storage) }) };
}

/** A sabotage of programs. */
export function inProcesses(change: (processes: Processes) => Partial<Processes>): Sabotage {
  return { processes: (processes) => ({ ...processes, ...change(processes) }) };
}
