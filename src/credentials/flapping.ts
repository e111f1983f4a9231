import { count, duration } from '../telegram/cards/words.ts';

/** What was noted of a credential, newest first. */
type Notes = readonly { readonly at: number; readonly event: string; readonly actor: string }[];

/** Names of what is noted of a credential's life. */
export const NOTED = {
  dead: 'dead',
  alive: 'alive',
  /** A check passed at the first probe after an agent's sign: there was nothing to it. */
  falseAlarm: 'false alarm',
  /** A sign that was not taken for the truth before its check. */
  doubted: 'doubted',
} as const;

const HOUR_MS = 3_600_000;
/** Deaths within an hour from which on they are one incident: an alert with its recovery each time would be a storm. */
const MOST_DEATHS = 3;
/** How long a credential that kept dying has to live before it counts as mended. */
export const QUIET_MS = 30 * 60_000;
/** How long, and how often, words of an agent have to prove wrong before they are only asked about. */
const DOUBT_WINDOW_MS = 6 * HOUR_MS;
const DOUBTED_AFTER = 2;

/** Says that a credential keeps dying, `4 times in 50 min`; undefined while it does not. The newest death counts. */
export function describeFlapping(notes: Notes, now: number): string | undefined {
  const deaths = notes.filter(({ at, event }) => event === NOTED.dead && at > now - HOUR_MS && at <= now);
  const first = deaths.at(-1);
  if (first === undefined || deaths.length < MOST_DEATHS) return undefined;
  return `${count(deaths.length, 'time')} in ${duration(now - first.at)}`;
}

/** How often an agent's words have lately proved wrong. */
export function falseAlarmsOf(agent: string, notes: Notes, now: number): number {
  return notes.filter(
    ({ at, event, actor }) => event === NOTED.falseAlarm && actor === agent && at > now - DOUBT_WINDOW_MS && at <= now,
  ).length;
}

/**
 * Whether the check is asked before an agent's words count: they have proved wrong repeatedly, and somebody else works well with the
 * credential. Without such a witness it may be the check that lies.
 */
export function isDoubtful(facts: {
  readonly falseAlarms: number;
  readonly hasCheck: boolean;
  /** When another agent's run with the credential last ended well. */
  readonly othersWellAt: number | undefined;
  readonly now: number;
}): boolean {
  const { falseAlarms, othersWellAt, now } = facts;
  return (
    facts.hasCheck && falseAlarms >= DOUBTED_AFTER && othersWellAt !== undefined && othersWellAt > now - DOUBT_WINDOW_MS
  );
}
