import type { Connection } from './database.ts';
import { anyAhead, assign, past, pause, type SetBack } from './set-back.ts';

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
  | 'budget'
  | 'fallback'
  | 'context'
  | 'task'
  | 'backup'
  | 'config';

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
  /** Until when nothing repeats it; null or past: it is not silenced. */
  readonly silencedUntil: number | null;
  /** When it was last sent anew because nobody acknowledged it, and how often. */
  readonly repeatedAt: number | null;
  readonly repeats: number;
  /** The incident that it follows from, as long as that one keeps it from being told by itself. */
  readonly inhibitedBy: number | null;
  readonly isDrill: number;
  /** Key of the message that tells of it, alone or among others; null while it is not told. */
  readonly messageKey: string | null;
  /** Key of the message that tells that it is over. */
  readonly recoveryKey: string | null;
  /** What it cost, in words, once it is over. */
  readonly cost: string | null;
  /** When the fallback was last asked to tell of it. */
  readonly fallbackAt: number | null;
}

/** An incident that is opened. */
export type NewIncident = Pick<
  IncidentRow,
  'kind' | 'fingerprint' | 'subject' | 'severity' | 'title' | 'evidence' | 'openedAt' | 'isDrill'
>;

/** Incidents and the agents that each of them holds or concerns. */
export interface IncidentStore {
  open(incident: NewIncident): number;
  /** The unresolved incident of this fingerprint. */
  unresolved(fingerprint: string): IncidentRow | undefined;
  /** Counts another sight of an unresolved incident. */
  seen(id: number, at: number, evidence: string): void;
  rewrite(id: number, change: { title: string; severity: 'critical' | 'warning' }): void;
  note(id: number, note: string | null): void;
  acknowledge(id: number, by: string, at: number): boolean;
  resolve(id: number, at: number, note: string | null): boolean;
  /** What was made on purpose has become real. */
  makeReal(id: number): void;
  silence(id: number, until: number | null): void;
  repeated(id: number, at: number): void;
  /** Counts it as told just now, without a repeat. */
  toldJustNow(id: number, at: number): void;
  inhibit(id: number, by: number | null): void;
  tellIn(id: number, messageKey: string): void;
  tellEndIn(id: number, recoveryKey: string): void;
  priced(id: number, cost: string): void;
  fellBack(id: number, at: number): void;
  /** Those that are told by this message, and those whose end is. */
  inMessage(messageKey: string): IncidentRow[];
  endedInMessage(recoveryKey: string): IncidentRow[];
  /** Those that any version of a message about many tells of. */
  inStorm(firstId: number): IncidentRow[];
  /** Unresolved ones that are not told because of this one. */
  followers(id: number): IncidentRow[];
  recentlyResolved(limit: number): IncidentRow[];
  addAgents(id: number, agents: readonly string[]): number;
  agents(id: number): string[];
  get(id: number): IncidentRow | undefined;
  listUnresolved(): IncidentRow[];
  /** After the clock was set back: nothing of an incident is later than now, and a silence lasts as long as was asked for. */
  setBack(jump: SetBack): void;
}

const COLUMNS = `id, kind, fingerprint, subject, severity, state, title, evidence, opened_at AS openedAt, last_seen_at AS lastSeenAt, times,
  acknowledged_at AS acknowledgedAt, acknowledged_by AS acknowledgedBy, resolved_at AS resolvedAt, note, silenced_until AS silencedUntil,
  repeated_at AS repeatedAt, repeats, inhibited_by AS inhibitedBy, is_drill AS isDrill, message_key AS messageKey, recovery_key AS recoveryKey,
  cost, fallback_at AS fallbackAt`;

/** Times of an incident that have come. */
const PAST = ['opened_at', 'last_seen_at', 'acknowledged_at', 'resolved_at', 'repeated_at', 'fallback_at'];

