import { count, duration } from '../../telegram/cards/words.ts';
import type { TimelineFigures } from '../figures.ts';
import { type Graphic, text } from './legend.ts';
import { CARD, INK, textWidth } from './look.ts';
import { wallTime } from './time-axis.ts';
import { drawable } from './words.ts';

/** Something that held agents up, as the figures tell it. */
export type Outage = TimelineFigures['outages'][number];

/** What the marks have to know of the time that the picture shows. */
export interface ShownTime {
  readonly fromAt: number;
  readonly toAt: number;
  readonly timezone: string;
}

/** As many outages have a number and a line below the plot: the longest. */
const MAX_LISTED = 4;
const BADGE_RADIUS = 24;
const LINE_HEIGHT = 58;

/** How much room the numbers need above the plot. */
export const BADGE_ROOM = 2 * BADGE_RADIUS + 14;

/** The outages that have a number, in their order of time. */
export function listedOutages(outages: readonly Outage[], { toAt }: ShownTime): readonly Outage[] {
  return outages
    .toSorted((a, b) => endOf(b, toAt) - b.fromAt - (endOf(a, toAt) - a.fromAt))
    .slice(0, MAX_LISTED)
    .toSorted((a, b) => a.fromAt - b.fromAt);
}

/** How long at least one outage lasted within the time: what overlaps counts once. */
export function heldUpMs(outages: readonly Outage[], { fromAt, toAt }: ShownTime): number {
  let total = 0;
  let until = fromAt;
  for (const outage of outages.toSorted((a, b) => a.fromAt - b.fromAt)) {
    const end = Math.min(endOf(outage, toAt), toAt);
    total += Math.max(0, end - Math.max(until, outage.fromAt));
    until = Math.max(until, end);
  }
  return total;
}

/** The spans, across the rows of those concerned; neighbours make one area. `names` are the rows, top down. */
export function outageAreas(
  outages: readonly Outage[],
  names: readonly string[],
  { fromAt, toAt }: ShownTime,
): { coord: [number, number] }[][] {
  return outages.flatMap((outage) => {
    const from = Math.max(fromAt, outage.fromAt);
    const to = Math.min(toAt, Math.max(endOf(outage, toAt), from));
    return rowRanges(outage, names).map(([first, last]) => [
      { coord: [from, first - 0.5] as [number, number] },
      { coord: [to, last + 0.5] as [number, number] },
    ]);
  });
}

function rowRanges({ agents }: Outage, names: readonly string[]): readonly (readonly [first: number, last: number])[] {
  if (agents.length === 0) return [[0, Math.max(0, names.length - 1)]];
  const ranges: [number, number][] = [];
  for (const [row, name] of names.entries()) {
    if (!agents.includes(name)) continue;
    const before = ranges.at(-1);
    if (before !== undefined && before[1] === row - 1) before[1] = row;
    else ranges.push([row, row]);
  }
  return ranges;
}

/** A number above each listed outage; where two begin close to each other, the later one moves to the right. */
export function outageBadges(
  listed: readonly Outage[],
  xOf: (at: number) => number,
  time: ShownTime,
  plotTop: number,
): readonly Graphic[] {
  const step = 2 * BADGE_RADIUS + 8;
  const rightmost = CARD.width - CARD.padding - BADGE_RADIUS;
  let least = 0;
  return listed.flatMap((outage, index) => {
    const middle = (xOf(outage.fromAt) + xOf(endOf(outage, time.toAt))) / 2;
    // Those that follow need room, too.
    const x = Math.min(Math.max(middle, least), rightmost - (listed.length - 1 - index) * step);
    least = x + step;
    return badge(index + 1, x, plotTop - BADGE_RADIUS - 8);
  });
}

function badge(number: number, x: number, middle: number): readonly Graphic[] {
  return [
    { type: 'circle', shape: { cx: x, cy: middle, r: BADGE_RADIUS }, style: { fill: INK.bad } },
    text(`${number}`, x, middle + 1, { align: 'center', colour: INK.card, weight: 'bold' }),
  ];
}

/** How high the list of outages is. */
export function outageListHeight(outages: number): number {
  return outages === 0 ? 0 : (Math.min(outages, MAX_LISTED) + (outages > MAX_LISTED ? 1 : 0)) * LINE_HEIGHT + 16;
}

/** What each number is: its title, when it was, and whom it held up. */
export function outageList(outages: readonly Outage[], time: ShownTime, top: number): readonly Graphic[] {
  const withDay = time.toAt - time.fromAt > 36 * 3_600_000;
  const left = CARD.padding + 2 * BADGE_RADIUS + 20;
  const right = CARD.width - CARD.padding;
  const lines = listedOutages(outages, time).flatMap((outage, index) => {
    const middle = top + index * LINE_HEIGHT + LINE_HEIGHT / 2;
    const whom = outage.agents.length === 0 ? 'all' : count(outage.agents.length, 'agent');
    const when = `${whom}, ${whenOf(outage, time, withDay)}`;
    return [
      ...badge(index + 1, CARD.padding + BADGE_RADIUS, middle),
      text(drawable(outage.title), left, middle, {
        width: right - left - textWidth(when, CARD.smallSize) - 24,
        colour: INK.title,
      }),
      text(when, right, middle, { align: 'right' }),
    ];
  });
  const more = outages.length - MAX_LISTED;
  if (more <= 0) return lines;
  const middle = top + MAX_LISTED * LINE_HEIGHT + LINE_HEIGHT / 2;
  return [...lines, text(`and ${more} shorter`, left, middle, { colour: INK.soft })];
}

/** A long one begins on its day and has its length; a short one has its two times. */
function whenOf(outage: Outage, { fromAt, toAt, timezone }: ShownTime, withDay: boolean): string {
  const length = duration(endOf(outage, toAt) - outage.fromAt);
  if (outage.toAt === null) return `open for ${length}`;
  if (outage.fromAt < fromAt) return `${length}, until ${wallTime(outage.toAt, timezone, withDay)}`;
  return `${wallTime(outage.fromAt, timezone, withDay)}, ${length}`;
}

function endOf({ toAt }: Outage, now: number): number {
  return toAt ?? now;
}
