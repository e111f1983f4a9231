import type { Connection } from './database.ts';
import { anyAhead, assign, past, pause, type SetBack } from './set-back.ts';

/** What a message promises after a crash or a lost answer (DESIGN 1); `answer` is the answer to a press. */
export type MessageClass = 'answer' | 'alert' | 'reply' | 'card' | 'notice';

export type OutboxState = 'queued' | 'sending' | 'sent' | 'refused' | 'unknown';

/** One message of the outbox: what Telegram shall show, and what it shows. */
export interface OutboxRow {
  readonly id: number;
  readonly key: string;
  readonly class: MessageClass;
  readonly chatId: number | null;
  /** The topic of that chat; null: the chat itself. */
  readonly topicId: number | null;
  readonly replyToKey: string | null;
  /** The content as JSON; telegram/outbox.ts knows its shape. */
  readonly content: string;
  readonly silent: number;
  readonly wanted: number;
  readonly shown: number;
  readonly state: OutboxState;
  readonly messageId: number | null;
  readonly attempts: number;
  readonly nextAt: number;
  readonly giveUpAt: number | null;
  readonly createdAt: number;
  readonly sentAt: number | null;
  readonly error: string | null;
}

/** A message that is asked for the first time. */
export interface NewOutboxRow {
  readonly key: string;
  readonly class: MessageClass;
  readonly priority: number;
  readonly chatId: number | null;
  /** The topic of that chat; without it the chat itself. */
  readonly topicId?: number | null;
  readonly replyToKey: string | null;
  readonly content: string;
  readonly silent: number;
  readonly nextAt: number;
  readonly giveUpAt: number | null;
  readonly createdAt: number;
}

/** A chat, or a topic of one; null: the chat itself; without `topicId` whatever topic. */
export interface Spot {
  readonly chatId: number;
  readonly topicId?: number | null;
}

/** The durable outbox: one key per message, a newer version replaces an older one. */
export interface OutboxStore {
  /** Adds a message unless its key exists; false when it did. */
  add(row: NewOutboxRow): boolean;
  /** Wants another content of a message that exists; false when there is none or it is already like that. */
  change(key: string, content: string, now: number): boolean;
  get(key: string): OutboxRow | undefined;
  byMessage(chatId: number, messageId: number): OutboxRow | undefined;
  /** What may be sent now, most important first. */
  due(now: number, limit: number): OutboxRow[];
  /** When the next waiting message becomes due; undefined when none waits. */
  nextAt(): number | undefined;
  /** Makes due at once what waits after a refusal of its chat. */
  hurry(now: number): void;
  /** Sends what was not shown yet to another chat, and in that topic; without one in `to` each keeps its own. */
  move(from: Spot, to: Spot): void;
  /** Sends one message elsewhere, anew where it was shown. */
  redirect(id: number, to: Required<Spot>, now: number): void;
  /** Messages with such a key that are shown in that chat, the newest first. `*` stands for anything. */
  shownIn(chatId: number, keys: string, limit: number): OutboxRow[];
  markSending(id: number): void;
  delivered(id: number, version: number, messageId: number | null, now: number): void;
  retry(id: number, nextAt: number, error: string): void;
  /** Ends a message that will never be shown; `unknown` when it may have been. */
  end(id: number, state: 'refused' | 'unknown', error: string): void;
  /** Takes the sound from a message that nobody was shown yet. */
  hush(key: string): void;
  /** From here on a message that is shown already is changed as fast as a reply is: somebody presses its buttons. */
  hurryEdits(key: string): void;
  /** Takes back a message that was never tried to be shown; false when it was. */
  takeBack(key: string): boolean;
  /** Takes back a message that Telegram is not known to show; one that it shows nevertheless is a card that no row stands for. */
  withdraw(key: string): boolean;
  /** Forgets the message that Telegram showed, so that it is sent anew. */
  forget(id: number, now: number): void;
  sending(): OutboxRow[];
  counts(): { readonly waiting: number; readonly oldestAt: number | null };
  /** After the clock was set back: what waits is tried as soon as it would have been; gives how many were moved. */
  setBack(jump: SetBack): number;
}