/** Builds the incident store. */
export function createIncidentStore(connection: Connection): IncidentStore {
  const insert = connection.statement<[NewIncident]>(
    `INSERT INTO incident (kind, fingerprint, subject, severity, state, title, evidence, opened_at, last_seen_at, is_drill)
     VALUES (@kind, @fingerprint, @subject, @severity, 'firing', @title, @evidence, @openedAt, @openedAt, @isDrill)`,
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
  const makeReal = connection.statement<[number]>('UPDATE incident SET is_drill = 0 WHERE id = ?');
  const silence = connection.statement<[number | null, number]>('UPDATE incident SET silenced_until = ? WHERE id = ?');
  const repeated = connection.statement<[number, number]>(
    'UPDATE incident SET repeated_at = ?, repeats = repeats + 1 WHERE id = ?',
  );
  const toldJustNow = connection.statement<[number, number]>('UPDATE incident SET repeated_at = ? WHERE id = ?');
  const moveFacts = connection.statement<[SetBack]>(
    `UPDATE incident SET ${assign(PAST, past)} WHERE ${anyAhead(PAST)}`,
  );
  // The row does not say when it was silenced; its journal does.
  const moveSilences = connection.statement<[SetBack]>(
    `UPDATE incident SET silenced_until = ${pause('silenced_until')} WHERE silenced_until > @now AND state <> 'resolved'
       AND EXISTS (SELECT 1 FROM journal j WHERE j.subject = 'incident:' || incident.id AND j.event = 'silenced' AND j.at > @now)`,
  );
  const inhibit = connection.statement<[number | null, number]>('UPDATE incident SET inhibited_by = ? WHERE id = ?');
  const tellIn = connection.statement<[string, number]>('UPDATE incident SET message_key = ? WHERE id = ?');
  const tellEndIn = connection.statement<[string, number]>('UPDATE incident SET recovery_key = ? WHERE id = ?');
  const priced = connection.statement<[string, number]>('UPDATE incident SET cost = ? WHERE id = ?');
  const fellBack = connection.statement<[number, number]>('UPDATE incident SET fallback_at = ? WHERE id = ?');
  const inMessage = connection.statement<[string], IncidentRow>(
    `SELECT ${COLUMNS} FROM incident WHERE message_key = ? ORDER BY severity, opened_at, id`,
  );
  const endedInMessage = connection.statement<[string], IncidentRow>(
    `SELECT ${COLUMNS} FROM incident WHERE recovery_key = ? ORDER BY severity, resolved_at, id`,
  );
  const inStorm = connection.statement<[string, string], IncidentRow>(
    `SELECT ${COLUMNS} FROM incident WHERE message_key = ? OR message_key GLOB ? ORDER BY id`,
  );
  const followers = connection.statement<[number], IncidentRow>(
    `SELECT ${COLUMNS} FROM incident WHERE state <> 'resolved' AND inhibited_by = ? ORDER BY id`,
  );
  const resolved = connection.statement<[number], IncidentRow>(
    `SELECT ${COLUMNS} FROM incident WHERE resolved_at IS NOT NULL ORDER BY resolved_at DESC, id DESC LIMIT ?`,
  );
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
    makeReal: (id) => void makeReal.run(id),
    silence: (id, until) => void silence.run(until, id),
    repeated: (id, at) => void repeated.run(at, id),
    toldJustNow: (id, at) => void toldJustNow.run(at, id),
    setBack(jump) {
      moveFacts.run(jump);
      moveSilences.run(jump);
    },
    inhibit: (id, by) => void inhibit.run(by, id),
    tellIn: (id, key) => void tellIn.run(key, id),
    tellEndIn: (id, key) => void tellEndIn.run(key, id),
    priced: (id, cost) => void priced.run(cost, id),
    fellBack: (id, at) => void fellBack.run(at, id),
    inMessage: (key) => inMessage.all(key),
    endedInMessage: (key) => endedInMessage.all(key),
    inStorm: (id) => inStorm.all(`storm:${id}`, `storm:${id}:r*`),
    followers: (id) => followers.all(id),
    recentlyResolved: (limit) => resolved.all(limit),
  };
}
