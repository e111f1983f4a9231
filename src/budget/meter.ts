import type { HoldRow } from '../../storage/hold-store.ts';
import type { IncidentRow } from '../../storage/incident-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import { isDrillAgent } from '../drills/drill.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import { wakeAfterHold } from '../loop/holds.ts';
import { dateAndTime } from '../loop/wall-clock.ts';
import type { Clock, Log } from '../ports.ts';
import { describeAmount } from '../telegram/cards/budget-words.ts';
import { dollarText, duration } from '../telegram/cards/words.ts';
import { createWorker, type Worker } from '../worker.ts';
import { budgetFingerprint, hasReached, type Month, readBudgetFingerprint, type Scope } from './budget.ts';
import { decideBurn } from './forecast.ts';
import type { Account, Ledger, Purse } from './ledger.ts';
import type { RunSpending } from './run-spending.ts';

/** A CLI tells its costs every few seconds at most, and the owner is to know within five. */
const EVERY_MS = 2_000;
/** The last hour is summed anew this often: its pace changes no faster. */
const BURN_EVERY_MS = 30_000;
const HOUR_MS = 3_600_000;

const WHAT_COUNTS =
  'Counted is what the CLIs tell, at list prices, as a guard against runaways: under a subscription it is what the same would have cost, and agents of runtime command tell nothing.';

/** One of the changes that a look makes, all in one transaction. */
type Step = () => void;

/**
 * The meter of budgets: what the runs of the calendar month cost, the running ones included, against the numbers of fleet.yaml and what was
 * raised this month.
 *
 * Each look: 1. ends what is no more: another month, a raised or removed budget; 2. tells of each percent once a month; 3. at 100 % holds
 * the agent, or the fleet, until the month ends; 4. tells of a pace that would empty a budget within a day; 5. asks those runs to stop that
 * have reached what they may spend, where the event that told it went unheard.
 * What was told and held are rows of their month, so that neither a restart nor a clock that jumps tells twice or holds too long.
 */
