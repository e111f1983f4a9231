import type { CostRow, OpenCost } from '../../storage/budget-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import { perFile } from '../config/live-fleet.ts';
import { isDrillAgent } from '../drills/drill.ts';
import { createWallClock } from '../loop/wall-clock.ts';
import type { Clock } from '../ports.ts';
import { listScopes, type Month, monthAt, type Scope } from './budget.ts';

/** How long what runs cost today is taken from memory when no commit said that it changed. */
const REMEMBERED_MS = 60_000;
/** How many days a chart and a forecast look back, today included. */
const DAYS_BACK = 7;

/** Millionths of a US dollar, by who pays. */
export interface Amount {
  readonly billed: number;
  /** At list prices, paid by a subscription. */
  readonly covered: number;
}

/** What one budget, or one agent without a budget, comes to right now. */
export interface Purse {
  /** Spent this month, what runs that are alive have told included. */
  readonly spent: Amount;
  readonly spentMicroUsd: number;
  /** What alive runs may cost beyond what they have told. */
  readonly setAsideMicroUsd: number;
}

/** A calendar day of the fleet's timezone, and what ended on it. */
export interface DayCosts {
  readonly startsAt: number;
  readonly endsAt: number;
  readonly costs: readonly CostRow[];
}

/** A look at all money, as of one instant. */
export interface Account {
  readonly now: number;
  readonly month: Month;
  /** With what was raised this month. */
  readonly scopes: readonly Scope[];
  /** Agents that spent anything this month, but for those of fire drills. */
  readonly spenders: readonly string[];
  /** '' is the whole fleet. */
  purse(agent: string): Purse;
}

/**
 * The ledger: what is spent and what is set aside. It keeps no books of its own: everything is a sum over the runs' rows, and a run counts to
 * the month in which it ends. Days that are over are summed once, so that a look costs the runs of today and those that are alive.
 */
export interface Ledger {
  look(): Account;
  /** The last seven days, today last. */
  lastDays(now: number): readonly DayCosts[];
  /** What was spent since then: what ended runs cost, and what alive ones told, both spread evenly over the time that they ran. */
  spentSince(from: number, now: number): (agent: string) => number;
  /** What a run that is alive has told, ahead of its row. */
  told(runId: number, costMicroUsd: number): void;
  /** A run was settled that ended then: a day that was over has changed. */
  settled(endedAt: number): void;
  /** The runs that are alive, with what they told. */
  open(): readonly OpenCost[];
}

