import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { Clock, Machine } from '../ports.ts';
import { decideMemoryFloor, decideRoom } from '../vigil/room-left.ts';

/** How long a new run counts as one that takes memory which is not yet seen. */
const STARTING_MS = 10_000;

/** Builds what says in words what one more run of an agent has to wait for: its CLI to be known, or memory; undefined: nothing. */
export function createRoomFor(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly machine: Pick<Machine, 'availableMemoryBytes'>;
  readonly versions: { waitFor(agent: Agent): string | undefined };
  /** Whether a credential's secret is still to be asked for. */
  readonly isAwaited?: (credential: string) => boolean;
  readonly totalMemoryBytes: number;
}): (agent: Agent) => string | undefined {
  const { fleet, storage, clock, machine, versions } = options;
  const floorBytes = decideMemoryFloor(options.totalMemoryBytes);
  return (agent) => {
    const waits = versions.waitFor(agent);
    if (waits !== undefined) return waits;
    const awaited = agent.credentials.find((name) => options.isAwaited?.(name));
    if (awaited !== undefined) return `the secret of ${awaited} is being read`;
    const now = clock.now();
    const startingRuns = storage.runs
      .alive()
      .filter((run) => now - (run.startedAt ?? now) < STARTING_MS)
      .map((run) => fleet.agents.get(run.agent)?.runtime ?? 'command');
    const availableMemoryBytes = machine.availableMemoryBytes();
    return decideRoom({ availableMemoryBytes, floorBytes, startingRuns, runtime: agent.runtime });
  };
}
