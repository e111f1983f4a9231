import { HOUR_MS, MINUTE_MS } from './fleets.ts';
import type { WorldPromise } from './promise.ts';
import type { Showing, WorldRecord } from './record.ts';

/** More alerts than this in an hour, and nobody reads them. */
const MOST_IN_AN_HOUR = 40;
/** A hundred incidents in a minute are five messages at most; three more may have waited for Telegram to come back in that very minute. */
const MOST_IN_A_MINUTE = 8;

/** What is promised of how much the owner is told. */
export const QUIET_PROMISES: readonly WorldPromise[] = [
  { name: 'no hour has more alerts than a person reads', broken: noisyHour, isSlow: true },
  { name: 'no minute sounds more alerts than a handful', broken: noisyMinute, isSlow: true },
];

function noisyHour({ showings }: WorldRecord): string | undefined {
  return tooMany(showings.filter(isUnasked), HOUR_MS, MOST_IN_AN_HOUR);
}

/** What comes twice because nobody could know that it was there counts once. */
function noisyMinute({ showings, jumps }: WorldRecord): string | undefined {
  const keys = new Set<string>();
  const first = showings.filter((showing) => {
    const isNew = !keys.has(showing.key);
    keys.add(showing.key);
    // By a clock that was set back nobody knows when something was last told.
    const isOfJump = jumps.some(({ at }) => showing.at >= at && showing.at < at + MINUTE_MS);
    return isNew && !isOfJump && isUnasked(showing) && !showing.isSilent;
  });
  return tooMany(first, MINUTE_MS, MOST_IN_A_MINUTE);
}

/** An alert that is no step of a login that the owner began, and no question to him. */
function isUnasked(showing: Showing): boolean {
  return showing.class === 'alert' && !/^(login|draft|absence):/.test(showing.key);
}

/** Showings come in the order of their time: the one `most` places before is too young where there are too many. */
function tooMany(showings: readonly Showing[], withinMs: number, most: number): string | undefined {
  const index = showings.findIndex(
    ({ at }, place) => place >= most && at - (showings[place - most]?.at ?? 0) < withinMs,
  );
  const last = showings[index];
  if (last === undefined) return undefined;
  const told = showings.slice(index - most, index + 1).map(({ key }) => key);
  return `${most + 1} alerts came within ${(last.at - (showings[index - most]?.at ?? 0)) / 1_000} s: ${told.join(', ')}`;
}
