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

/** A proof of life needs a getUpdates of up to half a minute, and a look of ten seconds. */
const PROOF_MS = 2 * MINUTE_MS;

/** What is promised of outages: they are told over some route, and nobody runs on what is dead. */
export const OUTAGE_PROMISES: readonly WorldPromise[] = [
  { name: 'what the owner types for a login is deleted', broken: undeleted, isSlow: true },
  { name: 'what Telegram does not show goes over the fallback', broken: unheard, isSlow: true },
  { name: 'nobody runs on a dead generation', broken: deadGeneration, isSlow: true },
  { name: 'a dead control plane is dark', broken: unseenDeath, isSlow: true },
  { name: 'a living control plane is not dark', broken: falseDeath, isSlow: true },
  { name: 'a silent run is told', broken: silentRun, isSlow: true },
  { name: 'no heartbeat is missed that was given', broken: falseAlarm, isSlow: true },
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

function unseenDeath({ lastLook, darkAfterMs }: WorldRecord): string | undefined {
  if (lastLook === undefined || lastLook.life === 'dark' || lastLook.downForMs < darkAfterMs) return undefined;
  return `the sentinel takes it for ${lastLook.life}, and it is gone for ${Math.round(lastLook.downForMs / SECOND_MS)} s`;
}

function falseDeath({ lastLook }: WorldRecord): string | undefined {
  if (lastLook?.life !== 'dark' || lastLook.goodForMs < PROOF_MS) return undefined;
  return `the sentinel takes it for dark, and it has been well for ${Math.round(lastLook.goodForMs / SECOND_MS)} s`;
}

function silentRun(record: WorldRecord): string | undefined {
  const { rows } = record;
  if (rows === undefined || rows.at !== record.now) return undefined;
  const late = rows.silent.find(({ owedAt }) => isOverdueHere(record, owedAt, MINUTE_MS));
  return (
    late &&
    `run ${late.run} of ${late.agent} owed a sign of life ${Math.round((record.now - late.owedAt) / SECOND_MS)} s ago, and no incident says so`
  );
}

function falseAlarm({ rows }: WorldRecord): string | undefined {
  const [first] = rows?.falseAlarms ?? [];
  return (
    first && `${first.agent} was told to be silent ${Math.round(first.silentMs / SECOND_MS)} s after it had spoken`
  );
}
