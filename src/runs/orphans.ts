import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { ContainedRun } from '../containment/containment.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock, ProcessIdentity, SweepReport, Survivor } from '../ports.ts';
import { duration } from '../telegram/cards/words.ts';

/** Keeps an agent from running beside what its last run left alive. */
export interface Orphans {
  /** Tells of those that survived the sweep of a run, and holds its agent; nothing happens when nobody did. */
  swept(run: RunRow, report: SweepReport): void;
  /**
   * Tells of those that survived the sweep at a start, unless they are `known` as survivors of a run: that has its own incident. Remembered
   * until the next start, which sweeps anew.
   */
  sweptAll(report: SweepReport, known: readonly Survivor[]): void;
  /** The runs whose survivors hold their agent: they are to be swept again. */
  open(): readonly ContainedRun[];
  /** A later sweep of such a run: the agent may run again once nobody is left. */
  sweptAgain(runId: number, report: SweepReport): void;
  /** Those that the start found and could not end: they are to be swept again, by nothing but their identity. */
  stranded(): readonly ProcessIdentity[];
  /** A later sweep of such a process: what is told is over once nobody is left. */
  strandedSwept(process: ProcessIdentity, report: SweepReport): void;
}

/** Fingerprint of the incident about what a start found and could not end. */
const AT_START = 'orphan:at-start';
/** As many survivors as an alert names. */
const NAMED = 5;

/** What is left of a run, as containment has to know it; undefined identity: it was never written down. */
export function identityOf(run: RunRow): ProcessIdentity | undefined {
  return run.pid === null ? undefined : { pid: run.pid, startTicks: run.startTicks ?? '', bootId: run.bootId ?? '' };
}

/** Builds the register of orphans. Every call is one transaction. */
export function createOrphans(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly incidents: IncidentRegister;
}): Orphans {
  const { storage, clock, incidents } = options;
  let stranded: readonly Survivor[] = [];
  /** Whether there is nobody besides whom nothing identifies: then only a start can tell that they are gone. */
  let isEachKnown = true;

  return {
    swept: (run, report) =>
      storage.transaction(() => {
        if (report.kind !== 'survived') return;
        storage.holds.place({
          agent: run.agent,
          kind: 'orphan',
          subject: String(run.id),
          reason: `processes of its run ${run.id} could not be ended`,
          since: clock.now(),
          until: null,
        });
        incidents.report({
          kind: 'orphan',
          fingerprint: fingerprint(run.id),
          subject: run.agent,
          severity: 'critical',
          title: `${run.agent}: what run ${run.id} started cannot be ended`,
          evidence: describe(report),
          agents: [run.agent],
          note: `${run.agent} is held, so that two do not work in one folder. I try again each minute; on the host: kill -9 PID.`,
        });
      }),
    sweptAll: (report, known) =>
      storage.transaction(() => {
        const survivors = report.survivors.filter(({ pid }) => !known.some((other) => other.pid === pid));
        stranded = survivors.filter(isIdentified);
        isEachKnown = survivors.length > 0 && stranded.length === survivors.length && report.unnamed === undefined;
        // Who survived and cannot be named is told all the same.
        const isExplained = survivors.length === 0 && (report.kind !== 'survived' || report.survivors.length > 0);
        if (isExplained) return incidents.close(AT_START);
        incidents.report({
          kind: 'orphan',
          fingerprint: AT_START,
          subject: 'fleet',
          severity: 'critical',
          title: 'Processes of earlier runs cannot be ended',
          evidence: describe({ ...report, survivors }),
          agents: [],
          note: `Nothing is held for them. ${isEachKnown ? 'I try again each minute; on' : 'On'} the host: kill -9 PID.`,
        });
      }),
    open: () =>
      storage.holds
        .active()
        .filter(({ kind }) => kind === 'orphan')
        .map(({ subject }) => storage.runs.get(Number(subject)))
        .filter((run) => run !== undefined)
        .map((run) => ({ id: run.id, identity: identityOf(run) })),
    sweptAgain: (runId, report) =>
      storage.transaction(() => {
        const run = storage.runs.get(runId);
        if (run === undefined || report.kind === 'survived') return;
        if (storage.holds.release(run.agent, 'orphan', String(runId), clock.now()))
          incidents.resolve(fingerprint(runId), 'Nobody is left; the agent may run again.');
      }),
    stranded: () => stranded,
    strandedSwept(process, report) {
      if (report.kind === 'survived') return;
      const left = stranded.filter(({ pid }) => pid !== process.pid);
      if (left.length === 0 && isEachKnown) incidents.resolve(AT_START, 'Nobody is left.');
      stranded = left;
    },
  };
}

function isIdentified({ startTicks, bootId }: Survivor): boolean {
  return startTicks !== '' && bootId !== '';
}

function describe({ survivors, unnamed = 0 }: SweepReport): string {
  const named = survivors
    .slice(0, NAMED)
    .map(({ pid, command, ageMs }) => `${pid} (${duration(ageMs)} old): ${command}`);
  const more = survivors.length - named.length + unnamed;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('\n') || 'the system does not tell which';
}

function fingerprint(runId: number): string {
  return `orphan:${runId}`;
}
