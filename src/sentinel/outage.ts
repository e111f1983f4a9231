import type { DarkCause, Life } from './life.ts';

/** An outage, as the sentinel remembers it from look to look. */
export interface Outage {
  readonly cause: DarkCause;
  /** When it began, as far as it is known; else when it was first seen. */
  readonly since: number;
  /** When the owner was told; undefined: he could not be reached yet. */
  readonly toldAt?: number;
  /** When it could not be told last, by no route. */
  readonly failedAt?: number;
  /** Since when it is alive again. */
  readonly aliveSince?: number;
  /** When the end of it was first tried to be told. */
  readonly overSince?: number;
}

/** What there is to tell. */
export type News =
  | { readonly kind: 'dark'; readonly outage: Outage }
  | { readonly kind: 'back'; readonly outage: Outage; readonly lastedMs: number };

/** What the sentinel knows of outages. */
export interface Outages {
  readonly current: Outage | undefined;
  /** When it told of the last ones, newest last. */
  readonly tellings: readonly number[];
}

/** A control plane that goes dark more often than this in an hour is told of as over only once it has stayed up. */
const MOST_TELLINGS_AN_HOUR = 3;
const HOUR_MS = 3_600_000;
const STEADY_MS = 10 * 60_000;
/** A good end that nobody takes for so long is not news any more. */
const GIVE_UP_BACK_MS = 24 * HOUR_MS;

/**
 * What goes dark again is told anew once it has stayed so for so long: the control plane has told its return, and a supervisor that
 * starts it after each fall would else be told each minute.
 */
const STAYS_DARK_MS = 2 * 60_000;

/** Whose `since` is a time at which it lived still, or was started. */
const FALLS: readonly DarkCause[] = ['gone', 'rebooted', 'stopped', 'not-started', 'ended', 'silent', 'deaf'];

/** Its process is there. */
const HANGS: readonly DarkCause[] = ['silent', 'deaf'];

/** Nobody has to get up for these; what follows them is told by itself. */
const HARMLESS: readonly DarkCause[] = ['stopped', 'drill', 'never-ran'];

/** Decides what there is to tell after a look: each outage once, and once that it is over. */
export function decideNews(outages: Outages, life: Life, now: number): { outages: Outages; news: News | undefined } {
  const { current } = outages;
  const tellings = outages.tellings.filter((at) => at <= now && now - at < HOUR_MS);
  const keep = (outage: Outage | undefined, news?: News) => ({ outages: { current: outage, tellings }, news });

  switch (life.kind) {
    case 'starting':
      return keep(current);
    case 'dark': {
      const isNew =
        current === undefined ||
        (HARMLESS.includes(current.cause) && !HARMLESS.includes(life.cause)) ||
        fellAgain(current, life.cause, life.since, now);
      const since = (isNew ? undefined : current.since) ?? life.since ?? now;
      const { aliveSince: _alive, overSince: _over, ...known } = current ?? {};
      // Only the look that its supervisor asked for knows that a start failed.
      const cause = current?.cause === 'not-started' && life.cause === 'stopped' ? 'not-started' : life.cause;
      const outage: Outage = isNew ? { cause, since } : { ...known, cause, since };
      return keep(outage, outage.toldAt === undefined ? { kind: 'dark', outage } : undefined);
    }
    case 'alive': {
      // What the owner never heard of needs no end: the control plane itself tells how long it was away, and how its drill went.
      if (current?.toldAt === undefined || current.cause === 'drill') return keep(undefined);
      const { startedAt } = life;
      // What was there all the time, and only now proves something, was dark until now.
      const isOther = !HANGS.includes(current.cause) && startedAt !== undefined && startedAt > current.since;
      const aliveSince = current.aliveSince ?? (isOther ? Math.min(startedAt, now) : now);
      const alive: Outage = { ...current, aliveSince };
      const isFlapping = tellings.length >= MOST_TELLINGS_AN_HOUR && Math.abs(now - aliveSince) < STEADY_MS;
      if (isFlapping) return keep(alive);
      const overSince = current.overSince ?? now;
      if (now - overSince > GIVE_UP_BACK_MS) return keep(undefined);
      const lastedMs = Math.max(0, aliveSince - current.since);
      return keep({ ...alive, overSince }, { kind: 'back', outage: current, lastedMs });
    }
  }
}

/** Whether it lived after it was told as dark, and is down again for good: the last that the owner has read is that it is back. */
function fellAgain({ toldAt }: Outage, cause: DarkCause, since: number | undefined, now: number): boolean {
  if (toldAt === undefined || since === undefined || !FALLS.includes(cause)) return false;
  return since > toldAt && now - since >= STAYS_DARK_MS;
}

/** What the sentinel knows once nobody could be told. */
export function afterFailing(outages: Outages, now: number): Outages {
  return outages.current === undefined ? outages : { ...outages, current: { ...outages.current, failedAt: now } };
}

/** What the sentinel knows once the owner has been told. */
export function afterTelling(outages: Outages, news: News, now: number): Outages {
  if (news.kind === 'back') return { ...outages, current: undefined };
  return { current: { ...news.outage, toldAt: now }, tellings: [...outages.tellings, now] };
}
