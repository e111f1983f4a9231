import type { BackupRow } from '../../storage/backup-store.ts';
import { nextCron } from '../loop/schedule.ts';

/** What failed is tried again within the same day, and yet seldom enough that a full disk is not filled again and again. */
export const RETRY_MS = 3_600_000;
/** A day that summer time makes longer has 25 hours. */
const LONGEST_DAY_MS = 26 * 3_600_000;

/** What follows for the next backup. */
export type BackupDecision =
  | { readonly kind: 'now'; readonly dueAt: number }
  | { readonly kind: 'later'; readonly at: number };

/**
 * Decides when the next backup is made: daily at its minute, once for all times that were missed, and again an hour after a failure.
 * `since`: when backups were first thought of (epoch ms); a time before it is nobody's.
 */
export function decideBackup(
  facts: {
    readonly atMinute: number;
    readonly timezone: string;
    readonly since: number;
    readonly last: Pick<BackupRow, 'dueAt' | 'state' | 'endedAt'> | undefined;
    /** When the newest one failed, whoever had asked for it; undefined: a good one came after it. */
    readonly failedAt?: number | undefined;
  },
  now: number,
): BackupDecision {
  const { atMinute, timezone, last } = facts;
  const expression = `${atMinute % 60} ${Math.floor(atMinute / 60)} * * *`;
  const next = (after: number): number => nextCron(expression, after, timezone) ?? after + LONGEST_DAY_MS;
  let newest = next(now - LONGEST_DAY_MS);
  for (let after = next(newest); after <= now; after = next(after)) newest = after;
  if (newest <= now && newest > (last?.dueAt ?? facts.since)) return { kind: 'now', dueAt: newest };
  const coming = newest > now ? newest : next(now);
  const failedAt = last?.state === 'failed' ? (last.endedAt ?? now) : facts.failedAt;
  if (failedAt === undefined) return { kind: 'later', at: coming };
  const again = Math.min(failedAt, now) + RETRY_MS;
  return again <= now
    ? { kind: 'now', dueAt: last?.dueAt ?? Math.min(newest, now) }
    : { kind: 'later', at: Math.min(again, coming) };
}
