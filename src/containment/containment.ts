import type { ProcessIdentity, SpawnRequest, SweepReport } from '../ports.ts';

/**
 * What keeps a run's processes together, so that none outlives its run.
 *
 * Contract:
 * - `wrap` gives the request that starts the same program under this layer; stdin, output and exit code are the program's own.
 * - `sweep` ends what a run left behind, after its program has ended as well as after a crash of Nightdesk, and verifies it;
 *   it touches nothing that cannot be proven to belong to the run.
 * - `sweepAll` ends whatever any run of this home left behind, also those that no row knows: called before the first agent runs.
 * - `describe` names what this layer cannot hold: `check`, `doctor` and /status show it.
 */
export interface Containment {
  readonly name: string;
  describe(): string;
  wrap(request: SpawnRequest, runId: number): SpawnRequest;
  sweep(run: ContainedRun): Promise<SweepReport>;
  sweepAll(): Promise<SweepReport>;
}

/** A run as containment knows it; one that crashed between its spawn and its row has no identity. */
export interface ContainedRun {
  readonly id: number;
  readonly identity: ProcessIdentity | undefined;
}
