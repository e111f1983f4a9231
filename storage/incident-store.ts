import type { Connection } from './database.ts';

export type IncidentKind =
  | 'auth'
  | 'crash'
  | 'crash-loop'
  | 'publisher'
  | 'check'
  | 'poller'
  | 'conflict'
  | 'report'
  | 'disk'
  | 'memory'
  | 'orphan'
  | 'unknown'
  | 'limit'
  | 'cli'
  | 'heartbeat'
  | 'stuck'
  | 'schedule'
  | 'clock'
  | 'expiry'
  | 'rotation'
  | 'budget';

/** Something that went wrong, once per cause. */
export interface IncidentRow {
  readonly id: number;
  readonly kind: IncidentKind;
  readonly fingerprint: string;
  /** What it is about: a credential's or an agent's name, a draft's id. */
  readonly subject: string;
  readonly severity: 'critical' | 'warning';
  readonly state: 'firing' | 'acknowledged' | 'resolved';
  readonly title: string;
  readonly evidence: string;
  readonly openedAt: number;
  readonly lastSeenAt: number;
  readonly times: number;
  readonly acknowledgedAt: number | null;
  readonly acknowledgedBy: string | null;
  readonly resolvedAt: number | null;
  /** What is told beyond title and evidence: how a mend goes, what an outage cost. */
  readonly note: string | null;
}

/** Incidents and the agents that each of them holds or concerns. */
export interface IncidentStore {
  open(
    incident: Pick<IncidentRow, 'kind' | 'fingerprint' | 'subject' | 'severity' | 'title' | 'evidence' | 'openedAt'>,
  ): number;
  /** The unresolved incident of this fingerprint. */
  unresolved(fingerprint: string): IncidentRow | undefined;
  /** Counts another sight of an unresolved incident. */
  seen(id: number, at: number, evidence: string): void;
  rewrite(id: number, change: { title: string; severity: 'critical' | 'warning' }): void;
  note(id: number, note: string | null): void;
  acknowledge(id: number, by: string, at: number): boolean;
  resolve(id: number, at: number, note: string | null): boolean;
  addAgents(id: number, agents: readonly string[]): number;
  agents(id: number): string[];
  get(id: number): IncidentRow | undefined;
  listUnresolved(): IncidentRow[];
  purge(before: number): void;
}

const COLUMNS = `id, kind, fingerprint, subject, severity, state, title, evidence, opened_at AS openedAt, last_seen_at AS lastSeenAt, times,
  acknowledged_at AS acknowledgedAt, acknowledged_by AS acknowledgedBy, resolved_at AS resolvedAt, note`;

/** Builds the incident store. */
export function createIncidentStore(connection: Connection): IncidentStore {
  const insert = connection.statement<[Record<string, string | number>]>(
    `INSERT INTO incident (kind, fingerprint, subject, severity, state, title, evidence, opened_at, last_seen_at)
     VALUES (@kind, @fingerprint, @subject, @severity, 'firing', @title, @evidence, @openedAt, @openedAt)`,
  );
  const unresolved = connection.statement<[string], IncidentRow>(
    `SELECT ${COLUMNS} FROM incident WHERE fingerprint = ? AND state <> 'resolved'`,
  );
  const seen = connection.statement<[number, string, number]>(
    'UPDATE incident SET times = times + 1, last_seen_at = ?, evidence = ? WHERE id = ?',
  );
  const rewrite = connection.statement<[string, string, number]>(
    'UPDATE incident SET title = ?, severity = ? WHERE id = ?',
  );
  const note = connection.statement<[string | null, number]>('UPDATE incident SET note = ? WHERE id = ?');
  const acknowledge = connection.statement<[number, string, number]>(
    `UPDATE incident SET state = 'acknowledged', acknowledged_at = ?, acknowledged_by = ? WHERE id = ? AND state = 'firing'`,
  );
  const resolve = connection.statement<[number, string | null, number]>(
    `UPDATE incident SET state = 'resolved', resolved_at = ?, note = coalesce(?, note) WHERE id = ? AND state <> 'resolved'`,
  );
  const addAgent = connection.statement<[number, string]>(
    'INSERT INTO incident_agent (incident_id, agent) VALUES (?, ?) ON CONFLICT DO NOTHING',
  );
  const agents = connection.statement<[number], { agent: string }>(
    'SELECT agent FROM incident_agent WHERE incident_id = ? ORDER BY agent',
  );
  const byId = connection.statement<[number], IncidentRow>(`SELECT ${COLUMNS} FROM incident WHERE id = ?`);
  const list = connection.statement<[], IncidentRow>(
    `SELECT ${COLUMNS} FROM incident WHERE state <> 'resolved' ORDER BY severity, opened_at`,
  );
  const removeAgents = connection.statement<[number]>(
    'DELETE FROM incident_agent WHERE incident_id IN (SELECT id FROM incident WHERE resolved_at < ?)',
  );
  const remove = connection.statement<[number]>('DELETE FROM incident WHERE resolved_at < ?');
  return {
    open: (incident) => Number(insert.run({ ...incident }).lastInsertRowid),
    unresolved: (fingerprint) => unresolved.get(fingerprint),
    seen: (id, at, evidence) => void seen.run(at, evidence, id),
    rewrite: (id, change) => void rewrite.run(change.title, change.severity, id),
    note: (id, text) => void note.run(text, id),
    acknowledge: (id, by, at) => acknowledge.run(at, by, id).changes === 1,
    resolve: (id, at, text) => resolve.run(at, text, id).changes === 1,
    addAgents: (id, names) => names.reduce((added, name) => added + addAgent.run(id, name).changes, 0),
    agents: (id) => agents.all(id).map((row) => row.agent),
    get: (id) => byId.get(id),
    listUnresolved: () => list.all(),
    purge(before) {
      removeAgents.run(before);
      remove.run(before);
    },
  };
}
