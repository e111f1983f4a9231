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
import { wakeAfterHold } from './holds.ts';
import { isWithin, nextOpening, nextScheduled } from './schedule.ts';

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

/** Due times of an expression that are counted one by one after an outage, some 0.2 ms each; beyond them the count is "at least". */
const MOST_COUNTED_DUES = 5_000;
/** Shortest time between two runs of an agent that runs without pause. */
const CONTINUOUS_GAP_MS = 1_000;
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
  readonly onFatal: (error: unknown) => void;
}): Scheduler {
  const { fleet, storage, clock, custodian, desk } = options;
  const ticked = Promise.withResolvers<void>();
  let lastTickAt: number | undefined;
  let lastTryAt: number | undefined;
  /** What the clock on the wall showed at the last tick. */
  let tickedAt: number | undefined;

  function nextDueAt(agent: Agent, now: number): number | undefined {
    const last = storage.dues.lastScheduled(agent.name);
    switch (agent.schedule.kind) {
      case 'none':
      case 'task':
        return undefined;
      case 'continuous':
        return opening(agent, last === undefined ? now : now + CONTINUOUS_GAP_MS);
      case 'every':
        return opening(
          agent,
          last === undefined ? now : (nextScheduled(agent.schedule, Math.min(last, now), fleet.timezone) ?? now),
        );
      case 'cron': {
        const next = nextScheduled(agent.schedule, last ?? now, fleet.timezone);
        const isAhead = next !== undefined && last !== undefined && last > now && isTooFar(agent, next, now);
        return isAhead ? nextScheduled(agent.schedule, now, fleet.timezone) : next;
      }
    }
  }

  /**
   * Whether a planned time lies further ahead than its schedule's own period: the clock was set back since. The second time of an
   * expression is not too far: the first may have been served before the clock was set back, and happens once.
   */
  function isTooFar(agent: Agent, dueAt: number, now: number): boolean {
    const first = nextScheduled(agent.schedule, now, fleet.timezone);
    if (first === undefined) return false;
    if (agent.schedule.kind !== 'cron') return dueAt > opening(agent, first + CONTINUOUS_GAP_MS);
    const second = nextScheduled(agent.schedule, first, fleet.timezone);
    return second !== undefined && dueAt > second;
  }

  /** After the clock was set back: what lies too far ahead is planned anew, and whoever was to run at once still is. */
  function planAnew(now: number): void {
    for (const { id, agent: name, dueAt, cause } of storage.dues.waiting()) {
      const agent = fleet.agents.get(name);
      if (agent === undefined || dueAt <= now || (cause === 'schedule' && !isTooFar(agent, dueAt, now))) continue;
      storage.dues.drop(id);
      // A task says itself from when on it is offered.
      if (cause !== 'schedule' && cause !== 'task') storage.dues.wait(name, now, cause);
    }
  }

  function opening(agent: Agent, at: number): number {
    return agent.active === undefined || isWithin(agent.active, at, fleet.timezone)
      ? at
      : nextOpening(agent.active, at, fleet.timezone);
  }

  /** An agent that runs without pause gets its place in the row when its run has ended: one kept meanwhile would be the oldest each time. */
  function runsWithoutPause(agent: Agent): boolean {
    return agent.schedule.kind === 'continuous' && storage.runs.aliveOf(agent.name) !== undefined;
  }

  function ensureDues(now: number): void {
    const waiting = new Set(storage.dues.waiting().map((due) => due.agent));
    for (const agent of fleet.agents.values()) {
      if (waiting.has(agent.name) || runsWithoutPause(agent)) continue;
      const dueAt = nextDueAt(agent, now);
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
    const scheduledAt = isFirst ? nextScheduled(agent.schedule, due.dueAt, fleet.timezone) : nextDueAt(agent, now);
    if (scheduledAt === undefined || scheduledAt > now) return false;
    storage.dues.drop(due.id);
    storage.dues.wait(agent.name, scheduledAt, 'schedule');
    return true;
  }

  /** The due times of a schedule that passed in (dueAt, now], while nobody looked: how many, the last one, and the one before that. */
  function passedSince(
    agent: Agent,
    dueAt: number,
    now: number,
  ): { readonly times: number; readonly lastAt: number; readonly beforeAt: number } {
    if (agent.schedule.kind === 'every') {
      const times = Math.floor((now - dueAt) / agent.schedule.everyMs);
      const lastAt = dueAt + times * agent.schedule.everyMs;
      return { times, lastAt, beforeAt: lastAt - agent.schedule.everyMs };
    }
    let times = 0;
    let lastAt = dueAt;
    let beforeAt = dueAt;
    while (agent.schedule.kind === 'cron' && times < MOST_COUNTED_DUES) {
      const next = nextScheduled(agent.schedule, lastAt, fleet.timezone);
      if (next === undefined || next > now) break;
      times += 1;
      [beforeAt, lastAt] = [lastAt, next];
    }
    // Whoever was away for longer than can be counted still runs once, not once for every so many due times.
    return { times, lastAt: times === MOST_COUNTED_DUES ? now : lastAt, beforeAt };
  }

  /**
   * After an outage an agent runs once, not once for each due time that it slept through: those are receipted as missed. One that was
   * looked at and waits its turn keeps its due time, and with it its place in the row.
   */
  function catchUp(agent: Agent, due: DueRow, now: number): DueRow {
    if (due.cause !== 'schedule' || due.reason !== null) return due;
    const passed = passedSince(agent, due.dueAt, now);
    if (passed.times === 0) return due;
    storage.dues.miss(due, passed.beforeAt, passed.times, 'Nightdesk was not looking', now);
    storage.dues.wait(agent.name, passed.lastAt, 'catch-up');
    return storage.dues.waitingOf(agent.name) ?? due;
  }

  /** The due times that passed while this one waited its turn: the run that starts now stands for them, too. */
  function receiptWaited(agent: Agent, due: DueRow, now: number): void {
    if (due.reason === null || (due.cause !== 'schedule' && due.cause !== 'catch-up')) return;
    const passed = passedSince(agent, due.dueAt, now);
    const first = nextScheduled(agent.schedule, due.dueAt, fleet.timezone);
    if (passed.times === 0 || first === undefined) return;
    storage.dues.wait(agent.name, first, 'schedule');
    const waiting = storage.dues.waitingOf(agent.name);
    if (waiting !== undefined) storage.dues.miss(waiting, passed.lastAt, passed.times, due.reason, now);
  }

  function holdsOf(agent: string, holds: readonly HoldRow[]): readonly HoldRow[] {
    return holds.filter((hold) => hold.agent === '' || hold.agent === agent);
  }

  function serve(due: DueRow, now: number): void {
    const agent = fleet.agents.get(due.agent);
    if (agent === undefined || (agent.schedule.kind === 'none' && due.cause === 'schedule'))
      return storage.dues.drop(due.id);
    if (isVoid(agent, due, now)) return storage.dues.drop(due.id);
    const current = catchUp(agent, due, now);
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
        return receiptWaited(agent, current, now);
      }
    }
  }

  function servePublication(publication: PublicationRow, now: number): void {
    const publisher = fleet.agents.get(publication.publisher);
    if (publisher === undefined)
      return desk.explainWait(publication, `fleet.yaml has no agent ${publication.publisher} any more`);
    if (storage.runs.aliveOf(publisher.name) !== undefined || storage.runs.alive().length >= fleet.concurrency) return;
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
      if (tickedAt === undefined || now < tickedAt - SET_BACK_MS) planAnew(now);
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