const COLUMNS = `id, key, class, chat_id AS chatId, topic_id AS topicId, reply_to_key AS replyToKey, content, silent, wanted, shown, state,
  message_id AS messageId, attempts, next_at AS nextAt, give_up_at AS giveUpAt, created_at AS createdAt, sent_at AS sentAt, error`;

/** What is still to be sent. SQLite uses a partial index only for a query that repeats the index's own condition, so each names it. */
const OPEN = `state IN ('queued', 'sending')`;

/** Builds the outbox store. */
export function createOutboxStore(connection: Connection): OutboxStore {
  const insert = connection.statement<[NewOutboxRow]>(
    `INSERT INTO outbox (key, class, priority, chat_id, topic_id, reply_to_key, content, silent, state, next_at, give_up_at, created_at)
     VALUES (@key, @class, @priority, @chatId, @topicId, @replyToKey, @content, @silent, 'queued', @nextAt, @giveUpAt, @createdAt)
     ON CONFLICT (key) DO NOTHING`,
  );
  const update = connection.statement<[{ key: string; content: string; now: number }]>(
    `UPDATE outbox SET content = @content, wanted = wanted + 1, attempts = 0,
       next_at = CASE WHEN state IN ('sent', 'queued') AND attempts = 0 THEN min(next_at, @now) WHEN state = 'queued' THEN next_at ELSE @now END,
       state = CASE state WHEN 'sending' THEN 'sending' ELSE 'queued' END
     WHERE key = @key AND content <> @content AND state NOT IN ('refused', 'unknown')`,
  );
  const byKey = connection.statement<[string], OutboxRow>(`SELECT ${COLUMNS} FROM outbox WHERE key = ?`);
  const byMessage = connection.statement<[number, number], OutboxRow>(
    `SELECT ${COLUMNS} FROM outbox WHERE chat_id = ? AND message_id = ? ORDER BY id DESC LIMIT 1`,
  );
  const due = connection.statement<[number, number], OutboxRow>(
    `SELECT ${COLUMNS} FROM outbox WHERE ${OPEN} AND state = 'queued' AND next_at <= ? ORDER BY priority, next_at, id LIMIT ?`,
  );
  const next = connection.statement<[], { at: number | null }>(
    `SELECT min(next_at) AS at FROM outbox WHERE ${OPEN} AND state = 'queued'`,
  );
  const hurry = connection.statement<[number, number]>(
    `UPDATE outbox SET next_at = ? WHERE ${OPEN} AND state = 'queued' AND next_at > ? AND message_id IS NULL`,
  );
  const moveTo = connection.statement<
    [
      {
        from: number;
        fromTopic: number | null;
        anyTopic: number;
        to: number;
        toTopic: number | null;
        keepTopic: number;
      },
    ]
  >(
    `UPDATE outbox SET chat_id = @to, topic_id = CASE WHEN @keepTopic = 1 THEN topic_id ELSE @toTopic END
     WHERE ${OPEN} AND state = 'queued' AND chat_id = @from AND message_id IS NULL AND (@anyTopic = 1 OR topic_id IS @fromTopic)`,
  );
  const redirect = connection.statement<[{ id: number; chatId: number; topicId: number | null; now: number }]>(
    `UPDATE outbox SET chat_id = @chatId, topic_id = @topicId, message_id = NULL, state = 'queued', attempts = 0, next_at = @now WHERE id = @id`,
  );
  const shownIn = connection.statement<[number, string, number], OutboxRow>(
    `SELECT ${COLUMNS} FROM outbox WHERE chat_id = ? AND message_id IS NOT NULL AND key GLOB ? ORDER BY id DESC LIMIT ?`,
  );
  const sending = connection.statement<[number]>(`UPDATE outbox SET state = 'sending' WHERE id = ?`);
  const delivered = connection.statement<[{ id: number; version: number; messageId: number | null; now: number }]>(
    `UPDATE outbox SET shown = @version, message_id = coalesce(@messageId, message_id), sent_at = coalesce(sent_at, @now), attempts = 0, error = NULL,
       next_at = @now, state = CASE WHEN wanted > @version THEN 'queued' ELSE 'sent' END WHERE id = @id`,
  );
  const retry = connection.statement<[number, string, number]>(
    `UPDATE outbox SET state = 'queued', attempts = attempts + 1, next_at = ?, error = ? WHERE id = ?`,
  );
  const end = connection.statement<[string, string, number]>('UPDATE outbox SET state = ?, error = ? WHERE id = ?');
  const hurryEdits = connection.statement<[string]>(
    `UPDATE outbox SET class = 'reply', priority = 2 WHERE key = ? AND class = 'card' AND message_id IS NOT NULL`,
  );
  const hush = connection.statement<[string]>('UPDATE outbox SET silent = 1 WHERE key = ? AND message_id IS NULL');
  const takeBack = connection.statement<[string]>(
    `DELETE FROM outbox WHERE key = ? AND state = 'queued' AND attempts = 0 AND message_id IS NULL`,
  );
  const withdraw = connection.statement<[string]>(
    `DELETE FROM outbox WHERE key = ? AND state = 'queued' AND message_id IS NULL`,
  );
  const forget = connection.statement<[number, number]>(
    `UPDATE outbox SET message_id = NULL, state = 'queued', next_at = ? WHERE id = ?`,
  );
  const inFlight = connection.statement<[], OutboxRow>(
    `SELECT ${COLUMNS} FROM outbox WHERE ${OPEN} AND state = 'sending'`,
  );
  const counts = connection.statement<[], { waiting: number; oldestAt: number | null }>(
    `SELECT count(*) AS waiting, min(created_at) AS oldestAt FROM outbox WHERE ${OPEN} AND message_id IS NULL`,
  );
  const moveWaiting = connection.statement<[SetBack]>(
    `UPDATE outbox SET next_at = ${pause('next_at')} WHERE ${OPEN} AND next_at > @now`,
  );
  // What is too old some time is so by its age.
  const moveEnds = connection.statement<[SetBack]>(
    `UPDATE outbox SET give_up_at = give_up_at - @byMs WHERE ${OPEN} AND created_at > @now`,
  );
  const moveFacts = connection.statement<[SetBack]>(
    `UPDATE outbox SET ${assign(['created_at', 'sent_at'], past)} WHERE ${anyAhead(['created_at', 'sent_at'])}`,
  );

  return {
    add(row) {
      const added = insert.run({ topicId: null, ...row }).changes === 1;
      if (added) connection.touch('outbox');
      return added;
    },
    change(key, content, now) {
      const changed = update.run({ key, content, now }).changes === 1;
      if (changed) connection.touch('outbox');
      return changed;
    },
    get: (key) => byKey.get(key),
    byMessage: (chatId, messageId) => byMessage.get(chatId, messageId),
    due: (now, limit) => due.all(now, limit),
    nextAt: () => next.get()?.at ?? undefined,
    hurry(now) {
      if (hurry.run(now, now).changes > 0) connection.touch('outbox');
    },
    move(from, to) {
      const [anyTopic, keepTopic] = [from.topicId === undefined ? 1 : 0, to.topicId === undefined ? 1 : 0];
      const [fromTopic, toTopic] = [from.topicId ?? null, to.topicId ?? null];
      moveTo.run({ from: from.chatId, fromTopic, anyTopic, to: to.chatId, toTopic, keepTopic });
    },
    redirect(id, { chatId, topicId }, now) {
      redirect.run({ id, chatId, topicId, now });
      connection.touch('outbox');
    },
    shownIn: (chatId, keys, limit) => shownIn.all(chatId, keys, limit),
    markSending: (id) => void sending.run(id),
    delivered: (id, version, messageId, now) => void delivered.run({ id, version, messageId, now }),
    retry: (id, nextAt, error) => void retry.run(nextAt, error, id),
    end: (id, state, error) => void end.run(state, error, id),
    hurryEdits: (key) => void hurryEdits.run(key),
    hush: (key) => void hush.run(key),
    takeBack: (key) => takeBack.run(key).changes === 1,
    withdraw: (key) => withdraw.run(key).changes === 1,
    forget(id, now) {
      forget.run(now, id);
      connection.touch('outbox');
    },
    sending: () => inFlight.all(),
    counts: () => counts.get() ?? { waiting: 0, oldestAt: null },
    setBack(jump) {
      connection.touch('outbox');
      moveEnds.run(jump);
      moveFacts.run(jump);
      return moveWaiting.run(jump).changes;
    },
  };
}
