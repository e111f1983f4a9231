import type { HoldRow } from '../../storage/hold-store.ts';
import type { IncidentRow } from '../../storage/incident-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import { isDrillAgent } from '../drills/drill.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import { wakeAfterHold } from '../loop/holds.ts';
import { createWallClock } from '../loop/wall-clock.ts';
import type { Clock, Log } from '../ports.ts';
import { dollarText } from '../telegram/cards/words.ts';
import { createWorker, type Worker } from '../worker.ts';
import { hasReached, listScopes, type Month, monthAt, type Scope } from './budget.ts';

/** A CLI tells its costs every few seconds at most, and the owner is to know within five. */
const EVERY_MS = 2_000;
/** How long what ended runs cost is taken from memory when no commit said that it changed. */
const REMEMBERED_MS = 60_000;

const NOTHING: ReadonlyMap<string, number> = new Map();
const WHAT_COUNTS =
  'Counted is what the CLIs tell, at list prices: under a subscription it is what the same would have cost, and agents of runtime command tell nothing.';

/** One of the changes that a look makes, all in one transaction. */
type Step = () => void;

/**
 * The meter of budgets: what the runs of the calendar month cost, the running ones included, against the numbers of fleet.yaml.
 *
 * Each look: 1. ends what is no more: another month, a raised or removed budget; 2. tells of each percent once a month; 3. at 100 % holds
 * the agent, or the fleet, until the month ends. A run that goes on is not stopped, and none is reserved for before it starts.
 * What was told and held are rows of their month, so that neither a restart nor a clock that jumps tells twice or holds too long.
 */
