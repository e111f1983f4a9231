import { MINUTE_MS, SECOND_MS } from './fleets.ts';
import { isOverdue, LATENESS_MS, type WorldPromise } from './promise.ts';
import type { WorldRecord } from './record.ts';

/** A minute until the second route is taken, three tries of half a minute with pauses, and one text may be under way before. */
const FALLBACK_MS = 60 * SECOND_MS + 5 * MINUTE_MS;
/** What comes while the last text is fresh waits for the next one. */
const FALLBACK_PAUSE_MS = 10 * MINUTE_MS;
/** A minute of grace, then TERM, its grace, and KILL. */
const DEAD_MS = 60 * SECOND_MS + 2 * MINUTE_MS;
/** Runs of before a renewal are started anew one after the other, a minute each at most. */
const OUTDATED_MS = 15 * MINUTE_MS;

/** What is promised of outages: they are told over some route, and nobody runs on what is dead. */
export const OUTAGE_PROMISES: readonly WorldPromise[] = [
  { name: 'what the owner types for a login is deleted', broken: undeleted, isSlow: true },
  { name: 'what Telegram does not show goes over the fallback', broken: unheard, isSlow: true },
  { name: 'nobody runs on a dead generation', broken: deadGeneration, isSlow: true },
];

function undeleted(record: WorldRecord): string | undefined {
  const late = record.typed.find(({ at, deletedAt }) => deletedAt === undefined && isOverdue(record, at, MINUTE_MS));
  return late && `message ${late.messageId} holds a secret that the owner typed, and still stands in the chat`;
}

/** Whether something waits since then for longer than this, while the control plane was up the whole time: Telegram does not matter. */
function isOverdueHere(record: WorldRecord, since: number, limitMs: number): boolean {
  return record.upSince !== undefined && record.now - Math.max(since, record.upSince) > limitMs + LATENESS_MS;
}

function unheard(record: WorldRecord): string | undefined {
  const { rows, fallbacks } = record;
  if (rows === undefined || !record.hasFallback || rows.at !== record.now) return undefined;
  const unshown = rows.unshownCriticals.filter(
    ({ id }) => !fallbacks.some(({ text }) => new RegExp(`#${id}\\b`).test(text)),
  );
  const late = unshown.find(({ openedAt }) => {
    const before = fallbacks.findLast(({ at }) => at < openedAt + FALLBACK_MS && at > openedAt - FALLBACK_PAUSE_MS);
    return isOverdueHere(record, Math.max(openedAt, (before?.at ?? 0) + FALLBACK_PAUSE_MS), FALLBACK_MS);
  });
  return late && `incident ${late.id} (${late.title}) is shown by nobody, and the fallback was never given it`;
}

function deadGeneration(record: WorldRecord): string | undefined {
  const { rows } = record;
  if (rows === undefined || rows.at !== record.now) return undefined;
  const dead = rows.doomed.find(({ isDead, since }) => isOverdueHere(record, since, isDead ? DEAD_MS : OUTDATED_MS));
  return (
    dead &&
    `run ${dead.run} of ${dead.agent} still runs on generation ${dead.generation} of ${dead.credential}, which is ${dead.isDead ? 'dead' : 'replaced'} for ${Math.round((record.now - dead.since) / SECOND_MS)} s`
  );
}
