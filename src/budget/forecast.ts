const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** So many percent of a budget have to go within an hour before its pace is worth an alarm. */
const LEAST_PERCENT_AN_HOUR = 2;

/** What a month is expected to come to. */
export interface Forecast {
  readonly microUsd: number;
  /** When the limit would be reached; undefined: not within the month, or there is none. */
  readonly usedUpAt: number | undefined;
}

/**
 * Expects the rest of the month to go on as the days before it: what is spent so far, and the average of a day times the days left. The days
 * are lengths of 24 hours, so that a night of summer time is as long as it is.
 */
export function forecastMonth(facts: {
  readonly now: number;
  readonly monthEndsAt: number;
  /** This month, so far. */
  readonly spentMicroUsd: number;
  /** Since `since`, which may lie in the month before. */
  readonly recentMicroUsd: number;
  readonly since: number;
  readonly limitMicroUsd: number | undefined;
}): Forecast {
  const { now, monthEndsAt, spentMicroUsd, limitMicroUsd } = facts;
  // The first hour of a fleet says nothing of its days.
  const pastMs = Math.max(DAY_MS, now - facts.since);
  const leftMs = Math.max(0, monthEndsAt - now);
  const microUsd = spentMicroUsd + Math.round((facts.recentMicroUsd * leftMs) / pastMs);
  if (limitMicroUsd === undefined || spentMicroUsd >= limitMicroUsd || microUsd < limitMicroUsd)
    return { microUsd, usedUpAt: undefined };
  const untilMs = ((limitMicroUsd - spentMicroUsd) * pastMs) / facts.recentMicroUsd;
  return { microUsd, usedUpAt: Math.round(now + untilMs) };
}

/**
 * When a budget would be used up if the last hour went on; undefined where that is no alarm: it would last for more than a day, or to the end
 * of its month, or hardly anything was spent in that hour.
 */
export function decideBurn(facts: {
  readonly now: number;
  readonly monthEndsAt: number;
  readonly spentMicroUsd: number;
  readonly lastHourMicroUsd: number;
  readonly limitMicroUsd: number;
}): number | undefined {
  const { now, spentMicroUsd, lastHourMicroUsd, limitMicroUsd } = facts;
  const left = limitMicroUsd - spentMicroUsd;
  if (left <= 0 || lastHourMicroUsd <= 0 || lastHourMicroUsd * 100 < limitMicroUsd * LEAST_PERCENT_AN_HOUR)
    return undefined;
  const lastsMs = Math.round((left * HOUR_MS) / lastHourMicroUsd);
  return lastsMs > DAY_MS || now + lastsMs >= facts.monthEndsAt ? undefined : now + lastsMs;
}
