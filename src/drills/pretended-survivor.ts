import type { Containment } from '../containment/containment.ts';

/** A containment whose next sweep of one run finds somebody who is not there. */
export interface PretendingContainment extends Containment {
  /** The next sweep of this run says that a process survived it; the one after that tells the truth again. */
  pretendSurvivorOf(runId: number): void;
  pretendNone(): void;
}

/** Wraps a containment for the orphan drill: what is really there is swept as ever. */
export function pretendSurvivors(containment: Containment): PretendingContainment {
  let pretended: number | undefined;
  return {
    name: containment.name,
    describe: () => containment.describe(),
    wrap: (request, runId) => containment.wrap(request, runId),
    sweepAll: () => containment.sweepAll(),
    async sweep(run) {
      const report = await containment.sweep(run);
      if (pretended !== run.id) return report;
      pretended = undefined;
      const drilled = { pid: 0, startTicks: '', bootId: '', command: 'nobody: this is a drill', ageMs: 0 };
      return { ...report, kind: 'survived', survivors: [...report.survivors, drilled] };
    },
    pretendSurvivorOf: (runId) => void (pretended = runId),
    pretendNone: () => void (pretended = undefined),
  };
}
