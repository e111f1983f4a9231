/** Wall clocks of timezones: what the clock on the wall shows at an instant, and when it shows a given time. */

/** One timezone's clock; reading it costs a few microseconds, building it some dozens. */
export interface WallClock {
  /** How far the wall is ahead of UTC at an instant, in milliseconds. */
  offsetMsAt(at: number): number;
  /** Minutes after midnight that the wall shows at an instant. */
  minuteOfDayAt(at: number): number;
  /** The first instant at which the wall shows `wallMs` or, where summer time skips it, something later. */
  instantOf(wallMs: number): number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Builds the wall clock of an IANA timezone; throws a RangeError when there is none of that name. */
export function createWallClock(timezone: string): WallClock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });

  function offsetMsAt(at: number): number {
    const parts = new Map(format.formatToParts(at).map((part) => [part.type, Number(part.value)]));
    const get = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    const wholeSecond = Math.floor(at / 1000) * 1000;
    const wallMs = Date.UTC(get('year'), get('month') - 1, get('day'), get('hour'), get('minute'), get('second'));
    return wallMs - wholeSecond;
  }

  function minuteOfDayAt(at: number): number {
    const wallMs = at + offsetMsAt(at);
    return Math.floor((((wallMs % DAY_MS) + DAY_MS) % DAY_MS) / MINUTE_MS);
  }

  function instantOf(wallMs: number): number {
    // No zone changes its clock twice within two days, so these are the only two offsets that can apply.
    const offsets = [offsetMsAt(wallMs - DAY_MS), offsetMsAt(wallMs + DAY_MS)];
    const instants = offsets.map((offset) => wallMs - offset).toSorted((a, b) => a - b);
    const shown = instants.find((instant) => instant + offsetMsAt(instant) === wallMs);
    return shown ?? endOfGap(instants[0] ?? wallMs, instants[1] ?? wallMs);
  }

  /** The instant between two at which the clock jumps: halved until nothing is left, at most 28 times for a day. */
  function endOfGap(before: number, after: number): number {
    let low = before;
    let high = after;
    const offsetAfter = offsetMsAt(after);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offsetMsAt(middle) === offsetAfter) high = middle;
      else low = middle;
    }
    return high;
  }

  return { offsetMsAt, minuteOfDayAt, instantOf };
}

/** A date with its time as a message names it: `12 March 04:00`, with the year where it is another one than now's. */
export function dateAndTime(at: number, timezone: string, now: number): string {
  const wall = createWallClock(timezone);
  const shown = new Date(at + wall.offsetMsAt(at));
  const isThisYear = shown.getUTCFullYear() === new Date(now + wall.offsetMsAt(now)).getUTCFullYear();
  const month = shown.toLocaleString('en-GB', { month: 'long', timeZone: 'UTC' });
  const year = isThisYear ? '' : ` ${shown.getUTCFullYear()}`;
  return `${shown.getUTCDate()} ${month}${year} ${shown.toISOString().slice(11, 16)}`;
}
