import type { Connection } from './database.ts';
import { createDecisionStore, type DecisionStore } from './decision-store.ts';
import { createDeskQueries, type DeskQueries } from './desk-queries.ts';
import { anyAhead, assign, past, pause, type SetBack } from './set-back.ts';

export type DraftState = 'pending' | 'approved' | 'publishing' | 'published' | 'unknown' | 'rejected' | 'expired';
/** A draft that is not over. */
type OpenState = Extract<DraftState, 'pending' | 'approved' | 'publishing' | 'unknown'>;

/** A draft with its current revision. */
export interface DraftRow {
  readonly id: number;
  readonly agent: string;
  readonly runId: number;
  readonly key: string | null;
  readonly kind: string;
  readonly recipient: string;
  readonly url: string | null;
  readonly context: string | null;
  readonly priority: number;
  readonly state: DraftState;
  readonly revision: number;
  readonly createdAt: number;
  readonly windowEndsAt: number | null;
  readonly decidedAt: number | null;
  readonly decidedBy: string | null;
  readonly reason: string | null;
  readonly publishedUrl: string | null;
  readonly publishedId: string | null;
  /** Until when its owner does not want to be reminded of it; null: not snoozed. */
  readonly snoozedUntil: number | null;
  /** The percent of its window that its owner was reminded at last; 0: not yet. */
  readonly remindedPercent: number;
  /** What is to be different in the version that is wanted, who wants it, and since when; null: none is wanted. */
  readonly reviseInstruction: string | null;
  readonly reviseWantedBy: string | null;
  readonly reviseWantedAt: number | null;
  /** When its owner could first see it; null: not known yet. */
  readonly shownAt: number | null;
  /** 1: it has no card of its own, and is told of in one message with others. */
  readonly isQueued: number;
  /** The end of the time in which its approval can be taken back. */
  readonly undoUntil: number | null;
  /** When the restored backup was made that shows it undecided, or not known to be published; null: its fate is known. */
  readonly restoredAt: number | null;
  /** Text of the current revision, and its hash. */
  readonly body: string;
  readonly hash: string;
  /** JSON: the files that go out with it; drafts/media.ts knows its shape. */
  readonly media: string;
}

export type NewDraft = Pick<
  DraftRow,
  | 'agent'
  | 'runId'
  | 'key'
  | 'kind'
  | 'recipient'
  | 'url'
  | 'context'
  | 'priority'
  | 'createdAt'
  | 'windowEndsAt'
  | 'body'
  | 'hash'
  | 'media'
>;

/** Drafts, their revisions, and what was decided about them. */
export interface DraftStore extends DeskQueries, DecisionStore {
  add(draft: NewDraft): number;
  get(id: number): DraftRow | undefined;
  byKey(agent: string, key: string): DraftRow | undefined;
  /**
   * Moves a draft on if it still is in that state and revision; false when somebody else was first. Whatever was wanted of it as long as it
   * stood there is over: a snooze, another version, the time to take an approval back, but for the one given here.
   */
  move(
    id: number,
    from: { state: DraftState; revision: number },
    to: DraftState,
    by: { at: number; actor: string | null; reason: string | null; undoUntil?: number },
  ): boolean;
  /** Puts a pending draft off; false when it is no longer pending at that revision. */
  snooze(id: number, revision: number, until: number): boolean;
  /** Wants another version of a pending draft; false when it is no longer pending at that revision. */
  wantVersion(id: number, revision: number, wish: { instruction: string; by: string; at: number }): boolean;
  /** Pending drafts of an agent of which another version is wanted, the oldest wish first. */
  versionsWantedOf(agent: string, limit: number): DraftRow[];
  /** Writes down when its owner first saw it, unless that is known. */
  shown(id: number, at: number): void;
  /** Who wrote that revision: `agent:NAME`, `owner:ID` or `approver:ID`. */
  authorOf(id: number, revision: number): string | undefined;
  /** Replaces the text of a pending draft, and withdraws the wish for another one; false when it is no longer pending at that revision. */
  revise(
    id: number,
    from: number,
    next: { body: string; hash: string; media: string; author: string; at: number },
  ): boolean;
  /** The files (JSON, as in `media`) of all revisions that were made since then, and of all drafts that are still open. */
  mediaSince(since: number): string[];
  /** The draft as it stood in an earlier revision. */
  atRevision(id: number, revision: number): DraftRow | undefined;
  /** Open drafts whose fate a restored backup does not know, the oldest first; without those whose time is over. */
  restored(now: number): { readonly pending: number[]; readonly unknown: number[] };
  published(id: number, remote: { url: string | null; id: string | null }): void;
  countInState(state: OpenState): number;
  /** Drafts whose window is over: those that are pending, and approved ones whose publication still waits. */
  expired(now: number): DraftRow[];
  nextDeadline(): number | undefined;
  /** How many drafts of these agents expired since then. */
  expiredSince(agents: readonly string[], since: number): number;
  /** After the clock was set back: windows that were opened in the wrong time are moved back with it; gives whose. */
  setBack(jump: SetBack): readonly number[];
  counts(since: number): { readonly published: number; readonly rejected: number; readonly expired: number };
}

