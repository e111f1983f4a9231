import type { EChartsOption } from 'echarts';
import type { SpendFigures } from '../figures.ts';
import { legend, legendHeight, type LegendEntry } from './legend.ts';
import { AGENT_COLOURS, CARD, card, CARD_FOOT, INK, OTHERS_COLOUR } from './look.ts';
import type { Picture } from './picture.ts';
import { dollars, drawable, roundDollars } from './words.ts';

/** The name of the budget's line stands above the plot where the budget is the dearest. */
const PLOT_TOP = CARD.headerHeight + 34;
const PLOT_HEIGHT = 372;
const AXIS_HEIGHT = 80;
/** A budget that is more than this many times the dearest day would press the bars flat: the title has it, the plot does not. */
const MAX_BUDGET_OVER_DAYS = 4;
/** And one that is less than this part of it would lie on the axis. */
const LEAST_BUDGET_PART = 0.1;
/** Days with a number below them, besides today: more than these run into each other. */
const NAMED_DAYS = [1, 5, 10, 15, 20, 25, 30];

/** Dollars by agent and day, the rest of the month as it is expected, and the budget's pace; undefined where nothing was spent. */
export function spendPicture(spend: SpendFigures): Picture | undefined {
  const agents = foldAgents(spend.agents);
  if (spend.monthUsd <= 0 && agents.length === 0) return undefined;
  const title = findingOf(spend);
  const { text: subtitle, colour } = outlookOf(spend);
  const expected = expectedADay(spend);
  const entries: LegendEntry[] = agents.map(({ name, usd, colour: fill }) => ({
    name,
    value: dollars(sum(usd)),
    colour: fill,
  }));
  if (expected > 0)
    entries.push({ name: 'expected, a day', value: dollars(expected), colour: INK.expected, edge: INK.expectedEdge });
  const legendTop = PLOT_TOP + PLOT_HEIGHT + AXIS_HEIGHT;
  const option: EChartsOption = {
    ...card(title, subtitle, colour),
    grid: { left: 176, right: CARD.padding, top: PLOT_TOP, height: PLOT_HEIGHT },
    xAxis: {
      type: 'category',
      data: dayLabels(spend),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: INK.soft, width: 2 } },
      axisLabel: { interval: 0, fontSize: CARD.smallSize, color: INK.soft, margin: 18 },
    },
    yAxis: {
      type: 'value',
      splitNumber: 2,
      // Not up to the next round number: that would be half a plot of nothing.
      max: ({ max }) => 1.04 * max,
      axisLabel: {
        fontSize: CARD.smallSize,
        color: INK.soft,
        margin: 20,
        showMaxLabel: false,
        formatter: roundDollars,
      },
      splitLine: { showMaxLine: false, lineStyle: { color: INK.grid, width: 2 } },
    },
    series: [
      ...agents.map(({ name, usd, colour: fill }) => ({
        type: 'bar' as const,
        name,
        stack: 'day',
        barCategoryGap: '22%',
        itemStyle: { color: fill, borderColor: INK.card, borderWidth: 1.5 },
        data: [...usd],
      })),
      {
        type: 'bar' as const,
        name: 'expected',
        stack: 'day',
        itemStyle: {
          color: INK.expected,
          borderColor: INK.expectedEdge,
          borderWidth: 2,
          borderType: 'dashed' as const,
        },
        data: Array.from({ length: spend.daysInMonth }, (_, day) =>
          day < spend.days.length || expected === 0 ? null : expected,
        ),
        ...budgetLine(spend, expected),
      },
    ],
    graphic: { elements: [...legend(entries, legendTop)] },
  };
  return {
    file: 'spend.png',
    caption: `${title}. ${subtitle}.`,
    width: CARD.width,
    height: legendTop + legendHeight(entries) + CARD_FOOT,
    option,
  };
}

interface ColouredAgent {
  readonly name: string;
  readonly usd: readonly number[];
  readonly colour: string;
}

