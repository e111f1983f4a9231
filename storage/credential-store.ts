import type { Connection } from './database.ts';

export type CredentialState = 'unknown' | 'alive' | 'dead' | 'logging-in';

/** What is known of a credential: facts with their times. */
export interface CredentialRow {
  readonly name: string;
  readonly state: CredentialState;
  readonly generation: number;
  /** Since when it is in this state. */
  readonly since: number;
  /** When it last worked for certain: a passed check or a good run. */
  readonly provedAt: number | null;
  readonly checkedAt: number | null;
  /** When the next check is to be made; null when none is planned. */
  readonly checkWantedAt: number | null;
  readonly checkDetail: string | null;
  /** What was seen when it died. */
  readonly evidence: string | null;
  /** Probes since it died, or since the last good run: what the backoff counts. */
  readonly probes: number;
  /** 1 while the next publication may try a dead credential that only publishers use and nobody can check. */
  readonly trialOpen: number;
}

/** A login that the owner asked for. */
export interface LoginRow {
  readonly id: number;
  readonly credential: string;
  readonly state: 'wanted' | 'running' | 'done' | 'failed';
  readonly wantedBy: string;
  readonly wantedAt: number;
  readonly endedAt: number | null;
  readonly detail: string | null;
  readonly pid: number | null;
  readonly startTicks: string | null;
  readonly bootId: string | null;
}

/** Credentials, their checks, and their logins. */
export interface CredentialStore {
  ensure(name: string, now: number): void;
  get(name: string): CredentialRow | undefined;
  all(): CredentialRow[];
  /** Writes the whole row back if its state is still `from`; false when somebody else changed it. */
  change(row: CredentialRow, from: CredentialState): boolean;
  checksDue(now: number): CredentialRow[];
  nextCheckAt(): number | undefined;
  recordCheck(check: { credential: string; at: number; verdict: 'ok' | 'failed' | 'unclear'; detail: string }): void;
  checksSince(credential: string, since: number): number;
  /** Asks for a login; false when one is under way. */
  wantLogin(credential: string, by: string, at: number): boolean;
  openLogins(): LoginRow[];
  claimLogin(id: number): boolean;
  loginStarted(id: number, identity: { pid: number; startTicks: string; bootId: string }): void;
  endLogin(id: number, state: 'done' | 'failed', detail: string, at: number): boolean;
  purge(before: number): void;
}

const COLUMNS = `name, state, generation, since, proved_at AS provedAt, checked_at AS checkedAt, check_wanted_at AS checkWantedAt,
  check_detail AS checkDetail, evidence, probes, trial_open AS trialOpen`;
const LOGIN_COLUMNS = `id, credential, state, wanted_by AS wantedBy, wanted_at AS wantedAt, ended_at AS endedAt, detail, pid,
  start_ticks AS startTicks, boot_id AS bootId`;

/** Builds the credential store. */
export function createCredentialStore(connection: Connection): CredentialStore {
  const insert = connection.statement<[string, number]>(
    `INSERT INTO credential (name, state, since) VALUES (?, 'unknown', ?) ON CONFLICT (name) DO NOTHING`,
  );
  const byName = connection.statement<[string], CredentialRow>(`SELECT ${COLUMNS} FROM credential WHERE name = ?`);
  const all = connection.statement<[], CredentialRow>(`SELECT ${COLUMNS} FROM credential ORDER BY name`);
  const update = connection.statement<[CredentialRow & { from: CredentialState }]>(
    `UPDATE credential SET state = @state, generation = @generation, since = @since, proved_at = @provedAt, checked_at = @checkedAt,
       check_wanted_at = @checkWantedAt, check_detail = @checkDetail, evidence = @evidence, probes = @probes, trial_open = @trialOpen
     WHERE name = @name AND state = @from`,
  );
  const due = connection.statement<[number], CredentialRow>(
    `SELECT ${COLUMNS} FROM credential WHERE check_wanted_at <= ? ORDER BY check_wanted_at`,
  );
  const next = connection.statement<[], { at: number | null }>('SELECT min(check_wanted_at) AS at FROM credential');
  const insertCheck = connection.statement<[{ credential: string; at: number; verdict: string; detail: string }]>(
    'INSERT INTO credential_check (credential, at, verdict, detail) VALUES (@credential, @at, @verdict, @detail)',
  );
  const countChecks = connection.statement<[string, number], { n: number }>(
    'SELECT count(*) AS n FROM credential_check WHERE credential = ? AND at >= ?',
  );
  const insertLogin = connection.statement<[string, string, number]>(
    `INSERT INTO login (credential, state, wanted_by, wanted_at) VALUES (?, 'wanted', ?, ?)
     ON CONFLICT (credential) WHERE state IN ('wanted', 'running') DO NOTHING`,
  );
  const openLogins = connection.statement<[], LoginRow>(
    `SELECT ${LOGIN_COLUMNS} FROM login WHERE state IN ('wanted', 'running') ORDER BY id`,
  );
  const claimLogin = connection.statement<[number]>(
    `UPDATE login SET state = 'running' WHERE id = ? AND state = 'wanted'`,
  );
  const loginStarted = connection.statement<[number, string, string, number]>(
    'UPDATE login SET pid = ?, start_ticks = ?, boot_id = ? WHERE id = ?',
  );
  const endLogin = connection.statement<[string, string, number, number]>(
    `UPDATE login SET state = ?, detail = ?, ended_at = ? WHERE id = ? AND state IN ('wanted', 'running')`,
  );
  const purgeChecks = connection.statement<[number]>('DELETE FROM credential_check WHERE at < ?');
  return {
    ensure: (name, now) => void insert.run(name, now),
    get: (name) => byName.get(name),
    all: () => all.all(),
    change(row, from) {
      connection.touch('credentials');
      connection.touch('loop');
      return update.run({ ...row, from }).changes === 1;
    },
    checksDue: (now) => due.all(now),
    nextCheckAt: () => next.get()?.at ?? undefined,
    recordCheck: (check) => void insertCheck.run(check),
    checksSince: (credential, since) => countChecks.get(credential, since)?.n ?? 0,
    wantLogin(credential, by, at) {
      connection.touch('credentials');
      return insertLogin.run(credential, by, at).changes === 1;
    },
    openLogins: () => openLogins.all(),
    claimLogin: (id) => claimLogin.run(id).changes === 1,
    loginStarted: (id, identity) => void loginStarted.run(identity.pid, identity.startTicks, identity.bootId, id),
    endLogin: (id, state, detail, at) => endLogin.run(state, detail, at, id).changes === 1,
    purge: (before) => void purgeChecks.run(before),
  };
}