const COLUMNS = `d.id, d.agent, d.run_id AS runId, d.key, d.kind, d.recipient, d.url, d.context, d.priority, d.state, d.revision,
  d.created_at AS createdAt, d.window_ends_at AS windowEndsAt, d.decided_at AS decidedAt, d.decided_by AS decidedBy, d.reason,
  d.published_url AS publishedUrl, d.published_id AS publishedId, d.snoozed_until AS snoozedUntil, d.reminded_percent AS remindedPercent,
  d.revise_instruction AS reviseInstruction, d.revise_wanted_by AS reviseWantedBy, d.revise_wanted_at AS reviseWantedAt,
  d.shown_at AS shownAt, d.is_queued AS isQueued, d.undo_until AS undoUntil, d.restored_at AS restoredAt, r.body, r.hash, r.media`;
const FROM = 'FROM draft d JOIN draft_revision r ON r.draft_id = d.id AND r.revision = d.revision';

/** What is not over yet: the partial index's own condition, without which SQLite walks the whole table. */
const OPEN = `state IN ('pending', 'approved', 'publishing', 'unknown')`;

/** Times of an open draft that have come. */
const TIMES = ['decided_at', 'shown_at', 'revise_wanted_at'];

/** Takes back the wish for another version. */
const NO_WISH = 'revise_instruction = NULL, revise_wanted_by = NULL, revise_wanted_at = NULL';

/** An approved draft can still be too late while a publication of it waits; one that nobody here publishes is out of our hands. */
const HAS_DEADLINE = `(d.state = 'pending' OR d.state = 'approved' AND EXISTS (SELECT 1 FROM publication p
  WHERE p.draft_id = d.id AND p.state IN ('wanted', 'running', 'unknown') AND p.state = 'wanted'))`;

