import type { EChartsOption, ScatterSeriesOption } from 'echarts';
import { count, duration } from '../../telegram/cards/words.ts';
import type { DeskFigures, DigestFigures } from '../figures.ts';
import { legend, legendHeight, type LegendEntry } from './legend.ts';
import { CARD, card, CARD_FOOT, INK } from './look.ts';
import type { Picture } from './picture.ts';
import { timeTicks } from './time-axis.ts';
import { timeScale } from './time-scale.ts';
import { drawable } from './words.ts';

const PLOT_HEIGHT = 520;
const AXIS_HEIGHT = 84;
/** Of fewer decisions a tenth is nobody. */
const LEAST_FOR_P90 = 10;
/** Kinds that are named in the title of the missed ones; more than these are "others". */
const MAX_KINDS = 3;
const MANY = 200;
const SECOND_MS = 1_000;
/** Where the axis of waiting has its names, far enough from each other on a logarithmic scale. */
const WAITS: readonly (readonly [ms: number, name: string])[] = [
  [SECOND_MS, '1 s'],
  [10 * SECOND_MS, '10 s'],
  [60 * SECOND_MS, '1 min'],
  [600 * SECOND_MS, '10 min'],
  [3_600 * SECOND_MS, '1 h'],
  [4 * 3_600 * SECOND_MS, '4 h'],
  [86_400 * SECOND_MS, '1 d'],
  [7 * 86_400 * SECOND_MS, '7 d'],
  [70 * 86_400 * SECOND_MS, '70 d'],
];

const VERDICTS = {
  approved: { name: 'approved', colour: '#4fc3a1', symbol: 'circle' },
  rejected: { name: 'rejected', colour: '#eedd88', symbol: 'diamond' },
} as const;
/** A cross: told from the dots without its colour. */
const MISSED_SYMBOL = 'path://M2,0L5,3L8,0L10,2L7,5L10,8L8,10L5,7L2,10L0,8L3,5L0,2Z';

/** How long drafts waited for a decision, and which were not decided in time; undefined where there were none. */
export function deskPicture({ desk, fromAt, toAt, timezone }: DigestFigures): Picture | undefined {
  const { decisions, missed } = desk;
  if (decisions.length === 0 && missed.length === 0) return undefined;
  const waits = decisions.map(({ waitedMs }) => waitedMs).toSorted((a, b) => a - b);
  const median = decisions.length < 2 ? undefined : rank(waits, 0.5);
  const ninetieth = decisions.length < LEAST_FOR_P90 ? undefined : rank(waits, 0.9);
  const title = findingOf(waits, median, ninetieth, missed.length);
  const missing = missedByKind(missed);
  const subtitle =
    missing === undefined
      ? `${count(decisions.length, 'decision')}, every window met`
      : `${count(decisions.length, 'decision')}; windows missed: ${missing}`;
  const [low, high] = waitRange([...waits, ...missed.map(({ windowMs }) => windowMs)]);
  const entries: LegendEntry[] = (['approved', 'rejected'] as const).flatMap((verdict) => {
    const n = decisions.filter((decision) => decision.verdict === verdict).length;
    return n === 0 ? [] : [{ name: VERDICTS[verdict].name, value: `${n}`, colour: VERDICTS[verdict].colour }];
  });
  if (missed.length > 0) entries.push({ name: 'missed', value: `${missed.length}`, colour: INK.bad });
  // Many overlap: then they are smaller, and what lies below shows through.
  const isMany = decisions.length + missed.length > MANY;
  const legendTop = CARD.headerHeight + PLOT_HEIGHT + AXIS_HEIGHT;
  const option: EChartsOption = {
    ...card(title, subtitle, missing === undefined ? INK.good : INK.bad),
    grid: { left: 176, right: CARD.padding + 28, top: CARD.headerHeight, height: PLOT_HEIGHT },
    xAxis: timeScale(fromAt, toAt, timeTicks(fromAt, toAt, timezone)),
    yAxis: {
      type: 'value',
      min: low,
      max: high,
      axisTick: { show: false },
      axisLabel: {
        customValues: ticksWithin(low, high).map(([ms]) => height(ms)),
        formatter: (value: number) => WAITS.find(([ms]) => height(ms) === value)?.[1] ?? '',
        fontSize: CARD.smallSize,
        color: INK.soft,
        margin: 20,
      },
      splitLine: { show: false },
    },
    series: [
      ...(['approved', 'rejected'] as const).map((verdict) => ({
        ...dots(
          decisions
            .filter((decision) => decision.verdict === verdict)
            .map(({ at, waitedMs }) => [at, waitedMs] as const),
          VERDICTS[verdict].symbol,
          VERDICTS[verdict].colour,
          isMany,
        ),
        name: verdict,
      })),
      {
        ...dots(
          missed.map(({ at, windowMs }) => [at, windowMs] as const),
          MISSED_SYMBOL,
          INK.bad,
          isMany,
        ),
        name: 'missed',
      },
      gridLines(ticksWithin(low, high).map(([ms]) => height(ms))),
      namedLines(median, ninetieth),
    ],
    graphic: { elements: [...legend(entries, legendTop)] },
  };
  return {
    file: 'desk.png',
    caption: `${title}. ${subtitle}.`,
    width: CARD.width,
    height: legendTop + legendHeight(entries) + CARD_FOOT,
    option,
  };
}

