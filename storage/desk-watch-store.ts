import type { Connection } from './database.ts';
import { past, type SetBack } from './set-back.ts';

/** What the watch over the desk knows of a draft besides its row. */
export interface DraftWatch {
  /** When it is looked at next; 0: nothing is planned yet; null: not any more. */
  readonly watchAt: number | null;
  /** When its last snooze ended. */
  readonly wokenAt: number | null;
  /** 1: a rule had reached its number for the day when it was to approve it. */
  readonly ruleOver: number;
}

/** A message of which nothing was shown yet. */
export interface UnshownMessage {
  readonly key: string;
  readonly attempts: number;
  readonly createdAt: number;
}

/** What the watch over the desk asks and writes down; every query reads by an index or with a limit. */
export interface DeskWatchStore {
  watchOf(draftId: number): DraftWatch | undefined;
  plan(draftId: number, at: number | null): void;
  /** Plans all waiting drafts anew, whatever was planned. */
  planAnew(): void;
  /** Drafts to be looked at by then, in their order. */
  due(by: number, limit: number): number[];
  nextAt(): number | undefined;
  /** Ends a snooze that is over; false when it was changed meanwhile. */
  wake(draftId: number, now: number): boolean;
  /** Counts the owner as reminded; false when he was already. */
  remind(draftId: number, percent: number): boolean;
  /** Leaves it to a person, for good. */
  endRule(draftId: number): void;
  /** Whether it is told of in one message with others, instead of by a card of its own. */
  setQueued(draftId: number, isQueued: boolean): void;
  /** Whether a pending draft in the queue was not shown to anybody yet. */
  hasUnshownQueued(): boolean;
  /** The pending drafts of the queue were shown; gives which of them are news. */
  showQueued(now: number): number[];
  /** Undecided drafts that came since then, counted up to a limit. */
  countRecent(since: number, now: number): number;
  /** How many pending drafts with cards have an earlier deadline, counted up to `most`. */
  countMoreUrgent(windowEndsAt: number, most: number): number;
  /** Pending drafts of these kinds, the most urgent first. */
  urgentOfKinds(kinds: readonly string[], limit: number): number[];
  /** Pending drafts of these kinds with higher ids, in the order of their ids. */
  nextOfKinds(kinds: readonly string[], after: number, limit: number): number[];
  /** Pending drafts of the queue, the most urgent first. */
  queued(limit: number): number[];
  /** Drafts that expired since then, the latest first. */
  expiredSince(since: number, limit: number): number[];
  countApprovedBy(actor: string, since: number): number;
  /** When the owner's last pause of the fleet or of this agent ended: now, where one is on; undefined: none is known. */
  pausedUntil(agent: string, now: number): number | undefined;
  /** Messages with such a key that were not shown yet, in the order in which they would be sent. `*` stands for anything. */
  unshown(keys: string, limit: number): UnshownMessage[];
  /** After the clock was set back: what was planned is planned anew. */
  setBack(jump: SetBack): void;
}

/** Drafts that are looked at for how many came lately: far more than any `burst`. */
const MOST_RECENT = 500;

const PENDING = `d.state IN ('pending', 'approved', 'publishing', 'unknown') AND d.state = 'pending'`;
const BY_URGENCY = 'd.window_ends_at IS NULL, d.window_ends_at, d.priority, d.id';

