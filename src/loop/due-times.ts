import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import { isWithin, nextOpening, nextScheduled } from './schedule.ts';

/** When agents are due by their schedules. All times are epoch ms. */
export interface DueTimes {
  /** The next due time of an agent, counted from its last one; undefined: no schedule calls for it. */
  next(agent: Agent, now: number): number | undefined;
  /** Whether a planned time lies further ahead than its schedule's own period: the clock was set back since. */
  isTooFar(agent: Agent, dueAt: number, now: number): boolean;
  /** The due times that passed in (dueAt, now], while nobody looked: how many, the last one, and the one before that. */
  passed(agent: Agent, dueAt: number, now: number): PassedDues;
}

/** Due times that passed; where `times` is 0, the other two say nothing. */
export interface PassedDues {
  readonly times: number;
  readonly lastAt: number;
  readonly beforeAt: number;
}

/** Due times of an expression that are counted one by one after an outage, some 0.2 ms each; beyond them the count is "at least". */
const MOST_COUNTED_DUES = 5_000;
/** Shortest time between two runs of an agent that runs without pause. */
const CONTINUOUS_GAP_MS = 1_000;

/** The setting that tells from when on an agent's schedule is in force; without it: always. */
export function scheduleSinceKey(agent: string): string {
  return `schedule-since:${agent}`;
}

/** Builds the due times of the fleet. */
export function createDueTimes({ fleet, storage }: { readonly fleet: Fleet; readonly storage: Storage }): DueTimes {
  /** From when on its schedule is in force: nothing is due by it before that. */
  function sinceOf(agent: Agent, now: number): number {
    return Math.min(now, Number(storage.settings.get(scheduleSinceKey(agent.name)) ?? 0));
  }

  function next(agent: Agent, now: number): number | undefined {
    const last = storage.dues.lastScheduled(agent.name);
    const since = sinceOf(agent, now);
    switch (agent.schedule.kind) {
      case 'none':
      case 'task':
        return undefined;
      case 'continuous':
        return opening(agent, last === undefined ? now : now + CONTINUOUS_GAP_MS);
      case 'every':
        return opening(
          agent,
          last === undefined
            ? now
            : Math.max(since, nextScheduled(agent.schedule, Math.min(last, now), fleet.timezone) ?? now),
        );
      case 'cron': {
        const planned = nextScheduled(agent.schedule, last === undefined ? now : Math.max(last, since), fleet.timezone);
        const isAhead = planned !== undefined && last !== undefined && last > now && isTooFar(agent, planned, now);
        return isAhead ? nextScheduled(agent.schedule, now, fleet.timezone) : planned;
      }
    }
  }

  // The second time of an expression is not too far: the first may have been served before the clock was set back, and happens once.
  function isTooFar(agent: Agent, dueAt: number, now: number): boolean {
    const first = nextScheduled(agent.schedule, now, fleet.timezone);
    if (first === undefined) return false;
    if (agent.schedule.kind !== 'cron') return dueAt > opening(agent, first + CONTINUOUS_GAP_MS);
    const second = nextScheduled(agent.schedule, first, fleet.timezone);
    return second !== undefined && dueAt > second;
  }

  function opening(agent: Agent, at: number): number {
    return agent.active === undefined || isWithin(agent.active, at, fleet.timezone)
      ? at
      : nextOpening(agent.active, at, fleet.timezone);
  }

  function passed(agent: Agent, dueAt: number, now: number): PassedDues {
    if (agent.schedule.kind === 'every') {
      const from = Math.max(dueAt, sinceOf(agent, now));
      const times = Math.max(0, Math.floor((now - from) / agent.schedule.everyMs));
      const lastAt = from + times * agent.schedule.everyMs;
      return { times, lastAt, beforeAt: lastAt - agent.schedule.everyMs };
    }
    let times = 0;
    let lastAt = Math.max(dueAt, sinceOf(agent, now));
    let beforeAt = dueAt;
    while (agent.schedule.kind === 'cron' && times < MOST_COUNTED_DUES) {
      const after = nextScheduled(agent.schedule, lastAt, fleet.timezone);
      if (after === undefined || after > now) break;
      times += 1;
      [beforeAt, lastAt] = [lastAt, after];
    }
    // Whoever was away for longer than can be counted still runs once, not once for every so many due times.
    return { times, lastAt: times === MOST_COUNTED_DUES ? now : lastAt, beforeAt };
  }

  return { next, isTooFar, passed };
}
