import type { DueRow } from '../../storage/due-store.ts';
import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import { nextScheduled } from '../loop/schedule.ts';
import type { Clock, Log } from '../ports.ts';
import { duration } from '../telegram/cards/words.ts';
import { createWorker, type Worker } from '../worker.ts';
import type { ClockWatch } from './clock-watch.ts';

/** What is looked for has been wrong for minutes. */
const EVERY_MS = 15_000;
/** The scheduler serves a due time within seconds, and a start takes less than one: minutes are no delay any more. */
const LONGEST_MS = 5 * 60_000;

/** What is known of one agent's receipts. */
export interface ReceiptFacts {
  readonly now: number;
  /** From when on the scheduler could do its work: its start, or a jump of the clock. */
  readonly since: number;
  readonly waiting: DueRow | undefined;
  readonly alive: RunRow | undefined;
  /** Since when neither a due time nor a run was seen of an agent with a schedule; undefined: there is one. */
  readonly lonelySince: number | undefined;
}

/** What is wrong with an agent's receipts, in words; undefined: nothing. A due time that waits for a reason is explained by it. */
export function decideReceipt({ now, since, waiting, alive, lonelySince }: ReceiptFacts): string | undefined {
  const isOverdue = (from: number): boolean => now - Math.max(from, since) >= LONGEST_MS;
  if (alive?.state === 'starting' && isOverdue(alive.wantedAt))
    return `run ${alive.id} has been starting for ${duration(now - alive.wantedAt)}`;
  if (waiting !== undefined && waiting.reason === null && isOverdue(waiting.dueAt))
    return `it has been due for ${duration(now - waiting.dueAt)}, and nothing came of it`;
  if (lonelySince !== undefined && isOverdue(lonelySince)) return 'it has a schedule, and no next due time';
  return undefined;
}

/**
 * Watches the scheduler from outside of it: a due time without a receipt is an incident.
 *
 * Each look: 1. compares the clocks, so that nobody is overdue because the machine slept; 2. looks at each agent's due time and run;
 * 3. tells of what is wrong, and of what is well again.
 */
export function createReceiptWatch(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly incidents: IncidentRegister;
  readonly clockWatch: Pick<ClockWatch, 'compare'>;
  readonly onFatal: (error: unknown) => void;
}): Worker {
  const { fleet, storage, clock, incidents } = options;
  const lonely = new Map<string, number>();
  let startedAt: number | undefined;

  function hasNext(agent: Agent, now: number): boolean {
    return nextScheduled(agent.schedule, now, fleet.timezone) !== undefined;
  }

  /** Since when nothing is known of what comes next. */
  function lonelySince(agent: Agent, isAlone: boolean, now: number): number | undefined {
    if (!isAlone || !hasNext(agent, now)) lonely.delete(agent.name);
    else if (!lonely.has(agent.name)) lonely.set(agent.name, now);
    return lonely.get(agent.name);
  }

  function judge(agent: Agent, since: number, now: number): void {
    const waiting = storage.dues.waitingOf(agent.name);
    const alive = storage.runs.aliveOf(agent.name);
    const isAlone = waiting === undefined && alive === undefined;
    const problem = decideReceipt({ now, since, waiting, alive, lonelySince: lonelySince(agent, isAlone, now) });
    const fingerprint = `schedule:${agent.name}`;
    const isOpen = storage.incidents.unresolved(fingerprint) !== undefined;
    if (problem === undefined && isOpen) incidents.resolve(fingerprint, 'Its due times have their receipts again.');
    if (problem === undefined || isOpen) return;
    incidents.report({
      kind: 'schedule',
      fingerprint,
      subject: agent.name,
      severity: 'critical',
      title: `${agent.name} does not run as it should`,
      evidence: problem,
      agents: [agent.name],
      note: 'Whatever is due ends as ran, skipped or missed, and this did not: the scheduler or the runner does not do its work. /restart nightdesk begins both anew.',
    });
  }

  return createWorker({
    name: 'receipt watch',
    clock,
    log: options.log,
    everyMs: EVERY_MS,
    onFatal: options.onFatal,
    look() {
      const jump = options.clockWatch.compare();
      const now = clock.now();
      startedAt = Math.min(startedAt ?? now, now);
      const since = Math.max(startedAt, jump?.at ?? 0);
      storage.transaction(() => {
        for (const agent of fleet.agents.values()) judge(agent, since, now);
      });
      return undefined;
    },
  });
}