/** Builds the store of the watch over the desk. */
export function createDeskWatchStore(connection: Connection): DeskWatchStore {
  const watchOf = connection.statement<[number], DraftWatch>(
    'SELECT watch_at AS watchAt, woken_at AS wokenAt, rule_over AS ruleOver FROM draft WHERE id = ?',
  );
  const plan = connection.statement<[number | null, number]>('UPDATE draft SET watch_at = ? WHERE id = ?');
  const planAnew = connection.statement<[]>(
    `UPDATE draft SET watch_at = 0 WHERE state IN ('pending', 'approved', 'publishing', 'unknown') AND state IN ('pending', 'approved')`,
  );
  const due = connection.statement<[number, number], { id: number }>(
    'SELECT id FROM draft WHERE watch_at IS NOT NULL AND watch_at <= ? ORDER BY watch_at, id LIMIT ?',
  );
  const next = connection.statement<[], { at: number | null }>(
    'SELECT min(watch_at) AS at FROM draft WHERE watch_at IS NOT NULL',
  );
  const wake = connection.statement<[number, number, number]>(
    `UPDATE draft SET snoozed_until = NULL, woken_at = ? WHERE id = ? AND state = 'pending' AND snoozed_until <= ?`,
  );
  const remind = connection.statement<[number, number, number]>(
    'UPDATE draft SET reminded_percent = ? WHERE id = ? AND reminded_percent < ?',
  );
  const endRule = connection.statement<[number]>('UPDATE draft SET rule_over = 1 WHERE id = ?');
  const setQueued = connection.statement<[number, number]>('UPDATE draft SET is_queued = ? WHERE id = ?');
  const unshownQueued = connection.statement<[], { id: number }>(
    `SELECT id FROM draft WHERE is_queued = 1 AND state = 'pending' AND shown_at IS NULL LIMIT 1`,
  );
  const showQueued = connection.statement<[number], { id: number }>(
    `UPDATE draft SET shown_at = ? WHERE is_queued = 1 AND state = 'pending' AND shown_at IS NULL RETURNING id`,
  );
  const recent = connection.statement<[number, number, number], { n: number }>(
    `SELECT count(*) AS n FROM (SELECT state, created_at FROM draft ORDER BY id DESC LIMIT ?)
     WHERE state = 'pending' AND created_at > ? AND created_at <= ?`,
  );
  const moreUrgent = connection.statement<[number, number], { n: number }>(
    `SELECT count(*) AS n FROM (SELECT 1 FROM draft d WHERE ${PENDING} AND d.is_queued = 0 AND d.window_ends_at < ?
     ORDER BY d.window_ends_at LIMIT ?)`,
  );
  const urgentOfKinds = connection.statement<[string, number], { id: number }>(
    `SELECT d.id FROM draft d WHERE ${PENDING} AND d.kind IN (SELECT value FROM json_each(?)) ORDER BY ${BY_URGENCY} LIMIT ?`,
  );
  const nextOfKinds = connection.statement<[number, string, number], { id: number }>(
    `SELECT d.id FROM draft d WHERE ${PENDING} AND +d.id > ? AND d.kind IN (SELECT value FROM json_each(?)) ORDER BY d.id LIMIT ?`,
  );
  const queued = connection.statement<[number], { id: number }>(
    `SELECT d.id FROM draft d WHERE ${PENDING} AND d.is_queued = 1 ORDER BY ${BY_URGENCY} LIMIT ?`,
  );
  const expired = connection.statement<[number, number], { id: number }>(
    `SELECT id FROM draft WHERE decided_at >= ? AND state = 'expired' ORDER BY decided_at DESC, id DESC LIMIT ?`,
  );
  const approvedBy = connection.statement<[number, string], { n: number }>(
    `SELECT count(*) AS n FROM decision WHERE at >= ? AND actor = ? AND verdict = 'approved'`,
  );
  const paused = connection.statement<[{ agent: string; now: number }], { at: number | null }>(
    `SELECT max(coalesce(released_at, @now)) AS at FROM hold WHERE kind = 'owner' AND agent IN ('', @agent)`,
  );
  const unshown = connection.statement<[string, number], UnshownMessage>(
    `SELECT key, attempts, created_at AS createdAt FROM outbox WHERE state IN ('queued', 'sending') AND state = 'queued' AND message_id IS NULL AND key GLOB ?
     ORDER BY priority, next_at, id LIMIT ?`,
  );
  const moveWoken = connection.statement<[SetBack]>(
    `UPDATE draft SET woken_at = ${past('woken_at')} WHERE state IN ('pending', 'approved', 'publishing', 'unknown') AND woken_at > @now`,
  );
  const ids = (rows: readonly { id: number }[]): number[] => rows.map(({ id }) => id);

  return {
    watchOf: (id) => watchOf.get(id),
    plan: (id, at) => void plan.run(at, id),
    planAnew: () => void planAnew.run(),
    due: (by, limit) => ids(due.all(by, limit)),
    nextAt: () => next.get()?.at ?? undefined,
    wake: (id, now) => wake.run(now, id, now).changes === 1,
    remind: (id, percent) => remind.run(percent, id, percent).changes === 1,
    endRule: (id) => void endRule.run(id),
    setQueued: (id, isQueued) => void setQueued.run(isQueued ? 1 : 0, id),
    hasUnshownQueued: () => unshownQueued.get() !== undefined,
    showQueued: (now) => ids(showQueued.all(now)),
    countRecent: (since, now) => recent.get(MOST_RECENT, since, now)?.n ?? 0,
    countMoreUrgent: (windowEndsAt, most) => moreUrgent.get(windowEndsAt, most)?.n ?? 0,
    urgentOfKinds: (kinds, limit) => ids(urgentOfKinds.all(JSON.stringify(kinds), limit)),
    nextOfKinds: (kinds, after, limit) => ids(nextOfKinds.all(after, JSON.stringify(kinds), limit)),
    queued: (limit) => ids(queued.all(limit)),
    expiredSince: (since, limit) => ids(expired.all(since, limit)),
    countApprovedBy: (actor, since) => approvedBy.get(since, actor)?.n ?? 0,
    pausedUntil: (agent, now) => paused.get({ agent, now })?.at ?? undefined,
    unshown: (keys, limit) => unshown.all(keys, limit),
    setBack(jump) {
      moveWoken.run(jump);
      planAnew.run();
    },
  };
}
