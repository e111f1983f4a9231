import type { DueRow } from '../../storage/due-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { DueTimes } from './due-times.ts';
import { nextScheduled } from './schedule.ts';

/** What becomes of due times that nobody could serve when they came. Each call belongs into the tick's transaction. */
export interface MissedDues {
  /** After the clock was set back: what lies too far ahead is planned anew, and whoever was to run at once still is. */
  planAnew(now: number): void;
  /**
   * After an outage an agent runs once, not once for each due time that it slept through: those are receipted as missed. One that was
   * looked at and waits its turn keeps its due time, and with it its place in the row.
   */
  catchUp(agent: Agent, due: DueRow, now: number): DueRow;
  /** The due times that passed while this one waited its turn: the run that starts now stands for them, too. */
  receiptWaited(agent: Agent, due: DueRow, now: number): void;
}

/** Builds what looks after missed due times. */
export function createMissedDues(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly times: DueTimes;
}): MissedDues {
  const { fleet, storage, times } = options;

  function planAnew(now: number): void {
    for (const { id, agent: name, dueAt, cause } of storage.dues.waiting()) {
      const agent = fleet.agents.get(name);
      if (agent === undefined || dueAt <= now || (cause === 'schedule' && !times.isTooFar(agent, dueAt, now))) continue;
      storage.dues.drop(id);
      // A task says itself from when on it is offered.
      if (cause !== 'schedule' && cause !== 'task') storage.dues.wait(name, now, cause);
    }
  }

  function catchUp(agent: Agent, due: DueRow, now: number): DueRow {
    if (due.cause !== 'schedule' || due.reason !== null) return due;
    const passed = times.passed(agent, due.dueAt, now);
    if (passed.times === 0) return due;
    storage.dues.miss(due, passed.beforeAt, passed.times, 'Nightdesk was not looking', now);
    storage.dues.wait(agent.name, passed.lastAt, 'catch-up');
    return storage.dues.waitingOf(agent.name) ?? due;
  }

  function receiptWaited(agent: Agent, due: DueRow, now: number): void {
    if (due.reason === null || (due.cause !== 'schedule' && due.cause !== 'catch-up')) return;
    const passed = times.passed(agent, due.dueAt, now);
    const first = nextScheduled(agent.schedule, due.dueAt, fleet.timezone);
    if (passed.times === 0 || first === undefined) return;
    storage.dues.wait(agent.name, first, 'schedule');
    const waiting = storage.dues.waitingOf(agent.name);
    if (waiting !== undefined) storage.dues.miss(waiting, passed.lastAt, passed.times, due.reason, now);
  }

  return { planAnew, catchUp, receiptWaited };
}
