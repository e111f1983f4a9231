import type { Connection } from './database.ts';
import { past, pause, type SetBack } from './set-back.ts';

/** A text that the second route shall tell. */
export interface FallbackRow {
  readonly id: number;
  readonly key: string;
  readonly incidentId: number | null;
  readonly text: string;
  readonly state: 'queued' | 'sending' | 'sent' | 'failed';
  readonly attempts: number;
  readonly nextAt: number;
  readonly createdAt: number;
  readonly endedAt: number | null;
  readonly error: string | null;
}

/** What goes over the second route: a row before the program is started. */
export interface FallbackStore {
  /** Adds a text unless its key exists; false when it did. */
  add(text: Pick<FallbackRow, 'key' | 'incidentId' | 'text' | 'createdAt'>): boolean;
  /** The oldest text that may be sent now. */
  due(now: number): FallbackRow | undefined;
  nextAt(): number | undefined;
  /** Takes a text for sending; false when somebody else did. */
  claim(id: number): boolean;
  retry(id: number, nextAt: number, error: string): void;
  end(id: number, state: 'sent' | 'failed', error: string | null, now: number): void;
  /** Those whose sending was cut off. */
  sending(): FallbackRow[];
  /** The newest text whose key begins so. */
  newest(prefix: string): FallbackRow | undefined;
  /** The text that told of this incident last, among others or alone. */
  ofIncident(incidentId: number): FallbackRow | undefined;
  /** After the clock was set back: what waits is tried as soon as it would have been; gives how many were moved. */
  setBack(jump: SetBack): number;
  /** Makes what was told of this incident a text of a drill, which keeps nothing else from being told. */
  setAside(incidentId: number): void;
  purge(before: number): void;
}

const COLUMNS = `id, key, incident_id AS incidentId, text, state, attempts, next_at AS nextAt, created_at AS createdAt, ended_at AS endedAt, error`;

/** The partial index's own condition, which a query has to repeat. */
const OPEN = `state IN ('queued', 'sending')`;

/** Builds the fallback store. */
export function createFallbackStore(connection: Connection): FallbackStore {
  const insert = connection.statement<[Pick<FallbackRow, 'key' | 'incidentId' | 'text' | 'createdAt'>]>(
    `INSERT INTO fallback (key, incident_id, text, state, next_at, created_at) VALUES (@key, @incidentId, @text, 'queued', @createdAt, @createdAt)
     ON CONFLICT (key) DO NOTHING`,
  );
  const due = connection.statement<[number], FallbackRow>(
    `SELECT ${COLUMNS} FROM fallback WHERE ${OPEN} AND state = 'queued' AND next_at <= ? ORDER BY next_at, id LIMIT 1`,
  );
  const next = connection.statement<[], { at: number | null }>(
    `SELECT min(next_at) AS at FROM fallback WHERE ${OPEN} AND state = 'queued'`,
  );
  const claim = connection.statement<[number]>(
    `UPDATE fallback SET state = 'sending', attempts = attempts + 1 WHERE id = ? AND state = 'queued'`,
  );
  const retry = connection.statement<[number, string, number]>(
    `UPDATE fallback SET state = 'queued', next_at = ?, error = ? WHERE id = ?`,
  );
  const end = connection.statement<[string, string | null, number, number]>(
    'UPDATE fallback SET state = ?, error = ?, ended_at = ? WHERE id = ?',
  );
  const moveWaiting = connection.statement<[SetBack]>(
    `UPDATE fallback SET next_at = ${pause('next_at')} WHERE ${OPEN} AND next_at > @now`,
  );
  const moveFacts = connection.statement<[SetBack]>(
    `UPDATE fallback SET created_at = ${past('created_at')} WHERE created_at > @now`,
  );
  const sending = connection.statement<[], FallbackRow>(
    `SELECT ${COLUMNS} FROM fallback WHERE ${OPEN} AND state = 'sending'`,
  );
  const newest = connection.statement<[string], FallbackRow>(
    `SELECT ${COLUMNS} FROM fallback WHERE key GLOB ? || '*' ORDER BY id DESC LIMIT 1`,
  );
  // A text and the incidents that it tells of have the same instant.
  const ofIncident = connection.statement<[number], FallbackRow>(
    `SELECT ${COLUMNS} FROM fallback WHERE created_at = (SELECT fallback_at FROM incident WHERE id = ?) ORDER BY id DESC LIMIT 1`,
  );
  const setAside = connection.statement<[number]>(
    `UPDATE fallback SET key = 'drill:' || key WHERE incident_id = ? AND key NOT GLOB 'drill:*'`,
  );
  const remove = connection.statement<[number]>('DELETE FROM fallback WHERE ended_at < ?');
  return {
    add: (text) => insert.run(text).changes === 1,
    due: (now) => due.get(now),
    nextAt: () => next.get()?.at ?? undefined,
    claim: (id) => claim.run(id).changes === 1,
    retry: (id, nextAt, error) => void retry.run(nextAt, error, id),
    end: (id, state, error, now) => void end.run(state, error, now, id),
    sending: () => sending.all(),
    newest: (prefix) => newest.get(prefix),
    ofIncident: (incidentId) => ofIncident.get(incidentId),
    setBack(jump) {
      moveFacts.run(jump);
      return moveWaiting.run(jump).changes;
    },
    setAside: (incidentId) => void setAside.run(incidentId),
    purge: (before) => void remove.run(before),
  };
}