/** At most as many agents as there are colours; who comes after them is one. Agents that spent nothing are left out. */
function foldAgents(agents: SpendFigures['agents']): readonly ColouredAgent[] {
  const spenders = agents.filter(({ usd }) => sum(usd) > 0);
  const named = spenders
    .slice(0, AGENT_COLOURS.length)
    .map((agent, index) => ({ ...agent, colour: AGENT_COLOURS[index] ?? OTHERS_COLOUR }));
  const rest = spenders.slice(AGENT_COLOURS.length);
  const [only] = rest;
  if (only === undefined) return named;
  const usd = only.usd.map((_, day) => sum(rest.map((agent) => agent.usd[day] ?? 0)));
  return [...named, { name: rest.length === 1 ? only.name : `${rest.length} others`, usd, colour: OTHERS_COLOUR }];
}

function findingOf({ monthUsd, forecastUsd, budgetUsd }: SpendFigures): string {
  const soFar = `${dollars(monthUsd)} so far`;
  const limit = budgetUsd === null ? '' : ` of ${roundDollars(budgetUsd)}`;
  return forecastUsd === null ? `${soFar}${limit}` : `${soFar}, ${roundDollars(forecastUsd)} expected${limit}`;
}

function outlookOf({ days, monthUsd, forecastUsd, budgetUsd }: SpendFigures): { text: string; colour: string } {
  const what = `Spend in ${monthOf(days)} at list prices`;
  if (budgetUsd === null) return { text: `${what}, by agent and day`, colour: INK.soft };
  if (monthUsd >= budgetUsd) return { text: `${what}: the budget is used up`, colour: INK.bad };
  if (forecastUsd === null) return { text: `${what}: too early to say where it leads`, colour: INK.soft };
  const over = forecastUsd - budgetUsd;
  return over > 0
    ? { text: `${what}: ${roundDollars(over)} over the budget by its end`, colour: INK.bad }
    : { text: `${what}: within the budget`, colour: INK.good };
}

function monthOf(days: readonly string[]): string {
  const [first] = days;
  if (first === undefined) return 'this month';
  return new Date(`${first}T00:00:00Z`).toLocaleString('en-GB', { month: 'long', timeZone: 'UTC' });
}

/** What is left of the forecast, spread over the days that have not begun. */
function expectedADay({ days, daysInMonth, monthUsd, forecastUsd }: SpendFigures): number {
  const left = daysInMonth - days.length;
  return forecastUsd === null || left <= 0 ? 0 : Math.max(0, forecastUsd - monthUsd) / left;
}

/** A name below today and below some others that stand clear of it. */
function dayLabels({ days, daysInMonth }: SpendFigures): { value: string; textStyle?: object }[] {
  const today = days.length;
  return Array.from({ length: daysInMonth }, (_, index) => {
    const day = index + 1;
    if (day === today) return { value: `${day}`, textStyle: { color: INK.title, fontWeight: 'bold' as const } };
    return { value: NAMED_DAYS.includes(day) && Math.abs(day - today) > 2 ? `${day}` : '' };
  });
}

function budgetLine({ agents, budgetUsd, daysInMonth, days }: SpendFigures, expected: number): object {
  if (budgetUsd === null) return {};
  const pace = budgetUsd / daysInMonth;
  const dearest = Math.max(expected, ...days.map((_, day) => sum(agents.map(({ usd }) => usd[day] ?? 0))));
  if (pace > MAX_BUDGET_OVER_DAYS * dearest || pace < LEAST_BUDGET_PART * dearest) return {};
  return {
    markLine: {
      symbol: 'none',
      silent: true,
      lineStyle: { color: INK.title, width: 3, type: 'dashed' },
      label: {
        position: 'insideStartTop',
        formatter: drawable(`budget: ${dollars(pace)} a day`),
        color: INK.title,
        fontSize: CARD.smallSize,
        backgroundColor: `${INK.card}d0`,
        padding: [4, 10],
        borderRadius: 8,
      },
      data: [{ yAxis: pace }],
    },
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
