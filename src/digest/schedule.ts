import { Cron } from 'croner';
import type { Storage } from '../../storage/storage.ts';
import { nextCron } from '../loop/schedule.ts';

/** Setting: the expressions that digests are due by, and since when. */
const KEY = 'digest-schedule';

const DAY_MS = 86_400_000;
/** A digest that tells of more than a week is one that nobody reads. */
export const LONGEST_MS = 7 * DAY_MS;

/** When digests are due: the last time that has come and was not served, and the next one to come; undefined: there is none. */
export interface DigestTimes {
  readonly dueAt: number | undefined;
  readonly nextAt: number | undefined;
}

/**
 * Looks at the schedule: of several times that have passed since the last one only the newest is due. Times before the schedule was written
 * as it is now are nobody's. Belongs into a transaction.
 */
export function lookAtSchedule(
  storage: Storage,
  { digest, timezone }: { readonly digest: readonly string[]; readonly timezone: string },
  now: number,
): DigestTimes {
  const since = Math.max(scheduleSince(storage, digest, timezone, now), storage.digests.lastScheduled(now)?.dueAt ?? 0);
  const passed = digest.map((expression) => previousCron(expression, now, timezone)).filter((at) => at !== undefined);
  const next = digest.map((expression) => nextCron(expression, now, timezone)).filter((at) => at !== undefined);
  const newest = Math.max(...passed);
  return {
    dueAt: newest > since ? newest : undefined,
    nextAt: next.length === 0 ? undefined : Math.min(...next),
  };
}

/** What a digest of `to` tells of: all since the last one of the schedule, or what there is of the last day. */
export function sinceLast(storage: Storage, to: number): number {
  const last = storage.digests.lastScheduled(to)?.toAt;
  const from = last ?? Math.max(to - DAY_MS, Math.min(to, storage.digests.firstAt() ?? to));
  return Math.min(to, Math.max(from, to - LONGEST_MS));
}

/** The newest time of an expression that is not after `at`. */
function previousCron(expression: string, at: number, timezone: string): number | undefined {
  const cron = new Cron(expression, { timezone, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard', paused: true });
  // It finds what lies before an instant.
  return cron.previousRuns(1, new Date(at + 1))[0]?.getTime();
}

function scheduleSince(storage: Storage, digest: readonly string[], timezone: string, now: number): number {
  const written = JSON.stringify({ digest, timezone });
  const known = JSON.parse(storage.settings.get(KEY) ?? '{}') as { readonly written?: string; readonly since?: number };
  // A clock that was ahead when it was written says nothing of when.
  if (known.written === written && known.since !== undefined && known.since <= now) return known.since;
  storage.settings.set(KEY, JSON.stringify({ written, since: now }));
  return now;
}
