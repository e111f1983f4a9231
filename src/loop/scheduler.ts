import type { DueRow } from '../../storage/due-store.ts';
import type { HoldRow } from '../../storage/hold-store.ts';
import type { PublicationRow } from '../../storage/publication-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { Custodian, Readiness } from '../credentials/custodian.ts';
import type { Clock, Log } from '../ports.ts';
import { continuedBy } from '../runs/context-stops.ts';
import { wakeForTask } from '../work/task-wake.ts';
import { createWorker, type Worker } from '../worker.ts';
import type { Reservations } from '../budget/reservations.ts';
import { decideAdmission, decideWithoutMoney } from './admission.ts';
import { createDueTimes } from './due-times.ts';
import { wakeAfterHold } from './holds.ts';
import { createMissedDues } from './missed-dues.ts';
import { isWithin, nextScheduled } from './schedule.ts';

/** What the scheduler asks of the desk. */
export interface PublicationDesk {
  /** Marks an attempt as running in the transaction that makes its run; false when it must not start any more. */
  begin(publication: PublicationRow): boolean;
  /** Says on the card why an approved draft waits; undefined: it does not wait any more. */
  explainWait(publication: PublicationRow, reason: string): void;
  /** Ends what nobody decided in time; gives when the next window ends. */
  expireDue(now: number): number | undefined;
}

/** What the scheduler asks of the questions. */
export interface QuestionDeadlines {
  /** Ends what nobody answered in time; gives when the next deadline is. */
  expireDue(now: number): number | undefined;
}

/** What the scheduler asks of the tasks. */
export interface TaskOffers {
  /** Gives a run of a CLI the oldest task of its agent, in the transaction that makes the run. */
  assign(runId: number): void;
  /** Offers again what runs have that give no sign; gives when the next lease ends. */
  expireLeases(now: number): number | undefined;
}

/** The loop's pulse for those who watch it. */
export interface Scheduler extends Worker {
  /** When a tick last ended well, by the monotonic clock. */
  lastTickAt(): number | undefined;
  /** When it last tried to, also where the database took nothing. */
  lastTryAt(): number | undefined;
  /** Resolves with the first tick: everything that was due has been picked up. */
  readonly ticked: Promise<void>;
}

/** A clock that goes back by less than that is set right, which happens all the time. */
const SET_BACK_MS = 1_000;
/** Nothing that the scheduler waits for is noticed later than this. */
const EVERY_MS = 2_000;

/**
 * The agent loop.
 *
 * Each tick: 1. releases holds that end by themselves, and plans anew what lies too far ahead after the clock was set back; 2. ends drafts,
 * questions and leases of tasks whose time is over; 3. gives every agent with a schedule or a task its next due time; 4. starts the
 * publications that are wanted, one at a time for each publisher: what the owner approved goes before what only the clock wants;
 * 5. decides about each due time that has come, longest waiting first, and leaves a receipt. Starting is a run's row: the runner does the rest.
 */
