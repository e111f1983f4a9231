import { HOUR_MS, MINUTE_MS } from './fleets.ts';
import { LATENESS_MS, type WorldPromise } from './promise.ts';
import type { WorldRecord } from './record.ts';

/** A look at the schedule each quarter of a minute, and a database that may be full for a moment. */
const DUE_MS = MINUTE_MS;
/** Three attempts of half a minute with their pauses, one digest after the other. */
const DRAWN_MS = 10 * MINUTE_MS;

/** What is promised of digests; that their messages come once, and soon after Telegram is back, is promised of all messages. */
export const DIGEST_PROMISES: readonly WorldPromise[] = [
  { name: 'each digest that is due is told', broken: missingDigest, isSlow: true },
  { name: 'no digest waits for its pictures', broken: undrawnDigest, isSlow: true },
];

/** Digests of these worlds are due each full hour of the machine's wall. */
function missingDigest(record: WorldRecord): string | undefined {
  const { rows, upSince, now } = record;
  if (rows === undefined || upSince === undefined || !record.hasDigest || rows.at !== now) return undefined;
  const untold = rows.digests.find(({ isTold }) => !isTold);
  if (untold !== undefined) return `the digest that was due at ${wall(untold.dueAt)} is a row, and in no message`;
  const dueAt = Math.floor(rows.wallAt / HOUR_MS) * HOUR_MS;
  // What was due before the schedule was first looked at is nobody's.
  if (dueAt <= record.beganAt || rows.digests.some((digest) => digest.dueAt === dueAt)) return undefined;
  // A wall that was set shows an hour that nobody could see come.
  const since = Math.max(now - (rows.wallAt - dueAt), upSince, record.jumps.at(-1)?.at ?? 0);
  return now - since > DUE_MS + LATENESS_MS ? `no digest tells of ${wall(dueAt)}` : undefined;
}

function undrawnDigest({ rows, upSince, now }: WorldRecord): string | undefined {
  if (rows === undefined || upSince === undefined || rows.at !== now || now - upSince < DRAWN_MS) return undefined;
  const late = rows.digests.filter(({ state, dueAt }) => state === 'due' && rows.wallAt - dueAt > HOUR_MS);
  return late[0] && `the digest of ${wall(late[0].dueAt)} still waits for its pictures`;
}

function wall(at: number): string {
  return new Date(at).toISOString().slice(0, 16);
}
