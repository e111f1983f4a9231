import type { Containment } from '../containment/containment.ts';
import type { PatientWriter } from '../patient-writer.ts';
import type { Clock, Processes } from '../ports.ts';
import type { Orphans } from './orphans.ts';

/** How often what could not be ended is tried again. */
const EVERY_MS = 60_000;

/** Builds what sweeps again, at most once a minute, whatever survived the sweeps before; undefined: nothing to do now. */
export function createSweepAgain(options: {
  readonly clock: Clock;
  readonly processes: Processes;
  readonly containment: Containment;
  readonly orphans: Orphans;
  readonly writer: PatientWriter;
}): () => Promise<void> | undefined {
  const { clock, processes, containment, orphans, writer } = options;
  /** By the monotonic clock. */
  let sweptAt = Number.NEGATIVE_INFINITY;

  return () => {
    const open = orphans.open();
    const stranded = orphans.stranded();
    if (open.length + stranded.length === 0 || clock.monotonic() - sweptAt < EVERY_MS) return undefined;
    sweptAt = clock.monotonic();
    return (async () => {
      for (const run of open) {
        const report = await containment.sweep(run);
        await writer.write(() => orphans.sweptAgain(run.id, report));
      }
      for (const process of stranded) {
        const { pid, startTicks, bootId } = process;
        const report = await processes.sweep({ identity: { pid, startTicks, bootId } });
        await writer.write(() => orphans.strandedSwept(process, report));
      }
    })();
  };
}
