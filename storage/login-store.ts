import type { Connection } from './database.ts';
import { anyAhead, assign, past, type SetBack } from './set-back.ts';

/** How far a login has come; `checking` is left to the credential's own state. */
export type LoginStage = 'starting' | 'waiting' | 'asking' | 'typed' | 'checking';

/** A login that the owner asked for, and what he is shown of it. What he answers is in no row. */
export interface LoginRow {
  readonly id: number;
  readonly credential: string;
  readonly state: 'wanted' | 'running' | 'done' | 'failed';
  /** `owner:ID`: whose messages are its answers. */
  readonly wantedBy: string;
  readonly wantedAt: number;
  readonly endedAt: number | null;
  readonly detail: string | null;
  readonly pid: number | null;
  readonly startTicks: string | null;
  readonly bootId: string | null;
  readonly stage: LoginStage;
  readonly link: string | null;
  readonly userCode: string | null;
  readonly question: string | null;
  /** How many answers were taken. */
  readonly answers: number;
  /** Where it was asked for; null: in the fleet's chat. */
  readonly chatId: number | null;
  readonly cancelWantedAt: number | null;
}

/** Detail of a login that went well, as long as its check has not said otherwise. */
export const LOGGED_IN = 'logged in';

/** What a look at the program's screen changes about its row. */
export type LoginView = Pick<LoginRow, 'stage' | 'link' | 'userCode' | 'question'>;

/** Logins: at most one that is open for a credential. */
export interface LoginStore {
  /** Asks for a login; false when one is under way. */
  want(credential: string, by: string, at: number, chatId: number | null): boolean;
  get(id: number): LoginRow | undefined;
  open(): LoginRow[];
  /** Those that are open or ended since then, newest first: what messages may still be about. */
  recent(since: number): LoginRow[];
  claim(id: number): boolean;
  started(id: number, identity: { pid: number; startTicks: string; bootId: string }): void;
  /** What its program shows now; false when it is over, or when an answer was taken since `answers` were counted. */
  show(id: number, answers: number, view: LoginView): boolean;
  /** Takes an answer: it is being typed in from here on; false when the login is over. */
  take(id: number): boolean;
  /** Wants it cancelled; false when it is over or already to be cancelled. */
  wantCancel(id: number, at: number): boolean;
  end(id: number, state: 'done' | 'failed', detail: string, at: number): boolean;
  /** What the check said of what the credential's last login brought: it did not work. */
  refused(credential: string, reason: string): void;
  /** After the clock was set back: a login that waits for its token waits no longer than it would have. */
  setBack(jump: SetBack): void;
  purge(before: number): void;
}

const COLUMNS = `id, credential, state, wanted_by AS wantedBy, wanted_at AS wantedAt, ended_at AS endedAt, detail, pid,
  start_ticks AS startTicks, boot_id AS bootId, stage, link, user_code AS userCode, question, answers, chat_id AS chatId,
  cancel_wanted_at AS cancelWantedAt`;

const OPEN = `state IN ('wanted', 'running')`;

/** Builds the login store. */
export function createLoginStore(connection: Connection): LoginStore {
  const insert = connection.statement<[string, string, number, number | null]>(
    `INSERT INTO login (credential, state, wanted_by, wanted_at, chat_id) VALUES (?, 'wanted', ?, ?, ?)
     ON CONFLICT (credential) WHERE ${OPEN} DO NOTHING`,
  );
  const byId = connection.statement<[number], LoginRow>(`SELECT ${COLUMNS} FROM login WHERE id = ?`);
  const open = connection.statement<[], LoginRow>(`SELECT ${COLUMNS} FROM login WHERE ${OPEN} ORDER BY id`);
  const recent = connection.statement<[number], LoginRow>(
    `SELECT ${COLUMNS} FROM login WHERE ${OPEN} OR ended_at >= ? ORDER BY id DESC`,
  );
  const claim = connection.statement<[number]>(
    `UPDATE login SET state = 'running' WHERE id = ? AND state = 'wanted' AND cancel_wanted_at IS NULL`,
  );
  const started = connection.statement<[number, string, string, number]>(
    'UPDATE login SET pid = ?, start_ticks = ?, boot_id = ? WHERE id = ?',
  );
  const show = connection.statement<[LoginView & { id: number; answers: number }]>(
    `UPDATE login SET stage = @stage, link = @link, user_code = @userCode, question = @question
     WHERE id = @id AND answers = @answers AND state = 'running'`,
  );
  const take = connection.statement<[number]>(
    `UPDATE login SET stage = 'typed', question = NULL, answers = answers + 1 WHERE id = ? AND state = 'running'`,
  );
  const cancel = connection.statement<[number, number]>(
    `UPDATE login SET cancel_wanted_at = ? WHERE id = ? AND ${OPEN} AND cancel_wanted_at IS NULL`,
  );
  const end = connection.statement<[string, string, number, number]>(
    `UPDATE login SET state = ?, detail = ?, ended_at = ? WHERE id = ? AND ${OPEN}`,
  );

  const moveFacts = connection.statement<[SetBack]>(
    `UPDATE login SET ${assign(['wanted_at', 'ended_at'], past)} WHERE ${anyAhead(['wanted_at', 'ended_at'])}`,
  );

  const refused = connection.statement<[{ reason: string; credential: string; loggedIn: string }]>(
    `UPDATE login SET detail = @reason WHERE state = 'done' AND detail = @loggedIn
     AND id = (SELECT max(id) FROM login WHERE credential = @credential)`,
  );

  const remove = connection.statement<[number]>('DELETE FROM login WHERE ended_at < ?');

  function touched(changes: number): boolean {
    if (changes > 0) connection.touch('credentials');
    return changes > 0;
  }

  return {
    want: (credential, by, at, chatId) => touched(insert.run(credential, by, at, chatId).changes),
    get: (id) => byId.get(id),
    open: () => open.all(),
    recent: (since) => recent.all(since),
    claim: (id) => claim.run(id).changes === 1,
    started: (id, identity) => void started.run(identity.pid, identity.startTicks, identity.bootId, id),
    show: (id, answers, view) => touched(show.run({ ...view, id, answers }).changes),
    take: (id) => touched(take.run(id).changes),
    wantCancel: (id, at) => touched(cancel.run(at, id).changes),
    end: (id, state, detail, at) => touched(end.run(state, detail, at, id).changes),
    refused: (credential, reason) => void touched(refused.run({ reason, credential, loggedIn: LOGGED_IN }).changes),
    setBack: (jump) => void moveFacts.run(jump),
    purge: (before) => void remove.run(before),
  };
}
