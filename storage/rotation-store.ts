import type { Connection } from './database.ts';
import { anyAhead, assign, past, type SetBack } from './set-back.ts';

/** One change of a secret by its rotation command. */
export interface RotationRow {
  readonly id: number;
  readonly credential: string;
  readonly dueAt: number;
  /** `checking`: the command has ended well, and its result is not proved yet. */
  readonly state: 'waiting' | 'running' | 'checking' | 'done' | 'failed';
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly detail: string | null;
  readonly pid: number | null;
  readonly startTicks: string | null;
  readonly bootId: string | null;
}

/** Rotations: a credential has at most one that is not over. */
export interface RotationStore {
  openOf(credential: string): RotationRow | undefined;
  open(): RotationRow[];
  /** Plans the next one; a planned one is moved. */
  plan(credential: string, dueAt: number): void;
  /** Forgets a planned one. */
  drop(id: number): void;
  /** Takes a planned one for starting; false when somebody else did. */
  claim(id: number, at: number): boolean;
  started(id: number, identity: { pid: number; startTicks: string; bootId: string }): void;
  /** The command has ended well; false when it is over already. */
  check(id: number): boolean;
  end(id: number, state: 'done' | 'failed', detail: string, at: number): boolean;
  /** The newest of a credential that are over, newest first. */
  ended(credential: string, limit: number): RotationRow[];
  /** After the clock was set back: the pause after a failure counts from when it really was; gives how many were moved. */
  setBack(jump: SetBack): number;
  purge(before: number): void;
}

const COLUMNS = `id, credential, due_at AS dueAt, state, started_at AS startedAt, ended_at AS endedAt, detail, pid,
  start_ticks AS startTicks, boot_id AS bootId`;
const OPEN = `state IN ('waiting', 'running', 'checking')`;

/** Builds the rotation store. */
export function createRotationStore(connection: Connection): RotationStore {
  const openOf = connection.statement<[string], RotationRow>(
    `SELECT ${COLUMNS} FROM rotation WHERE credential = ? AND ${OPEN}`,
  );
  const open = connection.statement<[], RotationRow>(
    `SELECT ${COLUMNS} FROM rotation WHERE ${OPEN} ORDER BY due_at, id`,
  );
  const plan = connection.statement<[string, number]>(
    `INSERT INTO rotation (credential, due_at, state) VALUES (?, ?, 'waiting')
     ON CONFLICT (credential) WHERE ${OPEN} DO UPDATE SET due_at = excluded.due_at WHERE state = 'waiting'`,
  );
  const drop = connection.statement<[number]>(`DELETE FROM rotation WHERE id = ? AND state = 'waiting'`);
  const claim = connection.statement<[number, number]>(
    `UPDATE rotation SET state = 'running', started_at = ? WHERE id = ? AND state = 'waiting'`,
  );
  const started = connection.statement<[number, string, string, number]>(
    'UPDATE rotation SET pid = ?, start_ticks = ?, boot_id = ? WHERE id = ?',
  );
  const check = connection.statement<[number]>(
    `UPDATE rotation SET state = 'checking' WHERE id = ? AND state = 'running'`,
  );
  const end = connection.statement<[string, string, number, number]>(
    `UPDATE rotation SET state = ?, detail = ?, ended_at = ? WHERE id = ? AND state IN ('running', 'checking')`,
  );
  const ended = connection.statement<[string, number], RotationRow>(
    `SELECT ${COLUMNS} FROM rotation WHERE credential = ? AND state IN ('done', 'failed') ORDER BY id DESC LIMIT ?`,
  );
  const moveFacts = connection.statement<[SetBack]>(
    `UPDATE rotation SET ${assign(['started_at', 'ended_at'], past)} WHERE ${anyAhead(['started_at', 'ended_at'])}`,
  );
  const purge = connection.statement<[number]>('DELETE FROM rotation WHERE ended_at < ?');
  function touched(changes: number): boolean {
    connection.touch('credentials');
    return changes === 1;
  }
  return {
    openOf: (credential) => openOf.get(credential),
    open: () => open.all(),
    plan: (credential, dueAt) => void plan.run(credential, dueAt),
    drop: (id) => void drop.run(id),
    claim: (id, at) => touched(claim.run(at, id).changes),
    started: (id, identity) => void started.run(identity.pid, identity.startTicks, identity.bootId, id),
    check: (id) => touched(check.run(id).changes),
    end: (id, state, detail, at) => touched(end.run(state, detail, at, id).changes),
    ended: (credential, limit) => ended.all(credential, limit),
    setBack(jump) {
      connection.touch('credentials');
      return moveFacts.run(jump).changes;
    },
    purge: (before) => void purge.run(before),
  };
}
