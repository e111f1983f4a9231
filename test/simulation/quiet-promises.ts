import { HOUR_MS, MINUTE_MS } from './fleets.ts';
import type { WorldPromise } from './promise.ts';
import type { Showing, WorldRecord } from './record.ts';

/** More alerts than this in an hour, and nobody reads them. */
const MOST_IN_AN_HOUR = 40;
/** Four of their own, and one for all others: what a minute may ask for, whatever happens in it. */
const MOST_ASKED_IN_A_MINUTE = 5;
/** What waited for Telegram comes in the minute in which it is back, beside what is new in that minute. */
const MOST_SHOWN_IN_A_MINUTE = 8;

/** What is promised of how much the owner is told. */
export const QUIET_PROMISES: readonly WorldPromise[] = [
  { name: 'no hour has more alerts than a person reads', broken: noisyHour, isSlow: true },
  { name: 'no minute sounds more alerts than a handful', broken: noisyMinute, isSlow: true },
];

function noisyHour({ showings }: WorldRecord): string | undefined {
  return tooMany(showings.filter(isUnasked), ({ at }) => at, HOUR_MS, MOST_IN_AN_HOUR);
}

/** What comes twice because nobody could know that it was there counts once. */
function noisyMinute({ showings, jumps }: WorldRecord): string | undefined {
  const keys = new Set<string>();
  const first = showings.filter((showing) => {
    const isNew = !keys.has(showing.key);
    keys.add(showing.key);
    // By a clock that was set back nobody knows when something was last told.
    const isOfJump = jumps.some(({ at }) => showing.at >= at && showing.askedAt < at + MINUTE_MS);
    return isNew && !isOfJump && isUnasked(showing) && !showing.isSilent;
  });
  return (
    tooMany(first, ({ askedAt }) => askedAt, MINUTE_MS, MOST_ASKED_IN_A_MINUTE) ??
    tooMany(first, ({ at }) => at, MINUTE_MS, MOST_SHOWN_IN_A_MINUTE)
  );
}

/** An alert that is no step of a login that the owner began, and no question to him. */
function isUnasked(showing: Showing): boolean {
  return showing.class === 'alert' && !/^(login|draft|absence):/.test(showing.key);
}

/** In the order of their time: the one `most` places before is too young where there are too many. */
function tooMany(
  showings: readonly Showing[],
  timeOf: (showing: Showing) => number,
  withinMs: number,
  most: number,
): string | undefined {
  const sorted = showings.toSorted((a, b) => timeOf(a) - timeOf(b));
  const index = sorted.findIndex((showing, place) => {
    const before = sorted[place - most];
    return before !== undefined && timeOf(showing) - timeOf(before) < withinMs;
  });
  const [first, last] = [sorted[index - most], sorted[index]];
  if (first === undefined || last === undefined) return undefined;
  const told = sorted.slice(index - most, index + 1).map(({ key }) => key);
  return `${most + 1} alerts came within ${(timeOf(last) - timeOf(first)) / 1_000} s: ${told.join(', ')}`;
}