export function createScheduler(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly custodian: Custodian;
  readonly desk: PublicationDesk;
  readonly questions: QuestionDeadlines;
  readonly reservations: Reservations;
  readonly tasks: TaskOffers;
  /** What one more run of this agent has to wait for, in words, as far as the machine and its programs go; undefined: nothing. */
  readonly roomFor: (agent: Agent) => string | undefined;
  /** Why nothing at all may start, not even what the owner approved; undefined: it may. */
  readonly holdsAll?: () => string | undefined;
  readonly onFatal: (error: unknown) => void;
}): Scheduler {
  const { fleet, storage, clock, custodian, desk } = options;
  const times = createDueTimes({ fleet, storage });
  const missed = createMissedDues({ fleet, storage, times });
  const ticked = Promise.withResolvers<void>();
  let lastTickAt: number | undefined;
  let lastTryAt: number | undefined;
  /** What the clock on the wall showed at the last tick. */
  let tickedAt: number | undefined;

  /** An agent that runs without pause gets its place in the row when its run has ended: one kept meanwhile would be the oldest each time. */
  function runsWithoutPause(agent: Agent): boolean {
    return agent.schedule.kind === 'continuous' && storage.runs.aliveOf(agent.name) !== undefined;
  }

  function ensureDues(now: number): void {
    const waiting = new Set(storage.dues.waiting().map((due) => due.agent));
    for (const agent of fleet.agents.values()) {
      if (waiting.has(agent.name) || runsWithoutPause(agent)) continue;
      const dueAt = times.next(agent, now);
      if (dueAt !== undefined) storage.dues.wait(agent.name, dueAt, 'schedule');
    }
    // A wake is only a hint: whoever has a task is due, whatever became of it.
    for (const offer of storage.tasks.offers()) {
      const agent = fleet.agents.get(offer.agent);
      if (agent !== undefined && storage.runs.aliveOf(agent.name) === undefined)
        wakeForTask({ storage, fleet }, agent, offer.at, now);
    }
  }

  /** Whether a due time has lost its task, or its draft that is to be written anew: it was done or taken meanwhile, is offered later, or waits for its agent's hours. */
  function isVoid(agent: Agent, due: DueRow, now: number): boolean {
    if (due.cause !== 'task') return false;
    const isInside = agent.active === undefined || isWithin(agent.active, now, fleet.timezone);
    if (!isInside) return true;
    const isTask = storage.tasks.oldestOffered(agent.name, now) !== undefined;
    return !isTask && storage.drafts.versionsWantedOf(agent.name, 1).length === 0;
  }

  /** What waits with a task stands in the way of its agent's own due times, which have to have their receipts. */
  function giveWay(agent: Agent, due: DueRow, now: number): boolean {
    if (due.cause !== 'task' || agent.schedule.kind === 'continuous') return false;
    // One that never was due by its schedule counts from the task.
    const isFirst = storage.dues.lastScheduled(agent.name) === undefined;
    const scheduledAt = isFirst ? nextScheduled(agent.schedule, due.dueAt, fleet.timezone) : times.next(agent, now);
    if (scheduledAt === undefined || scheduledAt > now) return false;
    storage.dues.drop(due.id);
    storage.dues.wait(agent.name, scheduledAt, 'schedule');
    return true;
  }

  function holdsOf(agent: string, holds: readonly HoldRow[]): readonly HoldRow[] {
    return holds.filter((hold) => hold.agent === '' || hold.agent === agent);
  }

  function serve(due: DueRow, now: number): void {
    const agent = fleet.agents.get(due.agent);
    if (agent === undefined || (agent.schedule.kind === 'none' && due.cause === 'schedule'))
      return storage.dues.drop(due.id);
    if (isVoid(agent, due, now)) return storage.dues.drop(due.id);
    const current = missed.catchUp(agent, due, now);
    const holds = holdsOf(agent.name, storage.holds.active());
    const blocked = holds.length > 0 && current.cause !== 'trial';
    const readiness: Readiness = blocked || current.cause === 'trial' ? { kind: 'ready' } : custodian.readiness(agent);
    const isContinuous = agent.schedule.kind === 'continuous';
    const allowed = decideAdmission({
      cause: current.cause,
      running: storage.runs.aliveOf(agent.name) !== undefined,
      insideActiveHours: agent.active === undefined || isWithin(agent.active, now, fleet.timezone),
      isContinuous,
      holds,
      readiness,
      lacks: options.roomFor(agent),
      runsAlive: storage.runs.alive().length,
      concurrency: fleet.concurrency,
    });
    // What it may cost is set aside with its row; who cannot start anyway sets nothing aside.
    const money = allowed.kind === 'start' ? options.reservations.reserve(agent) : undefined;
    const admission =
      money?.kind === 'short' ? decideWithoutMoney({ cause: current.cause, isContinuous }, money) : allowed;
    switch (admission.kind) {
      case 'wait':
        if (giveWay(agent, current, now)) return;
        return storage.dues.explain(current.id, admission.reason);
      case 'skip':
        return storage.dues.skip(current, admission.reason, now);
      case 'start': {
        const generations = JSON.stringify(custodian.generations(agent));
        const runId = storage.runs.add({
          agent: agent.name,
          cause: current.cause,
          publicationId: null,
          wantedAt: now,
          generations,
          continues: continuedBy(storage.runs.lastOf(agent.name)),
          reservedMicroUsd: money?.kind === 'given' ? money.reservedMicroUsd : null,
          isCovered: options.reservations.coverOf(agent),
        });
        if (agent.runtime !== 'command') options.tasks.assign(runId);
        storage.dues.ran(current.id, runId, now);
        return missed.receiptWaited(agent, current, now);
      }
    }
  }

  function servePublication(publication: PublicationRow, now: number): void {
    const publisher = fleet.agents.get(publication.publisher);
    if (publisher === undefined)
      return desk.explainWait(publication, `fleet.yaml has no agent ${publication.publisher} any more`);
    if (storage.runs.aliveOf(publisher.name) !== undefined || storage.runs.alive().length >= fleet.concurrency) return;
    const all = options.holdsAll?.();
    if (all !== undefined) return desk.explainWait(publication, `waits: ${all}`);
    const hold = holdsOf(publisher.name, storage.holds.active())[0];
    const isTrial = hold?.kind === 'credential' && custodian.mayTry(publisher);
    if (hold !== undefined && !isTrial) return desk.explainWait(publication, `waits: ${hold.reason}`);
    const readiness: Readiness = isTrial ? { kind: 'ready' } : custodian.readiness(publisher);
    if (readiness.kind === 'checking') return;
    if (readiness.kind === 'dead') return desk.explainWait(publication, `waits: ${readiness.credential} is dead`);
    if (!desk.begin(publication)) return;
    if (isTrial) custodian.tried(publisher);
    storage.runs.add({
      agent: publisher.name,
      cause: `publication of draft ${publication.draftId}`,
      publicationId: publication.id,
      wantedAt: now,
      generations: JSON.stringify(custodian.generations(publisher)),
      isCovered: options.reservations.coverOf(publisher),
    });
  }

  function tick(): number | undefined {
    const now = clock.now();
    lastTryAt = clock.monotonic();
    const nextDeadlines = storage.transaction(() => {
      for (const hold of storage.holds.expire(now))
        wakeAfterHold(storage, hold.agent === '' ? fleet.agents.keys() : [hold.agent], hold.since, now);
      // At a start nobody knows what the clock did meanwhile.
      if (tickedAt === undefined || now < tickedAt - SET_BACK_MS) missed.planAnew(now);
      const deadlines = [desk.expireDue(now), options.questions.expireDue(now), options.tasks.expireLeases(now)];
      ensureDues(now);
      for (const publication of storage.publications.due(now)) servePublication(publication, now);
      for (const due of storage.dues.waiting()) if (due.dueAt <= now) serve(due, now);
      ensureDues(now);
      return deadlines;
    });
    lastTickAt = clock.monotonic();
    tickedAt = now;
    ticked.resolve();
    const future = [
      ...nextDeadlines,
      storage.publications.nextAt(),
      ...storage.dues.waiting().map((due) => due.dueAt),
      ...storage.holds.active().map((hold) => hold.until ?? undefined),
    ].filter((at): at is number => at !== undefined && at > now);
    return future.length === 0 ? undefined : Math.min(...future) - now;
  }

  const worker = createWorker({
    name: 'scheduler',
    clock,
    log: options.log,
    everyMs: EVERY_MS,
    stepsAside: true,
    look: tick,
    onFatal: options.onFatal,
  });
  storage.onChange('loop', worker.nudge);
  return { ...worker, lastTickAt: () => lastTickAt, lastTryAt: () => lastTryAt, ticked: ticked.promise };
}
