import type { EChartsOption } from 'echarts';
import { count, duration } from '../../telegram/cards/words.ts';
import type { DigestFigures, TimelineFigures } from '../figures.ts';
import { type Graphic, legend, legendHeight, type LegendEntry } from './legend.ts';
import { CARD, card, CARD_FOOT, INK } from './look.ts';
import {
  BADGE_ROOM,
  heldUpMs,
  listedOutages,
  outageAreas,
  outageBadges,
  outageList,
  outageListHeight,
} from './outage-marks.ts';
import type { Picture } from './picture.ts';
import { OUTCOME_ORDER, OUTCOMES, runSegments } from './run-segments.ts';
import { timeTicks, wallSpan } from './time-axis.ts';
import { timeScale } from './time-scale.ts';
import { shortName } from './words.ts';

type AgentRow = TimelineFigures['agents'][number];

/** More rows than these make a picture that a phone has to shrink until nobody can read it. */
const MAX_ROWS = 24;
const PLOT_LEFT = 388;
/** Half a name of the axis stands beside the plot. */
const PLOT_WIDTH = CARD.width - PLOT_LEFT - CARD.padding - 28;
const AXIS_HEIGHT = 84;
/** So many fit beside the plot; the axis cuts those that are made of wide letters. */
const NAME_LETTERS = 16;
/** Two pictures of an album are cut to 7:5, a wider one at its sides: from this height on that is nothing but its margin. */
const LEAST_HEIGHT = 860;
/** Rows farther apart than this are no longer seen as one table. */
const MOST_PITCH = 112;

/** Who ran when and how it ended, and what held the fleet up; undefined where nothing ran and nothing was held up. */
export function timelinePicture({ timeline, ...time }: DigestFigures): Picture | undefined {
  const { fromAt, toAt, timezone } = time;
  const runs = timeline.agents.flatMap((agent) => agent.runs);
  if (runs.length === 0 && timeline.outages.length === 0) return undefined;
  const rows = chooseRows(timeline.agents);
  const { outages } = timeline;
  const title = findingOf(runs, heldUpMs(outages, time));
  const subtitle = `${count(timeline.agents.length, 'agent')}, ${wallSpan(fromAt, toAt, timezone)}`;
  const plotTop = CARD.headerHeight + (outages.length === 0 ? 0 : BADGE_ROOM);
  const entries = legendOf(runs, timeline.agents.length - rows.length);
  const below = AXIS_HEIGHT + outageListHeight(outages.length) + legendHeight(entries) + CARD_FOOT;
  const pitch = choosePitch(rows.length, LEAST_HEIGHT - plotTop - below);
  const plotHeight = Math.max(1, rows.length) * pitch;
  const listTop = plotTop + plotHeight + AXIS_HEIGHT;
  const legendTop = listTop + outageListHeight(outages.length);
  const ticks = timeTicks(fromAt, toAt, timezone);
  const xOf = (at: number): number =>
    PLOT_LEFT + (PLOT_WIDTH * (Math.min(Math.max(at, fromAt), toAt) - fromAt)) / Math.max(1, toAt - fromAt);
  const option: EChartsOption = {
    ...card(title, subtitle),
    grid: { left: PLOT_LEFT, width: PLOT_WIDTH, top: plotTop, height: plotHeight },
    xAxis: timeScale(fromAt, toAt, ticks),
    yAxis: {
      type: 'value',
      inverse: true,
      min: -0.5,
      max: Math.max(1, rows.length) - 0.5,
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: { show: false },
      axisLabel: {
        customValues: rows.map((_, row) => row),
        formatter: (row: number) => shortName(rows[row]?.name ?? '', NAME_LETTERS),
        width: PLOT_LEFT - CARD.padding - 24,
        overflow: 'truncate',
        ellipsis: '…',
        fontSize: CARD.smallSize,
        color: INK.text,
        margin: 24,
      },
    },
    series: [
      {
        ...runSegments(rows, pitch, (toAt - fromAt) / PLOT_WIDTH),
        markArea: {
          silent: true,
          itemStyle: { color: `${INK.bad}38`, borderColor: `${INK.bad}90`, borderWidth: 2 },
          data: outageAreas(
            outages,
            rows.map(({ name }) => name),
            time,
          ) as never,
        },
      },
    ],
    graphic: {
      elements: [
        ...rowLines(rows.length, plotTop, pitch),
        ...dayLines(
          ticks.filter(({ isDay }) => isDay).map(({ at }) => xOf(at)),
          plotTop,
          plotHeight,
        ),
        ...outageBadges(listedOutages(outages, time), xOf, time, plotTop),
        ...outageList(outages, time, listTop),
        ...legend(entries, legendTop),
      ],
    },
  };
  return {
    file: 'timeline.png',
    caption: `${title}. ${subtitle}.`,
    width: CARD.width,
    height: Math.max(LEAST_HEIGHT, plotTop + plotHeight + below),
    option,
  };
}

/** How far apart the rows are: few of them share the `room` that there is anyway. */
function choosePitch(rows: number, room: number): number {
  const usual = rows <= 8 ? 64 : 52;
  return Math.max(usual, Math.min(MOST_PITCH, Math.floor(room / Math.max(1, rows))));
}

/** Those to whom most happened, in the order in which they came. */
function chooseRows(agents: readonly AgentRow[]): readonly AgentRow[] {
  if (agents.length <= MAX_ROWS) return agents;
  const weight = ({ runs }: AgentRow): number =>
    runs.filter(({ outcome }) => outcome === 'failed' || outcome === 'lost').length * 1e6 + runs.length;
  const chosen = new Set(agents.toSorted((a, b) => weight(b) - weight(a)).slice(0, MAX_ROWS));
  return agents.filter((agent) => chosen.has(agent));
}

function findingOf(runs: AgentRow['runs'], heldMs: number): string {
  const failed = runs.filter(({ outcome }) => outcome === 'failed' || outcome === 'lost').length;
  const ran =
    runs.length === 0
      ? 'Nothing ran'
      : `${runs.length.toLocaleString('en-US')} ${runs.length === 1 ? 'run' : 'runs'}, ${failed === 0 ? 'none' : failed.toLocaleString('en-US')} failed`;
  return heldMs < 1_000 ? `${ran}, nothing held up` : `${ran}, held up ${duration(heldMs)}`;
}

function legendOf(runs: AgentRow['runs'], hidden: number): readonly LegendEntry[] {
  const entries: LegendEntry[] = OUTCOME_ORDER.flatMap((outcome) => {
    const n = runs.filter((run) => run.outcome === outcome).length;
    const { name, colour } = OUTCOMES[outcome];
    return n === 0 ? [] : [{ name, value: n.toLocaleString('en-US'), colour }];
  });
  if (hidden > 0) entries.push({ name: 'agents without a row', value: `${hidden}`, colour: INK.card, edge: INK.soft });
  return entries;
}

function rowLines(rows: number, top: number, pitch: number): readonly Graphic[] {
  return Array.from({ length: rows }, (_, row) => {
    const y = top + (row + 0.5) * pitch;
    return line(PLOT_LEFT, y, PLOT_LEFT + PLOT_WIDTH, y);
  });
}

function dayLines(xs: readonly number[], top: number, height: number): readonly Graphic[] {
  return xs.map((x) => line(x, top, x, top + height));
}

function line(x1: number, y1: number, x2: number, y2: number): Graphic {
  return { type: 'line', z: -1, shape: { x1, y1, x2, y2 }, style: { stroke: INK.grid, lineWidth: 2 } };
}