export function createBudgetMeter(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly incidents: IncidentRegister;
  readonly ledger: Ledger;
  readonly spending: Pick<RunSpending, 'judge'>;
  readonly onFatal: (error: unknown) => void;
}): Worker {
  const { fleet, storage, clock, incidents, ledger } = options;
  let burntAt = Number.NEGATIVE_INFINITY;

  function holdOf(agent: string): HoldRow | undefined {
    return storage.holds.active().find((hold) => hold.kind === 'budget' && hold.agent === agent);
  }

  function release(hold: HoldRow): void {
    const now = clock.now();
    if (!storage.holds.release(hold.agent, 'budget', hold.subject, now)) return;
    wakeAfterHold(storage, hold.agent === '' ? fleet.agents.keys() : [hold.agent], hold.since, now);
  }

  /** 1. What hangs on another month, or on a budget that is another one now. */
  function endOthers({ month, scopes }: Account): readonly Step[] {
    const limits = new Map(scopes.map(({ agent, limitMicroUsd }) => [agent, limitMicroUsd]));
    return [
      ...storage.incidents
        .listUnresolved()
        .filter(({ kind }) => kind === 'budget')
        .flatMap(({ fingerprint }) => {
          const topic = readBudgetFingerprint(fingerprint);
          if (topic === undefined) return [];
          const limit = limits.get(topic.agent);
          const isSame = limit !== undefined && (topic.limitMicroUsd ?? limit) === limit;
          if (topic.month === month.key && isSame) return [];
          return [() => void incidents.resolve(fingerprint, whyOver(topic.month === month.key, limit))];
        }),
      ...storage.holds
        .active()
        .filter(({ kind, agent }) => kind === 'budget' && !limits.has(agent))
        .map((hold) => () => release(hold)),
    ];
  }

  function measure(scope: Scope, { month, purse }: Account): readonly Step[] {
    const { agent, limitMicroUsd: limit } = scope;
    const own = purse(agent);
    const spent = own.spentMicroUsd;
    const told = storage.budgets.told(month.key, agent);
    const reached = scope.percents.filter((percent) => hasReached(spent, limit, percent));
    const fresh = reached.filter((percent) => !told.includes(percent));
    // Spending only grows within a month: what was told and is not reached was told of a smaller budget.
    const outdated = told.filter((percent) => !hasReached(spent, limit, percent));
    const isUsedUp = spent >= limit;
    const hold = holdOf(agent);
    const open = storage.incidents.unresolved(fingerprintOf(agent, month));
    const steps: Step[] = outdated.map((percent) => () => storage.budgets.untell(month.key, agent, percent));
    if (isUsedUp) {
      if (fresh.length > 0 || open === undefined) steps.push(() => tellUsedUp(scope, own, month, open));
      const short = budgetFingerprint({ about: 'short', agent, month: month.key, limitMicroUsd: limit });
      if (storage.incidents.unresolved(short) !== undefined) steps.push(() => incidents.close(short));
      if (hold?.until !== month.endsAt) steps.push(() => holdBack(scope, spent, month));
    } else {
      if (hold !== undefined) steps.push(() => release(hold));
      const isOver = open !== undefined && (open.severity === 'critical' || reached.length === 0);
      if (isOver) steps.push(() => void incidents.resolve(open.fingerprint, describeRaised(spent, limit)));
      const last = fresh.at(-1);
      if (last !== undefined)
        steps.push(() => tellPercent(scope, own, month, last, isOver || open === undefined ? undefined : open));
    }
    return [...steps, ...fresh.map((percent) => () => storage.budgets.tell(month.key, agent, percent, clock.now()))];
  }

  function tellPercent(
    { agent, limitMicroUsd }: Scope,
    purse: Purse,
    month: Month,
    percent: number,
    open: IncidentRow | undefined,
  ): void {
    incidents.report({
      kind: 'budget',
      fingerprint: fingerprintOf(agent, month),
      subject: agent === '' ? 'fleet' : agent,
      severity: 'warning',
      title: `${ownerOf(agent)} spent ${percent} % of ${budgetOf(agent, month)}`,
      evidence: describePurse(purse, limitMicroUsd),
      agents: concerned(agent),
      note: `${WHAT_COUNTS} At 100 % ${agent === '' ? 'the fleet' : agent} is held until the month ends.`,
    });
    if (open !== undefined) incidents.remind(open.fingerprint);
  }

  function tellUsedUp(
    { agent, limitMicroUsd }: Scope,
    purse: Purse,
    month: Month,
    open: IncidentRow | undefined,
  ): void {
    const key = agent === '' ? 'budget.monthly' : `agents.${agent}.budget`;
    incidents.report({
      kind: 'budget',
      fingerprint: fingerprintOf(agent, month),
      subject: agent === '' ? 'fleet' : agent,
      severity: 'critical',
      title: `${ownerOf(agent)} used up ${budgetOf(agent, month)}`,
      evidence: describePurse(purse, limitMicroUsd),
      agents: concerned(agent),
      note: `${agent === '' ? 'No agent' : agent} ${agent === '' ? 'starts' : 'does not start'} again before the month ends, or before it is raised: for this month by the button, for good by ${key} in fleet.yaml. What runs is stopped once it tells that it spends more. ${WHAT_COUNTS}`,
    });
    // What was a warning until now is sent anew by that alone.
    if (open?.severity === 'critical') incidents.remind(open.fingerprint);
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

  /** 4. What the last hour would lead to. */
  function watchPace(account: Account): readonly Step[] {
    const { now, month, scopes, purse } = account;
    if (scopes.length === 0 || Math.abs(now - burntAt) < BURN_EVERY_MS) return [];
    burntAt = now;
    const lastHour = ledger.spentSince(now - HOUR_MS, now);
    return scopes.flatMap(({ agent, limitMicroUsd }) => {
      const { spentMicroUsd } = purse(agent);
      const lastHourMicroUsd = lastHour(agent);
      const usedUpAt = decideBurn({ now, monthEndsAt: month.endsAt, spentMicroUsd, lastHourMicroUsd, limitMicroUsd });
      const fingerprint = budgetFingerprint({ about: 'burn', agent, month: month.key });
      const open = storage.incidents.unresolved(fingerprint);
      if (usedUpAt === undefined) {
        if (open === undefined) return [];
        // Used up, it is told of as that: nothing has recovered.
        if (spentMicroUsd >= limitMicroUsd) return [() => incidents.close(fingerprint)];
        const calm = `${dollarText(lastHourMicroUsd)} were spent in the last hour.`;
        return [() => void incidents.resolve(fingerprint, calm)];
      }
      if (open !== undefined) return [];
      return [
        () =>
          void incidents.report({
            kind: 'budget',
            fingerprint,
            subject: agent === '' ? 'fleet' : agent,
            severity: 'warning',
            title: `${agent === '' ? 'The fleet' : agent} spends too fast: ${budgetOf(agent, month)} would be used up in ${duration(usedUpAt - now)}`,
            evidence: `${dollarText(lastHourMicroUsd)} in the last hour, ${dollarText(limitMicroUsd - spentMicroUsd)} of ${dollarText(limitMicroUsd)} left`,
            agents: concerned(agent),
            note: `If it went on like this, nothing would be left by ${dateAndTime(usedUpAt, fleet.timezone, now)}. This ends by itself when less is spent.`,
          }),
      ];
    });
  }

  /** 5. A run whose costs could not be judged when they came, since the disk was full or we were away. */
  function judgeRuns(): void {
    for (const run of ledger.open())
      if (run.costMicroUsd !== null && run.stopWantedAt === null)
        options.spending.judge({ ...run, id: run.runId }, run.costMicroUsd);
  }

  const worker = createWorker({
    name: 'budget meter',
    clock,
    log: options.log,
    everyMs: EVERY_MS,
    look() {
      const account = ledger.look();
      const steps = [
        ...endOthers(account),
        ...account.scopes.flatMap((scope) => measure(scope, account)),
        ...watchPace(account),
      ];
      if (steps.length > 0) storage.transaction(() => steps.forEach((step) => step()));
      judgeRuns();
      return undefined;
    },
    onFatal: options.onFatal,
  });
  // A run that ended is settled: what it cost counts before the scheduler, which steps aside, decides about the next one.
  storage.onChange('loop', worker.nudge);
  return worker;
}

function fingerprintOf(agent: string, month: Month): string {
  return budgetFingerprint({ about: 'budget', agent, month: month.key });
}

function whyOver(isThisMonth: boolean, limit: number | undefined): string {
  if (!isThisMonth) return 'A new month has begun.';
  return limit === undefined ? 'fleet.yaml sets no budget for it any more.' : `The budget is ${dollarText(limit)} now.`;
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

/** What a subscription pays for is no money of this month, and is said apart. */
function describePurse({ spent, spentMicroUsd }: Purse, limit: number): string {
  const paid = spent.covered === 0 ? '' : `: ${describeAmount(spent)}`;
  return `${describeSpent(spentMicroUsd, limit)}${paid}`;
}

function describeRaised(spent: number, limit: number): string {
  return `The budget is ${dollarText(limit)} now, and ${dollarText(spent)} of it is spent.`;
}
