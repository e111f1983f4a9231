import { createWallClock } from '../../loop/wall-clock.ts';

/** A named instant on a time axis. */
export interface TimeTick {
  readonly at: number;
  readonly label: string;
  /** Where a day begins. */
  readonly isDay: boolean;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Names of more than this many instants would touch each other. */
const MAX_TICKS = 7;
/** Hours from tick to tick that divide a day; then whole days. */
const STEPS_MS = [1, 2, 3, 4, 6, 12, 24, 48, 72, 120, 168, 240].map((hours) => hours * HOUR_MS);

/**
 * Round hours of the wall, or days, between two instants: `18:00`, and `Sun 22` where a day begins. An hour that summer time skips is not
 * named, and in the night that has an hour twice the axis is that much longer.
 */
export function timeTicks(fromAt: number, toAt: number, timezone: string): readonly TimeTick[] {
  const wall = createWallClock(timezone);
  const length = Math.max(1, toAt - fromAt);
  const step =
    STEPS_MS.find((candidate) => length / candidate <= MAX_TICKS - 1) ?? Math.ceil(length / 6 / DAY_MS) * DAY_MS;
  const wallFrom = fromAt + wall.offsetMsAt(fromAt);
  const wallTo = toAt + wall.offsetMsAt(toAt);
  const ticks: TimeTick[] = [];
  // At most one step before, MAX_TICKS between and one after: the clock's own jumps are shorter than a step or change one tick.
  const midnight = Math.floor(wallFrom / DAY_MS) * DAY_MS;
  const first = midnight + Math.ceil((wallFrom - midnight) / step) * step;
  for (let wallMs = first; wallMs <= wallTo; wallMs += step) {
    const at = wall.instantOf(wallMs);
    const isSkipped = at + wall.offsetMsAt(at) !== wallMs;
    if (isSkipped || at < fromAt || at > toAt) continue;
    const isDay = wallMs % DAY_MS === 0;
    ticks.push({ at, label: isDay ? dayLabel(wallMs) : new Date(wallMs).toISOString().slice(11, 16), isDay });
  }
  return ticks;
}

/** A time of the wall, with its weekday where the axis is longer than a day and a half. */
export function wallTime(at: number, timezone: string, withDay: boolean): string {
  const wallMs = at + createWallClock(timezone).offsetMsAt(at);
  const time = new Date(wallMs).toISOString().slice(11, 16);
  return withDay ? `${dayLabel(wallMs)} ${time}` : time;
}

/** `Sun 22, 08:00 to 20:00`, or with both days where they are two. */
export function wallSpan(fromAt: number, toAt: number, timezone: string): string {
  const [from, to] = [wallTime(fromAt, timezone, true), wallTime(toAt, timezone, true)];
  const [day, until] = [from.slice(0, -6), to.slice(0, -6)];
  return day === until ? `${day}, ${from.slice(-5)} to ${to.slice(-5)}` : `${from} to ${to}`;
}

function dayLabel(wallMs: number): string {
  const day = new Date(wallMs);
  return `${day.toLocaleString('en-GB', { weekday: 'short', timeZone: 'UTC' })} ${day.getUTCDate()}`;
}