/** Builds the ledger. */
export function createLedger(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
}): Ledger {
  const { fleet, storage, clock } = options;
  const wall = createWallClock(fleet.timezone);
  const written = perFile(fleet, listScopes);
  const toldBy = new Map<number, number>();
  /** Days that are over, by their beginning. */
  const past = new Map<number, DayCosts>();
  let calendar: { readonly month: Month; readonly days: readonly number[] } | undefined;
  let today: { readonly day: DayCosts; readonly at: number } | undefined;
  let seenAt = 0;

  storage.onChange('loop', () => {
    today = undefined;
  });

  function dayStart(at: number, byDays: number): number {
    const shown = new Date(at + wall.offsetMsAt(at));
    return wall.instantOf(Date.UTC(shown.getUTCFullYear(), shown.getUTCMonth(), shown.getUTCDate() + byDays));
  }

  /** Reading a wall clock costs more than all else of a look: the days of a month, and of the week before, are read once a day. */
  function calendarAt(now: number): NonNullable<typeof calendar> {
    const [last, end] = calendar?.days.slice(-2) ?? [];
    if (calendar !== undefined && last !== undefined && end !== undefined && now >= last && now < end) return calendar;
    const month = monthAt(now, wall);
    const days = [dayStart(now, 1)];
    const first = Math.min(month.startsAt, dayStart(now, 1 - DAYS_BACK));
    // At most 31 days, and today.
    for (let back = 0; (days[0] ?? first) > first; back -= 1) days.unshift(dayStart(now, back));
    calendar = { month, days };
    for (const start of past.keys()) if (start < first) past.delete(start);
    return calendar;
  }

  function loadDays(now: number): readonly DayCosts[] {
    // What ended later than now is moved by a clock that is set back.
    if (now < seenAt) past.clear();
    seenAt = now;
    const { days, month } = calendarAt(now);
    return days.slice(0, -1).map((startsAt, index) => {
      const endsAt = days[index + 1] ?? startsAt;
      return endsAt > now ? loadToday(startsAt, endsAt, month, now) : loadPast(startsAt, endsAt);
    });
  }

  function loadPast(startsAt: number, endsAt: number): DayCosts {
    const known = past.get(startsAt);
    if (known !== undefined) return known;
    const day = { startsAt, endsAt, costs: storage.budgets.costsBetween(startsAt, endsAt) };
    past.set(startsAt, day);
    return day;
  }

  /** With what a clock that was ahead let end later this month: it counts until it is moved. */
  function loadToday(startsAt: number, endsAt: number, month: Month, now: number): DayCosts {
    if (today?.day.startsAt !== startsAt || Math.abs(now - today.at) >= REMEMBERED_MS)
      today = {
        at: now,
        day: { startsAt, endsAt, costs: storage.budgets.costsBetween(startsAt, Math.max(endsAt, month.endsAt)) },
      };
    return today.day;
  }

  function open(): readonly OpenCost[] {
    const rows = storage.budgets.open();
    if (toldBy.size > rows.length) {
      const alive = new Set(rows.map(({ runId }) => runId));
      for (const runId of toldBy.keys()) if (!alive.has(runId)) toldBy.delete(runId);
    }
    return rows.map((row) => {
      const told = toldBy.get(row.runId);
      return told === undefined || told <= (row.costMicroUsd ?? 0) ? row : { ...row, costMicroUsd: told };
    });
  }

  function limitsOf(month: Month): readonly Scope[] {
    const raised = new Map(storage.budgets.raises(month.key).map((row) => [row.agent, row.limitMicroUsd]));
    return written().map((scope) => ({
      ...scope,
      limitMicroUsd: Math.max(scope.limitMicroUsd, raised.get(scope.agent) ?? 0),
    }));
  }

  return {
    open,
    look() {
      const now = clock.now();
      const { month } = calendarAt(now);
      const purses = new Map<string, { billed: number; covered: number; setAside: number }>();
      const purseOf = (agent: string) => {
        const purse = purses.get(agent) ?? { billed: 0, covered: 0, setAside: 0 };
        purses.set(agent, purse);
        return purse;
      };
      const add = (agent: string, isCovered: number, microUsd: number, setAside: number): void => {
        // A fire drill spends nothing of the fleet's.
        for (const name of isDrillAgent(agent) ? [agent] : [agent, '']) {
          const purse = purseOf(name);
          if (isCovered === 1) purse.covered += microUsd;
          else purse.billed += microUsd;
          purse.setAside += setAside;
        }
      };
      for (const { startsAt, costs } of loadDays(now))
        if (startsAt >= month.startsAt)
          for (const { agent, isCovered, microUsd } of costs) add(agent, isCovered, microUsd, 0);
      for (const { agent, isCovered, costMicroUsd, reservedMicroUsd } of open()) {
        const cost = costMicroUsd ?? 0;
        add(agent, isCovered, cost, Math.max(0, (reservedMicroUsd ?? 0) - cost));
      }
      return {
        now,
        month,
        scopes: limitsOf(month),
        spenders: [...purses]
          .filter(([agent, { billed, covered }]) => agent !== '' && !isDrillAgent(agent) && billed + covered > 0)
          .map(([agent]) => agent),
        purse(agent) {
          const { billed, covered, setAside } = purses.get(agent) ?? { billed: 0, covered: 0, setAside: 0 };
          return { spent: { billed, covered }, spentMicroUsd: billed + covered, setAsideMicroUsd: setAside };
        },
      };
    },
    lastDays: (now) => loadDays(now).slice(-DAYS_BACK),
    spentSince(from, now) {
      const byAgent = new Map(storage.budgets.spreadBetween(from, now + 1));
      for (const { agent, costMicroUsd, startedAt } of open()) {
        if (costMicroUsd === null || isDrillAgent(agent)) continue;
        const ranMs = Math.max(1, now - (startedAt ?? now));
        const part = Math.floor(costMicroUsd * Math.min(1, (now - from) / ranMs));
        byAgent.set(agent, (byAgent.get(agent) ?? 0) + part);
      }
      const total = [...byAgent.values()].reduce((sum, spent) => sum + spent, 0);
      return (agent) => (agent === '' ? total : (byAgent.get(agent) ?? 0));
    },
    told: (runId, costMicroUsd) => void toldBy.set(runId, costMicroUsd),
    settled(endedAt) {
      for (const [start, day] of past) if (endedAt >= start && endedAt < day.endsAt) past.delete(start);
    },
  };
}