export function createBudgetMeter(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly incidents: IncidentRegister;
  readonly onFatal: (error: unknown) => void;
}): Worker {
  const { fleet, storage, clock, incidents } = options;
  const wall = createWallClock(fleet.timezone);
  const scopes = listScopes(fleet);
  let thisMonth: Month | undefined;
  let settled: { readonly month: string; readonly at: number; readonly by: ReadonlyMap<string, number> } | undefined;

  const isMetered = scopes.some(({ agent }) => !isDrillAgent(agent));

  function loadSettled(month: Month, now: number): ReadonlyMap<string, number> {
    if (!isMetered) return NOTHING;
    if (settled?.month !== month.key || Math.abs(now - settled.at) >= REMEMBERED_MS)
      settled = { month: month.key, at: now, by: storage.budgets.settledBetween(month.startsAt, month.endsAt) };
    return settled.by;
  }

  /** What each scope has spent; a fire drill spends nothing of the fleet's. */
  function loadSpent(month: Month, now: number): (agent: string) => number {
    const past = loadSettled(month, now);
    const running = storage.budgets.running();
    const total = [...past, ...running].reduce((sum, [agent, spent]) => (isDrillAgent(agent) ? sum : sum + spent), 0);
    return (agent) => (agent === '' ? total : (past.get(agent) ?? 0) + (running.get(agent) ?? 0));
  }

  /** Reading a wall clock costs more than all else of a look, and a month lasts. */
  function monthOf(now: number): Month {
    if (thisMonth === undefined || now < thisMonth.startsAt || now >= thisMonth.endsAt) thisMonth = monthAt(now, wall);
    return thisMonth;
  }

  function holdOf(agent: string): HoldRow | undefined {
    return storage.holds.active().find((hold) => hold.kind === 'budget' && hold.agent === agent);
  }

  function release(hold: HoldRow): void {
    const now = clock.now();
    if (!storage.holds.release(hold.agent, 'budget', hold.subject, now)) return;
    wakeAfterHold(storage, hold.agent === '' ? fleet.agents.keys() : [hold.agent], hold.since, now);
  }

  /** 1. What hangs on another month, or on a budget that fleet.yaml has no more. */
  function endOthers(month: Month): readonly Step[] {
    const current = new Set(scopes.map(({ agent }) => fingerprint(agent, month)));
    const limited = new Set(scopes.map(({ agent }) => agent));
    const isOfMonth = (incident: IncidentRow): boolean => incident.fingerprint.endsWith(`:${month.key}`);
    return [
      ...storage.incidents
        .listUnresolved()
        .filter(({ kind, fingerprint: known }) => kind === 'budget' && !current.has(known))
        .map((incident) => () => {
          const why = isOfMonth(incident) ? 'fleet.yaml sets no budget for it any more.' : 'A new month has begun.';
          incidents.resolve(incident.fingerprint, why);
        }),
      ...storage.holds
        .active()
        .filter(({ kind, agent }) => kind === 'budget' && !limited.has(agent))
        .map((hold) => () => release(hold)),
    ];
  }

  function measure(scope: Scope, spent: number, month: Month): readonly Step[] {
    const { agent, limitMicroUsd: limit } = scope;
    const told = storage.budgets.told(month.key, agent);
    const reached = scope.percents.filter((percent) => hasReached(spent, limit, percent));
    const fresh = reached.filter((percent) => !told.includes(percent));
    // Spending only grows within a month: what was told and is not reached was told of a smaller budget.
    const outdated = told.filter((percent) => !hasReached(spent, limit, percent));
    const isUsedUp = spent >= limit;
    const hold = holdOf(agent);
    const open = storage.incidents.unresolved(fingerprint(agent, month));
    const steps: Step[] = outdated.map((percent) => () => storage.budgets.untell(month.key, agent, percent));
    if (isUsedUp) {
      if (fresh.length > 0 || open === undefined) steps.push(() => tellUsedUp(scope, spent, month, open));
      if (hold?.until !== month.endsAt) steps.push(() => holdBack(scope, spent, month));
    } else {
      if (hold !== undefined) steps.push(() => release(hold));
      const isOver = open !== undefined && (open.severity === 'critical' || reached.length === 0);
      if (isOver) steps.push(() => void incidents.resolve(open.fingerprint, describeRaised(spent, limit)));
      const last = fresh.at(-1);
      if (last !== undefined)
        steps.push(() => tellPercent(scope, spent, month, last, isOver || open === undefined ? undefined : open));
    }
    return [...steps, ...fresh.map((percent) => () => storage.budgets.tell(month.key, agent, percent, clock.now()))];
  }

  function tellPercent(
    { agent, limitMicroUsd }: Scope,
    spent: number,
    month: Month,
    percent: number,
    open: IncidentRow | undefined,
  ): void {
    incidents.report({
      kind: 'budget',
      fingerprint: fingerprint(agent, month),
      subject: agent === '' ? 'fleet' : agent,
      severity: 'warning',
      title: `${ownerOf(agent)} spent ${percent} % of ${budgetOf(agent, month)}`,
      evidence: describeSpent(spent, limitMicroUsd),
      agents: concerned(agent),
      note: `${WHAT_COUNTS} At 100 % ${agent === '' ? 'the fleet' : agent} is held until the month ends.`,
    });
    if (open !== undefined) incidents.remind(open.fingerprint);
  }

  function tellUsedUp(
    { agent, limitMicroUsd }: Scope,
    spent: number,
    month: Month,
    open: IncidentRow | undefined,
  ): void {
    const key = agent === '' ? 'budget.monthly' : `agents.${agent}.budget`;
    incidents.report({
      kind: 'budget',
      fingerprint: fingerprint(agent, month),
      subject: agent === '' ? 'fleet' : agent,
      severity: 'critical',
      title: `${ownerOf(agent)} used up ${budgetOf(agent, month)}`,
      evidence: describeSpent(spent, limitMicroUsd),
      agents: concerned(agent),
      note: `${agent === '' ? 'No agent' : agent} ${agent === '' ? 'starts' : 'does not start'} again before the month ends, or before ${key} in fleet.yaml is raised. What runs now is not stopped. ${WHAT_COUNTS}`,
    });
    if (open !== undefined) incidents.remind(open.fingerprint);
  }

  function holdBack({ agent, limitMicroUsd }: Scope, spent: number, month: Month): void {
    storage.holds.place({
      agent,
      kind: 'budget',
      subject: '',
      reason: `${agent === '' ? 'the fleet’s budget' : 'its budget'} for ${month.name} is used up (${describeSpent(spent, limitMicroUsd)})`,
      since: clock.now(),
      until: month.endsAt,
    });
  }

  /** Whom the incident names; a fire drill's agent is none of the fleet's. */
  function concerned(agent: string): readonly string[] {
    return agent === '' ? [...fleet.agents.keys()].filter((name) => !isDrillAgent(name)) : [agent];
  }

  const worker = createWorker({
    name: 'budget meter',
    clock,
    log: options.log,
    everyMs: EVERY_MS,
    look() {
      const now = clock.now();
      const month = monthOf(now);
      const spentOf = loadSpent(month, now);
      const steps = [...endOthers(month), ...scopes.flatMap((scope) => measure(scope, spentOf(scope.agent), month))];
      if (steps.length > 0) storage.transaction(() => steps.forEach((step) => step()));
      return undefined;
    },
    onFatal: options.onFatal,
  });
  // A run that ended is settled: what it cost counts before the scheduler, which steps aside, decides about the next one.
  storage.onChange('loop', () => {
    settled = undefined;
    worker.nudge();
  });
  return worker;
}

function fingerprint(agent: string, month: Month): string {
  return `budget:${agent}:${month.key}`;
}

function ownerOf(agent: string): string {
  return agent === '' ? 'The fleet has' : `${agent} has`;
}

function budgetOf(agent: string, month: Month): string {
  return `${agent === '' ? 'the' : 'its'} budget for ${month.name}`;
}

function describeSpent(spent: number, limit: number): string {
  return `${dollarText(spent)} of ${dollarText(limit)}`;
}

function describeRaised(spent: number, limit: number): string {
  return `The budget is ${dollarText(limit)} now, and ${dollarText(spent)} of it is spent.`;
}
