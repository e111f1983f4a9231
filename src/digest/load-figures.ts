import type { IncidentKind } from '../../storage/incident-store.ts';
import { monthAt } from '../budget/budget.ts';
import { loadBudgetReport } from '../budget/report.ts';
import { isDrillAgent } from '../drills/drill.ts';
import { createWallClock } from '../loop/wall-clock.ts';
import { shorten } from '../telegram/cards/words.ts';
import { type DigestSources, loadAbsences, waitedMs } from './facts.ts';
import type { DeskFigures, DigestFigures, SpendFigures, TimelineFigures } from './figures.ts';
import { timelineOf } from './timeline.ts';

const MICRO = 1_000_000;
/** More agents than these have no colour of their own: the last one stands for all others. */
const MOST_SPENDERS = 7;
const OTHERS = 'others';
/** More dots than these are a blot. */
const MOST_DECISIONS = 5_000;
const MOST_OUTAGES = 200;
const LONGEST_TITLE = 200;

/** Incidents that keep agents from running, or their owner from hearing of them. */
const HOLDING: ReadonlySet<IncidentKind> = new Set([
  'auth',
  'crash-loop',
  'poller',
  'conflict',
  'disk',
  'memory',
  'orphan',
  'limit',
  'cli',
  'budget',
]);

/**
 * Reads what the pictures of a digest of [from, to) show; money is that of the month in which it ends. `isMerged`: there were so many runs that
 * some neighbours of the timeline stand as one.
 */
export function loadDigestFigures(
  sources: DigestSources,
  from: number,
  to: number,
  now: number,
): { readonly figures: DigestFigures; readonly isMerged: boolean } {
  const { timeline, isMerged } = loadTimeline(sources, from, to);
  const figures = {
    timezone: sources.fleet.timezone,
    fromAt: from,
    toAt: to,
    spend: loadSpend(sources, to, now),
    timeline,
    desk: loadDesk(sources, from, to),
  };
  return { figures, isMerged };
}

function loadSpend({ fleet, storage, ledger }: DigestSources, to: number, now: number): SpendFigures {
  const wall = createWallClock(fleet.timezone);
  const month = monthAt(to - 1, wall);
  const shown = new Date(month.startsAt + wall.offsetMsAt(month.startsAt));
  const startOf = (day: number): number =>
    wall.instantOf(Date.UTC(shown.getUTCFullYear(), shown.getUTCMonth(), 1 + day));
  const daysInMonth = Math.round((month.endsAt - month.startsAt) / 86_400_000);
  const starts = Array.from({ length: daysInMonth + 1 }, (_, day) => startOf(day));
  const passed = starts.slice(0, -1).filter((start) => start < to);
  const isThisMonth = now >= month.startsAt && now < month.endsAt;
  const spent = new Map<string, number[]>();
  const add = (agent: string, day: number, microUsd: number): void => {
    const days = spent.get(agent) ?? passed.map(() => 0);
    days[day] = (days[day] ?? 0) + microUsd / MICRO;
    spent.set(agent, days);
  };
  for (const [day, start] of passed.entries())
    for (const { agent, microUsd } of storage.budgets.costsBetween(start, Math.min(starts[day + 1] ?? to, to)))
      add(agent, day, microUsd);
  // What runs that are alive have told is spent, too.
  if (isThisMonth && to >= now)
    for (const { agent, costMicroUsd } of ledger.open())
      if (costMicroUsd !== null && !isDrillAgent(agent)) add(agent, passed.length - 1, costMicroUsd);
  const { fleet: whole } = loadBudgetReport(fleet, storage, ledger);
  const agents = rank([...spent].map(([name, usd]) => ({ name, usd })));
  const monthUsd = total(agents.flatMap(({ usd }) => usd));
  return {
    days: passed.map((start) => new Date(start + wall.offsetMsAt(start)).toISOString().slice(0, 10)),
    agents,
    monthUsd,
    // Where nothing was spent, nothing says where it leads.
    forecastUsd: isThisMonth && monthUsd > 0 ? whole.forecast.microUsd / MICRO : null,
    budgetUsd: whole.limitMicroUsd === undefined ? null : whole.limitMicroUsd / MICRO,
    daysInMonth,
  };
}

function rank(agents: readonly { readonly name: string; readonly usd: readonly number[] }[]): SpendFigures['agents'] {
  const sorted = agents.toSorted((a, b) => total(b.usd) - total(a.usd) || a.name.localeCompare(b.name));
  if (sorted.length <= MOST_SPENDERS) return sorted;
  const rest = sorted.slice(MOST_SPENDERS - 1);
  const usd = (rest[0]?.usd ?? []).map((_, day) => total(rest.map((agent) => agent.usd[day] ?? 0)));
  return [...sorted.slice(0, MOST_SPENDERS - 1), { name: OTHERS, usd }];
}

function loadTimeline(
  { fleet, storage }: DigestSources,
  from: number,
  to: number,
): { readonly timeline: TimelineFigures; readonly isMerged: boolean } {
  const { byAgent, isMerged } = timelineOf(storage.digests.runSpans(from, to), from, to);
  // An agent that did not run has an empty line: that is what is to be seen.
  const names = [...new Set([...fleet.agents.keys(), ...byAgent.keys()])];
  const incidents = storage.digests
    .incidentsTouching(from, to)
    .filter(({ kind, severity, inhibitedBy }) => {
      // A warning that so many percent are spent holds nobody.
      const holds = HOLDING.has(kind) && (kind !== 'budget' || severity === 'critical');
      return holds && inhibitedBy === null;
    })
    .slice(-MOST_OUTAGES)
    .map(({ id, title, openedAt, resolvedAt }) => ({
      fromAt: openedAt,
      toAt: resolvedAt,
      title: shorten(title, LONGEST_TITLE),
      agents: storage.incidents.agents(id).filter((agent) => !isDrillAgent(agent)),
    }));
  const absences = loadAbsences(storage, from, to).map(({ fromAt, toAt }) => ({
    fromAt,
    toAt,
    title: 'Nightdesk was away',
    agents: [],
  }));
  const timeline = {
    agents: names.map((name) => ({ name, runs: byAgent.get(name) ?? [] })),
    outages: [...incidents, ...absences].toSorted((a, b) => a.fromAt - b.fromAt),
  };
  return { timeline, isMerged };
}

function loadDesk({ storage }: DigestSources, from: number, to: number): DeskFigures {
  const rows = storage.digests.decisionsBetween(from, to).slice(-MOST_DECISIONS);
  return {
    decisions: rows.flatMap((row) =>
      row.verdict === 'approved' || row.verdict === 'rejected'
        ? [
            {
              at: row.at,
              kind: row.kind,
              waitedMs: waitedMs(row),
              windowMs: row.windowEndsAt === null ? null : Math.max(0, row.windowEndsAt - row.createdAt),
              verdict: row.verdict,
            },
          ]
        : [],
    ),
    missed: rows.flatMap(({ at, kind, verdict, windowEndsAt, createdAt }) =>
      verdict === 'expired' ? [{ at, kind, windowMs: Math.max(0, (windowEndsAt ?? at) - createdAt) }] : [],
    ),
  };
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, n) => sum + n, 0);
}