/** The smallest wait that at least this part of all is not longer than. */
function rank(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0;
}

function findingOf(
  waits: readonly number[],
  median: number | undefined,
  ninetieth: number | undefined,
  missed: number,
): string {
  if (waits.length === 0) return `No decision, ${count(missed, 'window')} missed`;
  if (median === undefined) return `One draft decided, after ${duration(waits[0] ?? 0)}`;
  const half = `Half decided within ${duration(median)}`;
  return ninetieth === undefined ? half : `${half}, 90 % within ${duration(ninetieth)}`;
}

/** `reply 2, post 1`, the most often missed first; undefined where nothing was missed. */
function missedByKind(missed: DeskFigures['missed']): string | undefined {
  if (missed.length === 0) return undefined;
  const counts = [...Map.groupBy(missed, ({ kind }) => kind)]
    .map(([kind, all]) => [drawable(kind), all.length] as const)
    .toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  const others = counts.slice(MAX_KINDS).reduce((sum, [, n]) => sum + n, 0);
  const named = counts.slice(0, MAX_KINDS).map(([kind, n]) => `${kind} ${n}`);
  return [...named, ...(others === 0 ? [] : [`others ${others}`])].join(', ');
}

/** The place of a wait on the axis: its logarithm, and what took no time stands with a second. */
function height(ms: number): number {
  return Math.log10(Math.max(SECOND_MS, ms));
}

/** From the name below the shortest wait to the one above the longest, with two names between at the least. */
function waitRange(waits: readonly number[]): readonly [low: number, high: number] {
  const places = WAITS.map(([ms]) => ms);
  const shortest = Math.min(60 * SECOND_MS, ...waits);
  const longest = Math.max(3_600 * SECOND_MS, ...waits);
  const low = places.findLast((place) => place <= shortest) ?? SECOND_MS;
  const high = places.find((place) => place >= longest) ?? longest;
  // A dot on the edge would be cut in two.
  return [height(low) - 0.12, height(high) + 0.12];
}

function ticksWithin(low: number, high: number): typeof WAITS {
  return WAITS.filter(([ms]) => height(ms) >= low && height(ms) <= high);
}

function dots(
  points: readonly (readonly [at: number, ms: number])[],
  symbol: string,
  color: string,
  isMany: boolean,
): ScatterSeriesOption {
  return {
    type: 'scatter',
    symbol,
    symbolSize: isMany ? 16 : 26,
    z: 3,
    // All at once: the picture is taken before a timer could paint the rest.
    progressive: 0,
    itemStyle: { color, opacity: isMany ? 0.6 : 0.9, borderColor: INK.card, borderWidth: 1.5 },
    data: points.map(([at, ms]) => [at, height(ms)]),
  };
}

/** The grid, below the dots. */
function gridLines(places: readonly number[]): ScatterSeriesOption {
  return {
    type: 'scatter',
    name: 'grid',
    data: [],
    markLine: {
      z: 1,
      symbol: 'none',
      silent: true,
      label: { show: false },
      lineStyle: { color: INK.grid, width: 2, type: 'solid' },
      data: places.map((yAxis) => ({ yAxis })),
    },
  };
}

/** The median and the ninetieth percent, with their names where the other one cannot be. */
function namedLines(median: number | undefined, ninetieth: number | undefined): ScatterSeriesOption {
  const named = [
    ...(ninetieth === undefined ? [] : [{ ms: ninetieth, words: '90 %', position: 'insideEndTop' as const }]),
    ...(median === undefined ? [] : [{ ms: median, words: 'half', position: 'insideEndBottom' as const }]),
  ];
  return {
    type: 'scatter',
    name: 'named',
    data: [],
    markLine: {
      z: 5,
      symbol: 'none',
      silent: true,
      lineStyle: { color: INK.title, width: 3, type: 'dashed' },
      data: named.map(({ ms, words, position }) => ({
        yAxis: height(ms),
        label: {
          show: true,
          position,
          formatter: `${words} within ${duration(ms)}`,
          color: INK.title,
          fontSize: CARD.smallSize,
          backgroundColor: `${INK.card}d0`,
          padding: [4, 10],
          borderRadius: 8,
        },
      })),
    },
  };
}
