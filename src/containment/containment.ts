import type { ProcessIdentity, SpawnRequest } from '../ports.ts';

/** What became of those that a run left behind. */
export type Sweep = 'gone' | 'killed' | 'survived';

/**
 * What keeps a run's processes together, so that none outlives its run.
 *
 * Contract:
 * - `wrap` gives the request that starts the same program under this layer; stdin, output and exit code are the program's own.
 * - `sweep` ends what a run left behind, after its program has ended as well as after a crash of Nightdesk, and verifies it;
 *   it touches nothing that cannot be proven to belong to the run.
 * - `describe` names what this layer cannot hold: `check`, `doctor` and /status show it.
 */
export interface Containment {
  readonly name: string;
  describe(): string;
  wrap(request: SpawnRequest): SpawnRequest;
  sweep(run: ContainedRun): Promise<Sweep>;
}

/** A run as containment knows it. */
export interface ContainedRun {
  readonly id: number;
  readonly identity: ProcessIdentity;
}
