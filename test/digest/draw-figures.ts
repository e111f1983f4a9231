import type { DigestFigures, RunOutcome } from '../../src/digest/figures.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const OUTCOMES: readonly RunOutcome[] = ['done', 'done', 'done', 'failed', 'done', 'stopped', 'done', 'lost'];

/** What a made-up digest is of. */
export interface MadeUp {
  readonly agents?: number;
  readonly hours?: number;
  readonly days?: number;
  readonly decisions?: number;
  readonly nameOf?: (index: number) => string;
}

/** Figures of a fleet that works, the same for the same numbers: each agent runs every half hour, for six minutes. */
export function madeUpFigures({
  agents = 7,
  hours = 24,
  days = 22,
  decisions = 40,
  nameOf = (index) => `agent-${index + 1}`,
}: MadeUp = {}): DigestFigures {
  const toAt = Date.parse('2026-11-22T19:00:00Z');
  const fromAt = toAt - hours * HOUR_MS;
  const runsEach = hours * 2;
  const names = Array.from({ length: agents }, (_, index) => nameOf(index));
  const usd = names.map((_, agent) =>
    Array.from({ length: days }, (__, day) => (((day * 7 + agent * 3) % 11) + 1) / 10),
  );
  const monthUsd = usd.flat().reduce((sum, each) => sum + each, 0);
  return {
    timezone: 'Europe/Berlin',
    fromAt,
    toAt,
    spend: {
      days: Array.from({ length: days }, (_, day) => `2026-11-${String(day + 1).padStart(2, '0')}`),
      agents: names.map((name, agent) => ({ name, usd: usd[agent] ?? [] })),
      monthUsd,
      forecastUsd: monthUsd * 1.4,
      budgetUsd: 60,
      daysInMonth: 30,
    },
    timeline: {
      agents: names.map((name, agent) => ({
        name,
        runs: Array.from({ length: runsEach }, (_, run) => {
          const startedAt = fromAt + (run * 30 + (agent % 5)) * MINUTE_MS;
          const outcome = OUTCOMES[(run + agent) % OUTCOMES.length] ?? 'done';
          return { fromAt: startedAt, toAt: startedAt + 6 * MINUTE_MS, outcome };
        }),
      })),
      outages: [
        {
          fromAt: fromAt + HOUR_MS,
          toAt: fromAt + 3 * HOUR_MS,
          title: 'login of claude is dead',
          agents: names.slice(0, 3),
        },
        { fromAt: toAt - HOUR_MS, toAt: null, title: 'Telegram is away', agents: [] },
      ],
    },
    desk: {
      decisions: Array.from({ length: decisions }, (_, index) => ({
        at: fromAt + Math.floor(((toAt - fromAt) * (index + 1)) / (decisions + 1)),
        kind: index % 3 === 0 ? 'post' : 'reply',
        waitedMs: 15_000 * 1.2 ** (index % 32),
        windowMs: 4 * HOUR_MS,
        verdict: index % 6 === 5 ? ('rejected' as const) : ('approved' as const),
      })),
      missed: [
        { at: fromAt + 5 * HOUR_MS, kind: 'reply', windowMs: 4 * HOUR_MS },
        { at: fromAt + 6 * HOUR_MS, kind: 'post', windowMs: 8 * HOUR_MS },
        { at: fromAt + 7 * HOUR_MS, kind: 'reply', windowMs: 4 * HOUR_MS },
      ],
    },
  };
}

/** Figures of a day on which nothing was. */
export function emptyFigures(): DigestFigures {
  const figures = madeUpFigures({ agents: 0, decisions: 0 });
  return {
    ...figures,
    spend: { ...figures.spend, monthUsd: 0, forecastUsd: null },
    timeline: { agents: [], outages: [] },
    desk: { decisions: [], missed: [] },
  };
}
