import type { Processes, SweepReport, Wrapper } from '../ports.ts';
import type { Containment } from './containment.ts';
import { MARK, markOf, markToSweep } from './mark.ts';

/** What a layer adds to the process group and the mark that every run has. */
export interface LayerParts {
  readonly name: string;
  readonly description: string;
  readonly processes: Pick<Processes, 'sweep'>;
  /** What tells this state folder from all others on the machine. */
  readonly home: string;
  /** What a run is started through; undefined: nothing. */
  readonly wrapper?: (runId: number) => Wrapper;
  readonly cgroups?: {
    ofRun(runId: number): string;
    /** The folders that hold those of all runs. */
    readonly all: readonly string[];
  };
}

/** Builds a layer: each program leads a group of its own (Processes.spawn sees to that) and carries its run's mark. */
export function createLayer({ name, description, processes, home, wrapper, cgroups }: LayerParts): Containment {
  return {
    name,
    describe: () => description,
    wrap: (request, runId) => ({
      ...request,
      env: { ...request.env, [MARK]: markOf(home, runId) },
      ...(wrapper === undefined ? {} : { through: wrapper(runId) }),
    }),
    sweep: ({ id, identity }) =>
      processes.sweep({
        mark: markToSweep(home, id),
        ...(identity === undefined ? {} : { identity }),
        ...(cgroups === undefined ? {} : { cgroup: cgroups.ofRun(id) }),
      }),
    async sweepAll() {
      const reports: SweepReport[] = [];
      for (const cgroup of cgroups?.all ?? []) reports.push(await processes.sweep({ cgroup }));
      reports.push(await processes.sweep({ mark: markToSweep(home, 'all') }));
      const survivors = reports.flatMap((report) => report.survivors);
      const unnamed = reports.reduce((sum, report) => sum + (report.unnamed ?? 0), 0);
      if (survivors.length > 0) return { kind: 'survived', survivors, ...(unnamed > 0 ? { unnamed } : {}) };
      return { kind: reports.some(({ kind }) => kind === 'killed') ? 'killed' : 'gone', survivors };
    },
  };
}
