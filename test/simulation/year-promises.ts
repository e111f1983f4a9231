import { copiedAt } from '../../src/backups/backup-files.ts';
import { DRAIN_MS } from '../../src/restart/restart.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from './fleets.ts';
import { LATENESS_MS, type WorldPromise } from './promise.ts';
import type { WorldRecord } from './record.ts';

/** A look at the schedule each ten minutes, and the copying itself. */
const COPIED_MS = 12 * MINUTE_MS;
/** What failed is tried again an hour later. */
const COPIED_AFTER_FAILURE_MS = HOUR_MS + COPIED_MS;
/** Trying whether a new process comes up, writing it down, and ending. */
const GONE_MS = MINUTE_MS;

/** What is promised of what keeps a fleet alive for a year: its backups, and its own restarts. */
export const YEAR_PROMISES: readonly WorldPromise[] = [
  { name: 'each day has its backup', broken: missingBackup, isSlow: true },
  { name: 'a copy of the database opens', broken: uselessCopy },
  { name: 'no more copies are kept than wanted', broken: hoard, isSlow: true },
  { name: 'a restart that was asked for comes to its end', broken: endlessRestart, isSlow: true },
  { name: 'what came of a restart is told', broken: untoldRestart, isSlow: true },
];

/** Each time of the schedule, at most an hour late for each failure, as long as disk and program live: a day and a half is never reached. */
function missingBackup(record: WorldRecord): string | undefined {
  const { rows, upSince, now } = record;
  // By a clock that was set nobody knows which day has its backup.
  if (
    record.jumps.length > 0 ||
    rows === undefined ||
    upSince === undefined ||
    rows.at !== now ||
    record.diskLowSince !== undefined
  )
    return undefined;
  const { backupDueAt, wallAt, backups } = rows;
  // What was due before backups were first thought of is nobody's.
  if (backupDueAt <= record.beganAt + LATENESS_MS) return undefined;
  const dueAt = now - (wallAt - backupDueAt);
  const failed = backups.filter(({ state, endedAt }) => state === 'failed' && endedAt >= dueAt);
  if (backups.some((backup) => backup.state === 'done' && backup.dueAt >= backupDueAt)) return undefined;
  const since = Math.max(dueAt, upSince, ...failed.map(({ endedAt }) => endedAt));
  const withinMs = failed.length > 0 ? COPIED_AFTER_FAILURE_MS : COPIED_MS;
  return now - since > withinMs + LATENESS_MS
    ? `no copy was made of ${new Date(backupDueAt).toISOString().slice(0, 16)}, ${Math.round((now - since) / MINUTE_MS)} min ago`
    : undefined;
}

function uselessCopy({ copiesMade }: WorldRecord): string | undefined {
  const bad = copiesMade.find(({ problem }) => problem !== undefined);
  return bad && `${bad.name} is of no use: ${bad.problem}`;
}

/** Older ones go after a good one; a control plane that died in between leaves that to the next one. */
function hoard(record: WorldRecord): string | undefined {
  const { rows, upSince, now, strangeCopies, backup } = record;
  const last = record.copiesMade.at(-1);
  if (rows === undefined || last === undefined || upSince === undefined || rows.at !== now) return undefined;
  if (upSince > last.at || now - last.at < MINUTE_MS) return undefined;
  // By the wall of the machine, which is in their names.
  const isNewer = (name: string): boolean => (copiedAt(name) ?? 0) > (copiedAt(last.name) ?? 0);
  const kept = rows.copies.filter((name) => !isNewer(name));
  if (strangeCopies.some((at) => at >= last.at)) return undefined;
  return kept.length > backup.keep ? `${kept.length} copies are kept, and ${backup.keep} are wanted` : undefined;
}

function endlessRestart({ rows, upSince, now }: WorldRecord): string | undefined {
  if (rows === undefined || upSince === undefined || rows.at !== now) return undefined;
  const open = rows.restarts.find(({ state }) => state === 'draining' || state === 'going');
  if (open === undefined) return undefined;
  const until =
    open.state === 'going' ? upSince : Math.max(upSince, Math.min(open.deadlineAt, open.askedAt + DRAIN_MS));
  const lateMs = now - until - GONE_MS - LATENESS_MS;
  return lateMs > 0 ? `restart ${open.id} is ${open.state}, ${Math.round(lateMs / SECOND_MS)} s too long` : undefined;
}

function untoldRestart({ rows, upSince, now }: WorldRecord): string | undefined {
  if (rows === undefined || upSince === undefined || rows.at !== now) return undefined;
  const untold = rows.restarts.find(({ state, isTold }) => state === 'back' && !isTold);
  return untold && `restart ${untold.id} is over, and no message says so`;
}