/** Builds the draft store. */
export function createDraftStore(connection: Connection): DraftStore {
  const insert = connection.statement<[NewDraft]>(
    `INSERT INTO draft (agent, run_id, key, kind, recipient, url, context, priority, state, revision, created_at, window_ends_at)
     VALUES (@agent, @runId, @key, @kind, @recipient, @url, @context, @priority, 'pending', 1, @createdAt, @windowEndsAt)`,
  );
  const insertRevision = connection.statement<[number, number, string, string, string, string, number]>(
    'INSERT INTO draft_revision (draft_id, revision, body, hash, media, author, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const byId = connection.statement<[number], DraftRow>(`SELECT ${COLUMNS} ${FROM} WHERE d.id = ?`);
  const atRevision = connection.statement<[number, number], DraftRow>(
    `SELECT ${COLUMNS.replace('d.revision', 'r.revision')} FROM draft d JOIN draft_revision r ON r.draft_id = d.id WHERE d.id = ? AND r.revision = ?`,
  );
  const byKey = connection.statement<[string, string], DraftRow>(
    `SELECT ${COLUMNS} ${FROM} WHERE d.agent = ? AND d.key = ?`,
  );
  const move = connection.statement<
    [
      {
        id: number;
        from: string;
        revision: number;
        to: string;
        at: number;
        actor: string | null;
        reason: string | null;
        undoUntil: number | null;
      },
    ]
  >(
    `UPDATE draft SET state = @to, decided_at = CASE @to WHEN 'pending' THEN NULL ELSE @at END,
       decided_by = CASE @to WHEN 'pending' THEN NULL ELSE coalesce(@actor, decided_by) END, reason = @reason, undo_until = @undoUntil,
       snoozed_until = NULL, is_queued = 0, restored_at = NULL, ${NO_WISH}
     WHERE id = @id AND state = @from AND revision = @revision`,
  );
  const revise = connection.statement<[number, number]>(
    `UPDATE draft SET revision = revision + 1, reason = NULL, snoozed_until = NULL, is_queued = 0, ${NO_WISH}
     WHERE id = ? AND state = 'pending' AND revision = ?`,
  );
  const snooze = connection.statement<[number, number, number]>(
    `UPDATE draft SET snoozed_until = ? WHERE id = ? AND state = 'pending' AND revision = ?`,
  );
  const wish = connection.statement<[string, string, number, number, number]>(
    `UPDATE draft SET revise_instruction = ?, revise_wanted_by = ?, revise_wanted_at = ? WHERE id = ? AND state = 'pending' AND revision = ?`,
  );
  // The plus keeps SQLite from walking all that the agent ever wrote.
  const wished = connection.statement<[string, number], DraftRow>(
    `SELECT ${COLUMNS} ${FROM} WHERE d.${OPEN} AND d.state = 'pending' AND +d.agent = ? AND d.revise_instruction IS NOT NULL
     ORDER BY d.revise_wanted_at, d.id LIMIT ?`,
  );
  const shown = connection.statement<[number, number]>(
    'UPDATE draft SET shown_at = ? WHERE id = ? AND shown_at IS NULL',
  );
  const author = connection.statement<[number, number], { author: string }>(
    'SELECT author FROM draft_revision WHERE draft_id = ? AND revision = ?',
  );
  const mediaSince = connection.statement<[number], { media: string }>(
    `SELECT r.media FROM draft_revision r JOIN draft d ON d.id = r.draft_id
     WHERE r.media <> '[]' AND (r.created_at >= ? OR d.${OPEN})`,
  );
  const restored = connection.statement<[number], { id: number; state: string }>(
    `SELECT id, state FROM draft WHERE ${OPEN} AND restored_at IS NOT NULL
       AND (state = 'unknown' OR state = 'pending' AND (window_ends_at IS NULL OR window_ends_at > ?)) ORDER BY id`,
  );
  const published = connection.statement<[string | null, string | null, number]>(
    'UPDATE draft SET published_url = ?, published_id = ? WHERE id = ?',
  );
  const countInState = connection.statement<[string], { n: number }>(
    `SELECT count(*) AS n FROM draft WHERE ${OPEN} AND state = ?`,
  );
  const expired = connection.statement<[number], DraftRow>(
    `SELECT ${COLUMNS} ${FROM} WHERE d.${OPEN} AND ${HAS_DEADLINE} AND d.window_ends_at <= ? ORDER BY d.window_ends_at LIMIT 200`,
  );
  const deadline = connection.statement<[], { at: number | null }>(
    `SELECT min(d.window_ends_at) AS at FROM draft d WHERE d.${OPEN} AND ${HAS_DEADLINE}`,
  );
  const expiredSince = connection.statement<[string, number], { n: number }>(
    `SELECT count(*) AS n FROM draft WHERE +agent = ? AND state = 'expired' AND decided_at >= ?`,
  );
  const moveOpen = connection.statement<[SetBack], { id: number }>(
    `UPDATE draft SET created_at = ${past('created_at')}, window_ends_at = window_ends_at - @byMs WHERE ${OPEN} AND created_at > @now RETURNING id`,
  );
  // An approval of the wrong time can be taken back as long as it could have been; its publication waits as long (publication store).
  const moveTimes = connection.statement<[SetBack]>(
    `UPDATE draft SET undo_until = CASE WHEN decided_at > @now THEN undo_until - @byMs ELSE undo_until END, snoozed_until = ${pause('snoozed_until')},
       ${assign(TIMES, past)} WHERE ${OPEN} AND ${anyAhead([...TIMES, 'snoozed_until'])}`,
  );
  const counts = connection.statement<[number], { state: string; n: number }>(
    `SELECT state, count(*) AS n FROM draft WHERE decided_at >= ? AND state IN ('published', 'rejected', 'expired') GROUP BY state`,
  );
  return {
    ...createDeskQueries(connection),
    ...createDecisionStore(connection),
    add(draft) {
      const id = Number(insert.run(draft).lastInsertRowid);
      insertRevision.run(id, 1, draft.body, draft.hash, draft.media, `agent:${draft.agent}`, draft.createdAt);
      connection.touch('loop');
      return id;
    },
    get: (id) => byId.get(id),
    byKey: (agent, key) => byKey.get(agent, key),
    move(id, from, to, by) {
      connection.touch('loop');
      return move.run({ undoUntil: null, id, from: from.state, revision: from.revision, to, ...by }).changes === 1;
    },
    snooze(id, revision, until) {
      connection.touch('loop');
      return snooze.run(until, id, revision).changes === 1;
    },
    wantVersion: (id, revision, { instruction, by, at }) => wish.run(instruction, by, at, id, revision).changes === 1,
    versionsWantedOf: (agent, limit) => wished.all(agent, limit),
    shown: (id, at) => void shown.run(at, id),
    authorOf: (id, revision) => author.get(id, revision)?.author,
    revise(id, from, next) {
      if (revise.run(id, from).changes === 0) return false;
      insertRevision.run(id, from + 1, next.body, next.hash, next.media, next.author, next.at);
      return true;
    },
    mediaSince: (since) => mediaSince.all(since).map(({ media }) => media),
    atRevision: (id, revision) => atRevision.get(id, revision),
    restored(now) {
      const rows = restored.all(now);
      const inState = (state: string): number[] => rows.filter((row) => row.state === state).map(({ id }) => id);
      return { pending: inState('pending'), unknown: inState('unknown') };
    },
    published: (id, remote) => void published.run(remote.url, remote.id, id),
    countInState: (state) => countInState.get(state)?.n ?? 0,
    expired: (now) => expired.all(now),
    nextDeadline: () => deadline.get()?.at ?? undefined,
    expiredSince: (agents, since) => agents.reduce((sum, agent) => sum + (expiredSince.get(agent, since)?.n ?? 0), 0),
    setBack(jump) {
      connection.touch('loop');
      moveTimes.run(jump);
      return moveOpen.all(jump).map(({ id }) => id);
    },
    counts(since) {
      const byState = new Map(counts.all(since).map((row) => [row.state, row.n]));
      return {
        published: byState.get('published') ?? 0,
        rejected: byState.get('rejected') ?? 0,
        expired: byState.get('expired') ?? 0,
      };
    },
  };
}
