import type { RuntimeName } from '../config/fleet.ts';
import { count } from '../telegram/cards/words.ts';
import { sizeText } from '../telegram/cards/size.ts';

/** How much above its floor something has to come before it counts as enough again: without it a hold would come and go. */
const ENOUGH = 1.2;
/** Memory that stays free for the system, for us, and for what the agents start: of a machine of usual size, and of a large one. */
const FLOOR_BYTES = 256_000_000;
const FLOOR_SHARE = 0.03;
/** On a small machine the floor is at most this much of it, or it would never run an agent at all. */
const LARGEST_FLOOR_SHARE = 0.25;

/** What one idle agent takes, in bytes (facts: agent-clis 12); for a program that nobody knows, a small script. */
const AGENT_BYTES: Readonly<Record<RuntimeName, number>> = {
  claude: 190_000_000,
  codex: 137_000_000,
  gemini: 305_000_000,
  command: 32_000_000,
};

/** How the reason begins for which a due time waits for memory. */
export const WAITS_FOR_MEMORY = 'memory: ';

/** Decides how much memory has to stay free, in bytes, on a machine with so much of it. */
export function decideMemoryFloor(totalBytes: number): number {
  return Math.min(Math.max(FLOOR_BYTES, totalBytes * FLOOR_SHARE), totalBytes * LARGEST_FLOOR_SHARE);
}

/** Decides whether too little is left: below the floor, or not yet clearly above it again. Undefined is never too little. */
export function isTooLittle(leftBytes: number | undefined, floorBytes: number, wasTooLittle: boolean): boolean {
  return leftBytes !== undefined && leftBytes < enoughBytes(floorBytes, wasTooLittle);
}

/** From how many bytes on there is enough, in bytes. */
export function enoughBytes(floorBytes: number, wasTooLittle: boolean): number {
  return wasTooLittle ? floorBytes * ENOUGH : floorBytes;
}

/** Decides whether one more agent fits into memory: undefined when it does, else why it waits. */
export function decideRoom(facts: {
  /** Undefined where the system does not tell: then everything fits. */
  readonly availableMemoryBytes: number | undefined;
  /** What has to stay free. */
  readonly floorBytes: number;
  /** Runtimes of the runs that started in the last ten seconds: what they will take is not yet seen. */
  readonly startingRuns: readonly RuntimeName[];
  readonly runtime: RuntimeName;
}): string | undefined {
  const { availableMemoryBytes: available, floorBytes, startingRuns, runtime } = facts;
  if (available === undefined) return undefined;
  const starting = startingRuns.reduce((sum, name) => sum + AGENT_BYTES[name], 0);
  if (available - starting - AGENT_BYTES[runtime] >= floorBytes) return undefined;
  const others =
    startingRuns.length === 0 ? '' : `, ${count(startingRuns.length, 'run')} just started ${sizeText(starting)}`;
  return `${WAITS_FOR_MEMORY}${sizeText(available)} left; an agent of runtime ${runtime} takes ${sizeText(AGENT_BYTES[runtime])}${others}, and ${sizeText(floorBytes)} stay free`;
}
