import type { Connection } from './database.ts';

/** Which drafts a review goes through: all, those of a kind, those of an agent, those of some agents, or of all others. */
export type ReviewFilter = {
  readonly kind?: string;
  readonly agent?: string;
  readonly agents?: readonly string[];
  readonly notAgents?: readonly string[];
};

/** What a review did with a draft and went on from. */
export interface PassedDraft {
  readonly draft: number;
  readonly said: 'approved' | 'edited' | 'rejected' | 'expired' | 'snoozed' | 'asked' | 'skipped';
}

/** A message that shows one waiting draft after the other. */
export interface ReviewRow {
  readonly id: number;
  readonly messageKey: string;
  readonly origin: 'command' | 'queue' | 'triage';
  readonly filter: ReviewFilter;
  readonly shows: 'draft' | 'batch' | 'triage' | 'end';
  readonly draftId: number | null;
  readonly revision: number | null;
  /** What was wanted of the shown draft when it came into view. */
  readonly seen: string;
  /** JSON of what it says above the draft. */
  readonly words: string | null;
  readonly passed: readonly PassedDraft[];
  readonly openedAt: number;
  readonly movedAt: number | null;
}

/** A draft as a batch names it: exactly this text. */
export interface BatchedDraft {
  readonly draft: number;
  readonly revision: number;
  readonly hash: string;
}

/** Several drafts that were listed to be approved together. */
export interface BatchRow {
  readonly id: number;
  readonly reviewId: number;
  readonly drafts: readonly BatchedDraft[];
  readonly decidedAt: number | null;
}

/** How many drafts wait of a kind by an agent. */
export interface WaitingGroup {
  readonly kind: string;
  readonly agent: string;
  readonly waiting: number;
}

/** Reviews of drafts, their batches, and the order in which drafts are looked at. */
export interface ReviewStore {
  /** Opens a review that shows nothing yet; one without a key of its own gets `review:ID`. */
  open(
    review: Pick<ReviewRow, 'origin' | 'filter' | 'shows' | 'words' | 'openedAt'> & { readonly messageKey?: string },
  ): ReviewRow;
  get(id: number): ReviewRow | undefined;
  byKey(messageKey: string): ReviewRow | undefined;
  save(review: ReviewRow): void;
  /** Reviews that show this draft now. */
  showing(draftId: number): ReviewRow[];
  /** The newest reviews, newest first. */
  newest(limit: number): ReviewRow[];
  /** The draft to be looked at next, but for these: the earliest deadline, then the priority; put-off ones last. */
  next(filter: ReviewFilter, except: readonly number[], now: number): number | undefined;
  /** Pending drafts of the filter, but for these. */
  waiting(filter: ReviewFilter, except: readonly number[]): number;
  /** Those that are not put off. */
  countOpen(filter: ReviewFilter, now: number): number;
  /** Ids of those that wait for nothing but a decision, in the order of `next`. */
  ready(filter: ReviewFilter, now: number, limit: number): number[];
  /** Those counted by kind and agent, the largest groups first. */
  groups(filter: ReviewFilter, now: number, limit: number): WaitingGroup[];
  /** Drafts of which nobody knows whether they went out, the newest first. */
  unknown(limit: number): number[];
  addBatch(reviewId: number, drafts: readonly BatchedDraft[], now: number): number;
  getBatch(id: number): BatchRow | undefined;
  /** The batch that this review listed last. */
  lastBatch(reviewId: number): BatchRow | undefined;
  /** False when it was decided already. */
  decideBatch(id: number, by: string, now: number): boolean;
}

type Stored = Omit<ReviewRow, 'filter' | 'passed'> & { readonly filter: string; readonly passed: string };

type StoredBatch = Omit<BatchRow, 'drafts'> & { readonly drafts: string };

const BATCH_COLUMNS = 'id, review_id AS reviewId, drafts, decided_at AS decidedAt';
const COLUMNS = `id, message_key AS messageKey, origin, filter, shows, draft_id AS draftId, revision, seen, words, passed,
  opened_at AS openedAt, moved_at AS movedAt`;

/** What is not over yet: the partial index's own condition, without which SQLite walks the whole table. */
const OPEN = `state IN ('pending', 'approved', 'publishing', 'unknown')`;
const WAITING = `${OPEN} AND state = 'pending'
  AND (@kind IS NULL OR kind = @kind) AND (@agent IS NULL OR agent = @agent)
  AND (@agents IS NULL OR agent IN (SELECT value FROM json_each(@agents)))
  AND (@notAgents IS NULL OR agent NOT IN (SELECT value FROM json_each(@notAgents)))`;
const NOT_PUT_OFF = `(snoozed_until IS NULL OR snoozed_until <= @now) AND revise_wanted_at IS NULL`;
const EXCEPT = `id NOT IN (SELECT value FROM json_each(@except))`;
const ORDER = `(snoozed_until IS NOT NULL AND snoozed_until > @now), revise_wanted_at IS NOT NULL,
  window_ends_at IS NULL, window_ends_at, priority, id`;

type FilterValues = {
  readonly kind: string | null;
  readonly agent: string | null;
  /** JSON: lists of names. */
  readonly agents: string | null;
  readonly notAgents: string | null;
};

