import type { Connection } from './database.ts';
import { anyAhead, assign, past, pause, type SetBack } from './set-back.ts';

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
  /** When Nightdesk first knew of it; null only in rows of before it was counted. */
  readonly firstSeenAt: number | null;
  /** When its secret was last replaced by one that passed its check: a login, a pasted token, a rotation. */
  readonly renewedAt: number | null;
  /** The last threshold before its end (ms) that the owner was told of; null: none. */
  readonly warnedMs: number | null;
  /** The end (epoch ms) that `warnedMs` belongs to. */
  readonly warnedEnd: number | null;
}

/** Credentials and their checks. */
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
  /** Makes it one of which nothing is known. */
  forget(name: string, now: number): void;
  /** After the clock was set back: checks come as soon as they would have; gives how many were moved. */
  setBack(jump: SetBack): number;
}

const COLUMNS = `name, state, generation, since, proved_at AS provedAt, checked_at AS checkedAt, check_wanted_at AS checkWantedAt,
  check_detail AS checkDetail, evidence, probes, trial_open AS trialOpen, first_seen_at AS firstSeenAt, renewed_at AS renewedAt,
  warned_ms AS warnedMs, warned_end AS warnedEnd`;

/** Times of a credential that have come. */
const PAST = ['since', 'proved_at', 'checked_at', 'renewed_at', 'first_seen_at'];

/** Builds the credential store. */
export function createCredentialStore(connection: Connection): CredentialStore {
  const insert = connection.statement<[{ name: string; now: number }]>(
    `INSERT INTO credential (name, state, since, first_seen_at) VALUES (@name, 'unknown', @now, @now) ON CONFLICT (name) DO NOTHING`,
  );
  const byName = connection.statement<[string], CredentialRow>(`SELECT ${COLUMNS} FROM credential WHERE name = ?`);
  const all = connection.statement<[], CredentialRow>(`SELECT ${COLUMNS} FROM credential ORDER BY name`);
  const update = connection.statement<[CredentialRow & { from: CredentialState }]>(
    `UPDATE credential SET state = @state, generation = @generation, since = @since, proved_at = @provedAt, checked_at = @checkedAt,
       check_wanted_at = @checkWantedAt, check_detail = @checkDetail, evidence = @evidence, probes = @probes, trial_open = @trialOpen,
       renewed_at = @renewedAt, warned_ms = @warnedMs, warned_end = @warnedEnd
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
  const forget = connection.statement<[number, string]>(
    `UPDATE credential SET state = 'unknown', since = ?, evidence = NULL, check_wanted_at = NULL, probes = 0, trial_open = 0 WHERE name = ?`,
  );
  const moveChecks = connection.statement<[SetBack]>(
    `UPDATE credential SET check_wanted_at = ${pause('check_wanted_at')} WHERE check_wanted_at > @now`,
  );
  const moveFacts = connection.statement<[SetBack]>(
    `UPDATE credential SET ${assign(PAST, past)} WHERE ${anyAhead(PAST)}`,
  );
  const moveMade = connection.statement<[SetBack]>(`UPDATE credential_check SET at = ${past('at')} WHERE at > @now`);
  return {
    ensure: (name, now) => void insert.run({ name, now }),
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
    forget: (name, now) => void forget.run(now, name),
    setBack(jump) {
      connection.touch('credentials');
      moveFacts.run(jump);
      moveMade.run(jump);
      return moveChecks.run(jump).changes;
    },
  };
}