/** Builds the review store. */
export function createReviewStore(connection: Connection): ReviewStore {
  const insert = connection.statement<[Omit<Stored, 'id' | 'draftId' | 'revision' | 'seen' | 'passed' | 'movedAt'>]>(
    `INSERT INTO review (message_key, origin, filter, shows, words, opened_at) VALUES (@messageKey, @origin, @filter, @shows, @words, @openedAt)`,
  );
  const nameByItself = connection.statement<[number]>(`UPDATE review SET message_key = 'review:' || id WHERE id = ?`);
  const byId = connection.statement<[number], Stored>(`SELECT ${COLUMNS} FROM review WHERE id = ?`);
  const byKey = connection.statement<[string], Stored>(`SELECT ${COLUMNS} FROM review WHERE message_key = ?`);
  const update = connection.statement<[Stored]>(
    `UPDATE review SET shows = @shows, draft_id = @draftId, revision = @revision, seen = @seen, words = @words, passed = @passed,
       moved_at = @movedAt WHERE id = @id`,
  );
  const showing = connection.statement<[number], Stored>(
    `SELECT ${COLUMNS} FROM review WHERE shows = 'draft' AND draft_id = ? ORDER BY id LIMIT 20`,
  );
  const newest = connection.statement<[number], Stored>(`SELECT ${COLUMNS} FROM review ORDER BY id DESC LIMIT ?`);
  const next = connection.statement<[FilterValues & { except: string; now: number }], { id: number }>(
    `SELECT id FROM draft WHERE ${WAITING} AND ${EXCEPT} ORDER BY ${ORDER} LIMIT 1`,
  );
  const waiting = connection.statement<[FilterValues & { except: string }], { n: number }>(
    `SELECT count(*) AS n FROM draft WHERE ${WAITING} AND ${EXCEPT}`,
  );
  const ready = connection.statement<[FilterValues & { now: number; limit: number }], { id: number }>(
    `SELECT id FROM draft WHERE ${WAITING} AND ${NOT_PUT_OFF} ORDER BY ${ORDER} LIMIT @limit`,
  );
  const open = connection.statement<[FilterValues & { now: number }], { n: number }>(
    `SELECT count(*) AS n FROM draft WHERE ${WAITING} AND (snoozed_until IS NULL OR snoozed_until <= @now)`,
  );
  const groups = connection.statement<[FilterValues & { now: number; limit: number }], WaitingGroup>(
    `SELECT kind, agent, count(*) AS waiting FROM draft WHERE ${WAITING} AND ${NOT_PUT_OFF}
     GROUP BY kind, agent ORDER BY count(*) DESC, kind, agent LIMIT @limit`,
  );
  const unknown = connection.statement<[number], { id: number }>(
    `SELECT id FROM draft WHERE ${OPEN} AND state = 'unknown' ORDER BY id DESC LIMIT ?`,
  );
  const insertBatch = connection.statement<[number, string, number]>(
    'INSERT INTO batch (review_id, drafts, made_at) VALUES (?, ?, ?)',
  );
  const batchById = connection.statement<[number], StoredBatch>(`SELECT ${BATCH_COLUMNS} FROM batch WHERE id = ?`);
  const lastBatch = connection.statement<[number], StoredBatch>(
    `SELECT ${BATCH_COLUMNS} FROM batch WHERE review_id = ? ORDER BY id DESC LIMIT 1`,
  );
  const decide = connection.statement<[number, string, number]>(
    'UPDATE batch SET decided_at = ?, decided_by = ? WHERE id = ? AND decided_at IS NULL',
  );

  return {
    open(review) {
      const { messageKey = '' } = review;
      const id = Number(insert.run({ ...review, messageKey, filter: JSON.stringify(review.filter) }).lastInsertRowid);
      if (messageKey === '') nameByItself.run(id);
      const row = byId.get(id);
      if (row === undefined) throw new Error(`review ${id} vanished`);
      return read(row);
    },
    get: (id) => readMaybe(byId.get(id)),
    byKey: (key) => readMaybe(byKey.get(key)),
    save: (review) =>
      void update.run({ ...review, filter: JSON.stringify(review.filter), passed: JSON.stringify(review.passed) }),
    showing: (draftId) => showing.all(draftId).map(read),
    newest: (limit) => newest.all(limit).map(read),
    next: (filter, except, now) => next.get({ ...values(filter), except: JSON.stringify(except), now })?.id,
    waiting: (filter, except) => waiting.get({ ...values(filter), except: JSON.stringify(except) })?.n ?? 0,
    countOpen: (filter, now) => open.get({ ...values(filter), now })?.n ?? 0,
    ready: (filter, now, limit) => ready.all({ ...values(filter), now, limit }).map(({ id }) => id),
    groups: (filter, now, limit) => groups.all({ ...values(filter), now, limit }),
    unknown: (limit) => unknown.all(limit).map(({ id }) => id),
    addBatch: (reviewId, drafts, now) => Number(insertBatch.run(reviewId, JSON.stringify(drafts), now).lastInsertRowid),
    getBatch: (id) => readBatch(batchById.get(id)),
    lastBatch: (reviewId) => readBatch(lastBatch.get(reviewId)),
    decideBatch: (id, by, now) => decide.run(now, by, id).changes === 1,
  };
}

function values(filter: ReviewFilter): FilterValues {
  const list = (names: readonly string[] | undefined): string | null =>
    names === undefined ? null : JSON.stringify(names);
  return {
    kind: filter.kind ?? null,
    agent: filter.agent ?? null,
    agents: list(filter.agents),
    notAgents: list(filter.notAgents),
  };
}

function read(row: Stored): ReviewRow {
  return {
    ...row,
    filter: JSON.parse(row.filter) as ReviewFilter,
    passed: JSON.parse(row.passed) as PassedDraft[],
  };
}

function readMaybe(row: Stored | undefined): ReviewRow | undefined {
  return row === undefined ? undefined : read(row);
}

function readBatch(row: StoredBatch | undefined): BatchRow | undefined {
  return row === undefined ? undefined : { ...row, drafts: JSON.parse(row.drafts) as BatchedDraft[] };
}
