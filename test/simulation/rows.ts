import type Database from 'better-sqlite3';
import type { MessageClass } from '../../storage/outbox-store.ts';
import { isOfRun, type Program } from './machine.ts';
import type { PermissionAsked, Rows } from './record.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** What the machine knows at the moment that the rows are read. */
interface Alive {
  readonly programs: readonly Program[];
  readonly timeoutOf: (agent: string) => number;
  /** The longest silence of an agent whose every word is a sign of life; undefined: nobody can say for the others. */
  readonly heartbeatOf: (agent: string) => number | undefined;
  readonly permissions: readonly PermissionAsked[];
  /** Ids of updates with commands that do harm when they are late. */
  readonly oldUpdates: readonly number[];
  /** Who is neither owner nor stranger. */
  readonly guests: readonly number[];
  /** Names of the copies of the database that are there. */
  readonly listCopies: () => readonly string[];
  /** When the newest backup was due, by this time of the machine's wall. */
  readonly backupDueAt: (wallAt: number) => number;
}

/** Each column that names who did something. */
const ACTS = [
  ['decision', 'actor'],
  ['draft', 'decided_by'],
  ['draft', 'revise_wanted_by'],
  ['publication', 'approved_by'],
  ['question', 'answered_by'],
  ['batch', 'decided_by'],
  ['login', 'wanted_by'],
  ['incident', 'acknowledged_by'],
  ['silence', 'by'],
  ['drill', 'wanted_by'],
  ['budget_raise', 'by'],
  ['confirmation', 'actor'],
  ['confirmation', 'decided_by'],
  ['fleet_load', 'actor'],
  ['self_restart', 'asked_by'],
  ['backup', 'asked_by'],
]
  .map(([table, column]) => `SELECT '${table}' AS what, ${column} AS by FROM ${table} WHERE ${column} LIKE @by`)
  .concat(`SELECT substr(subject, 1, instr(subject, ':') - 1) AS what, actor AS by FROM journal WHERE actor LIKE @by`)
  .join(' UNION ');

/** Reads what only rows can tell, its times translated into those of the world; the statements are compiled anew after each crash. */
export function createRowReader(
  database: Database.Database,
  clock: Pick<VirtualClock, 'machine' | 'trueTimeOf'>,
): (at: number, alive: Alive) => Rows {
  const drafts = database.prepare(
    `SELECT d.id, d.state, d.revision, d.reason, d.is_queued AS isQueued, r.created_at AS revisedAt, r.author FROM draft d JOIN draft_revision r ON r.draft_id = d.id AND r.revision = d.revision`,
  );
  const waiting = database.prepare(
    `SELECT key, class, created_at AS createdAt, error FROM outbox WHERE state IN ('queued', 'sending') AND message_id IS NULL AND class <> 'answer'`,
  );
  const refused = database.prepare(`SELECT key, class, state, error FROM outbox WHERE state IN ('refused', 'unknown')`);
  const dues = database.prepare(`SELECT id, agent, due_at AS dueAt, reason FROM due WHERE state = 'waiting'`);
  const holds = database.prepare('SELECT agent, kind, since FROM hold WHERE released_at IS NULL');
  const runs = database.prepare(
    `SELECT id, agent, stop_wanted_at IS NOT NULL OR publication_id IS NOT NULL AS isEnding FROM run WHERE state IN ('starting', 'running')`,
  );
  const inbox = database.prepare(`SELECT count(*) FROM inbox WHERE state = 'queued'`).pluck();
  const openQuestions = database.prepare(
    `SELECT q.id, q.run_id AS run, q.expires_at AS expiresAt, r.state FROM question q JOIN run r ON r.id = q.run_id WHERE q.state = 'open'`,
  );
  const question = database.prepare(
    'SELECT state, settled_at AS settledAt FROM question WHERE run_id = ? AND request = ?',
  );
  const isOver = (state: unknown): boolean => state !== 'starting' && state !== 'running';
  const explained = database
    .prepare(
      `SELECT EXISTS (SELECT 1 FROM incident WHERE kind = 'orphan' AND state <> 'resolved' AND fingerprint IN ('orphan:' || ?, 'orphan:at-start'))`,
    )
    .pluck();
  const runState = database.prepare('SELECT state FROM run WHERE id = ?').pluck();
  const unshownCriticals = database.prepare(
    `SELECT i.id, i.title, max(i.opened_at, o.created_at, ifnull(i.silenced_until, 0)) AS openedAt FROM incident i JOIN outbox o ON o.key = i.message_key
     WHERE i.state = 'firing' AND i.severity = 'critical' AND o.message_id IS NULL AND o.state IN ('queued', 'sending')`,
  );
  const doomed = database.prepare(
    `SELECT r.id AS run, r.agent, c.name AS credential, g.value AS generation, c.state = 'dead' AS isDead,
       max(r.started_at, CASE c.state WHEN 'dead' THEN c.since ELSE c.renewed_at END) AS since
     FROM run r, json_each(r.generations) g JOIN credential c ON c.name = g.key
     WHERE r.state = 'running' AND r.publication_id IS NULL AND r.cause <> 'trial'
       AND (c.state = 'dead' OR c.state = 'alive' AND c.generation > g.value AND c.renewed_at > r.started_at
         AND NOT EXISTS (SELECT 1 FROM hold WHERE released_at IS NULL AND agent IN ('', r.agent))
         AND NOT EXISTS (SELECT 1 FROM question WHERE run_id = r.id AND state = 'open'))`,
  );
  const owing = database.prepare(
    `SELECT started_at AS since FROM run WHERE id = ? AND state = 'running' AND stop_wanted_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM question WHERE run_id = run.id)`,
  );
  const told = database
    .prepare(`SELECT EXISTS (SELECT 1 FROM incident WHERE fingerprint = 'heartbeat:' || ? AND state <> 'resolved')`)
    .pluck();
  const deadCredentials = database.prepare(`SELECT name FROM credential WHERE state = 'dead'`).pluck();
  const limits = database.prepare(
    `SELECT substr(fingerprint, 7) AS credential, opened_at AS openedAt FROM incident WHERE fingerprint GLOB 'limit:*'`,
  );

  // One that Telegram had not shown is told with the next one, and its message taken back.
  const digests = database.prepare(
    `SELECT due_at AS dueAt, state, EXISTS (SELECT 1 FROM outbox o JOIN digest n ON n.message_key = o.key
       WHERE n.id = d.id OR n.asked_by IS NULL AND n.due_at > d.due_at AND n.from_at <= d.from_at) AS isTold
     FROM digest d WHERE asked_by IS NULL`,
  );
  const backups = database.prepare(
    `SELECT due_at AS dueAt, state, file, coalesce(ended_at, started_at, due_at) AS endedAt FROM backup WHERE asked_by IS NULL`,
  );
  const stale = database.prepare(
    `SELECT i.update_id AS "update", i.received_at AS receivedAt, c.id AS question FROM inbox i
     LEFT JOIN confirmation c ON c.message_key = 'reply:' || i.sequence
     WHERE i.state = 'done' AND i.update_id IN (SELECT value FROM json_each(?))`,
  );
  const confirmations = database.prepare(
    'SELECT id, command, argument, state, decided_by AS decidedBy, coalesce(decided_at, created_at) AS decidedAt FROM confirmation',
  );
  const loadHash = database.prepare('SELECT hash FROM fleet_load ORDER BY id DESC LIMIT 1').pluck();
  const stoppedByLoad = database.prepare(
    `SELECT r.id AS run, r.agent, r.stop_reason AS reason, l.hash FROM fleet_load l JOIN run r ON r.stop_wanted_at = l.at WHERE l.how <> 'start'`,
  );
  const acts = database.prepare(ACTS);
  const restarts = database.prepare(
    `SELECT id, state, asked_at AS askedAt, deadline_at AS deadlineAt,
       EXISTS (SELECT 1 FROM outbox WHERE key IN ('restart:' || r.id || ':back', 'restart:' || r.id || ':refused')) AS isTold
     FROM self_restart r`,
  );
  const phases = database.prepare('SELECT task_id AS task, name, output FROM task_phase');
  const costs = database.prepare(
    "SELECT id AS run, agent, cost_micro_usd AS cost, reserved_micro_usd AS reserved, ended_at AS endedAt, EXISTS (SELECT 1 FROM journal WHERE subject = 'run:' || run.id AND event = 'cost estimated') AS isEstimate FROM run WHERE cost_micro_usd IS NOT NULL",
  );
  const raises = database.prepare('SELECT month, agent, limit_micro_usd AS "limit" FROM budget_raise');

  /** Rows have the times that the machine's wall showed. */
  function translate<Row extends object>(rows: unknown[], ...columns: readonly (keyof Row)[]): Row[] {
    return (rows as Row[]).map((row) => ({
      ...row,
      ...Object.fromEntries(columns.map((column) => [column, clock.trueTimeOf(row[column] as number)])),
    }));
  }

  function listAwaited({ programs, permissions }: Alive): Rows['awaited'] {
    const pids = new Set(programs.map(({ pid }) => pid));
    return permissions
      .filter(({ isWaiting, pid, run }) => isWaiting && pids.has(pid) && !isOver(runState.get(run)))
      .map(({ run, request, at }) => {
        const row = question.get(run, `permission:${request}`) as { state: string; settledAt: number } | undefined;
        return {
          run,
          request,
          since: typeof row?.settledAt === 'number' ? clock.trueTimeOf(row.settledAt) : at,
          state: row?.state ?? 'missing',
        };
      });
  }

  function listLeftovers({ programs }: Alive): Rows['leftovers'] {
    return programs.flatMap((program) => {
      const { run, pid, name } = program;
      if (run === undefined || !isOfRun(program)) return [];
      const state = (runState.get(run) ?? 'unknown') as string;
      return !isOver(state) || explained.get(String(run)) === 1 ? [] : [{ pid, name, run, state }];
    });
  }

  /** The programs whose silence counts, with how long they are silent beyond their period. */
  function listSilences({ programs, heartbeatOf }: Alive) {
    return programs.flatMap((program) => {
      const period = program.role === 'agent' ? heartbeatOf(program.name) : undefined;
      const row = program.run === undefined ? undefined : (owing.get(program.run) as { since: number } | undefined);
      if (period === undefined || row === undefined || program.stuckUntil > 0) return [];
      const silentMs = clock.machine.monotonic() - program.spokeMonotonic;
      return [{ run: program.run ?? 0, agent: program.name, silentMs, period, told: told.get(program.name) === 1 }];
    });
  }

  return (at, alive) => ({
    at,
    silent: listSilences(alive)
      .filter(({ silentMs, period, told: isTold }) => silentMs > period && !isTold)
      .map(({ run, agent, silentMs, period }) => ({ run, agent, owedAt: at - silentMs + period })),
    falseAlarms: listSilences(alive)
      .filter(({ silentMs, period, told: isTold }) => isTold && silentMs > 30_000 && silentMs < period)
      .map(({ agent, silentMs }) => ({ agent, silentMs })),
    openQuestions: translate<{ id: number; run: number; expiresAt: number; state: string }>(
      openQuestions.all(),
      'expiresAt',
    ).map(({ state, ...open }) => ({ ...open, isRunOver: isOver(state) })),
    awaited: listAwaited(alive),
    running: alive.programs
      .filter(({ role, run }) => (role === 'agent' || role === 'publisher') && !isOver(runState.get(run)))
      .map(({ pid, name, startedMonotonic }) => ({
        pid,
        name,
        // A timeout is of time in which the machine was awake.
        endsAt: at - (clock.machine.monotonic() - startedMonotonic) + alive.timeoutOf(name),
      })),
    leftovers: listLeftovers(alive),
    deadCredentials: deadCredentials.all() as string[],
    unshownCriticals: translate(unshownCriticals.all(), 'openedAt'),
    doomed: translate(doomed.all(), 'since'),
    limitIncidents: translate(limits.all(), 'openedAt'),
    wallAt: clock.machine.now(),
    digests: (digests.all() as { dueAt: number; state: string; isTold: 0 | 1 }[]).map((digest) => ({
      ...digest,
      isTold: digest.isTold === 1,
    })),
    backups: translate(backups.all(), 'endedAt'),
    backupDueAt: alive.backupDueAt(clock.machine.now()),
    copies: alive.listCopies(),
    stale: alive.oldUpdates.length === 0 ? [] : translate(stale.all(JSON.stringify(alive.oldUpdates)), 'receivedAt'),
    confirmations: translate(confirmations.all(), 'decidedAt'),
    loadHash: loadHash.get() as string | undefined,
    stoppedByLoad: stoppedByLoad.all() as Rows['stoppedByLoad'],
    acts: alive.guests.flatMap((id) => acts.all({ by: `%:${id}` }) as Rows['acts']),
    restarts: translate<{ id: number; state: string; askedAt: number; deadlineAt: number; isTold: 0 | 1 }>(
      restarts.all(),
      'askedAt',
      'deadlineAt',
    ).map((restart) => ({ ...restart, isTold: restart.isTold === 1 })),
    phases: phases.all() as Rows['phases'],
    costs: costs.all() as Rows['costs'],
    raises: raises.all() as Rows['raises'],
    drafts: translate(drafts.all(), 'revisedAt'),
    waiting: translate(waiting.all(), 'createdAt'),
    refused: refused.all() as Rows['refused'],
    dues: translate(dues.all(), 'dueAt'),
    holds: translate(holds.all(), 'since'),
    runs: runs.all() as Rows['runs'],
    inbox: inbox.get() as number,
  });
}

/** Pids of logins that a row knows: what carries no mark is swept by them. */
export function readLoginPids(database: Database.Database): ReadonlySet<number> {
  return new Set(database.prepare('SELECT pid FROM login WHERE pid IS NOT NULL').pluck().all() as number[]);
}

/** A run as its row has it when its program starts, with what came before. */
export interface StartingRun {
  readonly agent: string;
  readonly wantedAt: number;
  readonly before:
    | { readonly state: string; readonly failure: string | null; readonly stopReason: string | null }
    | undefined;
}

/** What is looked up in the middle of things. */
export interface RowLookup {
  /** The run whose program starts, and the agent's run before it. */
  startingRun(id: number): StartingRun | undefined;
  /** Whether one of these runs is written down as refused for a usage limit. */
  isLimitKnown(runs: readonly number[]): boolean;
  /** Whether somebody is held because of a credential that is not dead: its words of it are doubted. */
  isDoubted(credential: string): boolean;
  /** Whether a new secret of it is being tried: what a check says is about that one. */
  isTrying(credential: string): boolean;
  /** Hash of the fleet.yaml that is in force. */
  loadHash(): string | undefined;
  /** The question that a run put by this request. */
  question(run: number, request: string): number | undefined;
  /** Messages that were not shown yet, in the sender's order. */
  unshown(): readonly {
    readonly key: string;
    readonly class: MessageClass;
    readonly content: string;
    readonly askedAt: number;
    readonly isSending: 0 | 1;
  }[];
}

/** Builds the lookup; the statements are compiled anew after each crash. */
export function createRowLookup(
  database: Database.Database,
  { trueTimeOf }: Pick<VirtualClock, 'trueTimeOf'>,
): RowLookup {
  const run = database.prepare('SELECT agent, wanted_at AS wantedAt FROM run WHERE id = ?');
  const before = database.prepare(
    'SELECT state, failure, stop_reason AS stopReason FROM run WHERE agent = ? AND id < ? ORDER BY id DESC LIMIT 1',
  );
  const limited = database
    .prepare(
      `SELECT count(*) FROM run WHERE state = 'failed' AND retry_at IS NOT NULL AND id IN (SELECT value FROM json_each(?))`,
    )
    .pluck();
  const question = database.prepare('SELECT id FROM question WHERE run_id = ? AND request = ?').pluck();
  const loadHash = database.prepare('SELECT hash FROM fleet_load ORDER BY id DESC LIMIT 1').pluck();
  const trying = database
    .prepare(
      `SELECT EXISTS (SELECT 1 FROM credential WHERE name = @name AND state = 'logging-in')
       OR EXISTS (SELECT 1 FROM rotation WHERE credential = @name AND state = 'checking')`,
    )
    .pluck();
  const doubted = database
    .prepare(
      `SELECT EXISTS (SELECT 1 FROM hold h JOIN credential c ON c.name = h.subject
       WHERE h.kind = 'credential' AND h.subject = ? AND h.released_at IS NULL AND c.state NOT IN ('dead', 'logging-in'))`,
    )
    .pluck();
  const unshown = database.prepare(
    `SELECT key, class, content, created_at AS askedAt, state = 'sending' AS isSending FROM outbox WHERE state IN ('queued', 'sending') AND message_id IS NULL ORDER BY priority, next_at, id`,
  );
  return {
    startingRun(id) {
      const row = run.get(id) as Omit<StartingRun, 'before'> | undefined;
      return (
        row && {
          ...row,
          wantedAt: trueTimeOf(row.wantedAt),
          before: before.get(row.agent, id) as StartingRun['before'],
        }
      );
    },
    loadHash: () => loadHash.get() as string | undefined,
    isLimitKnown: (runs) => (limited.get(JSON.stringify(runs)) as number) > 0,
    isTrying: (credential) => trying.get({ name: credential }) === 1,
    isDoubted: (credential) => doubted.get(credential) === 1,
    question: (runId, request) => question.get(runId, request) as number | undefined,
    unshown: () =>
      (unshown.all() as ReturnType<RowLookup['unshown']>).map((row) => ({ ...row, askedAt: trueTimeOf(row.askedAt) })),
  };
}

/** What is left to do after an hour without faults: nothing, if all is well. */
export function listUnsettled(
  database: Database.Database,
  now: number,
  agents: readonly string[],
  calmAt: number,
): readonly string[] {
  const all = (sql: string, ...given: unknown[]): string[] =>
    database
      .prepare(sql)
      .pluck()
      .all(...given) as string[];
  const minute = 60_000;
  return [
    ...all(
      `SELECT 'the backup of ' || due_at || ' is ' || state FROM backup WHERE state IN ('wanted', 'running') AND coalesce(started_at, due_at) < ?`,
      now - 2 * minute,
    ),
    ...all(`SELECT 'update ' || update_id || ' waits in the inbox' FROM inbox WHERE state = 'queued'`),
    // Three crashes in its handling, by chance: the owner has been told.
    ...all(
      `SELECT 'update ' || update_id || ' is dead: ' || error FROM inbox WHERE state = 'dead' AND error NOT LIKE 'Nightdesk ended each time%'`,
    ),
    ...all(
      `SELECT 'message ' || key || ' is ' || state FROM outbox WHERE state IN ('queued', 'sending') AND created_at < ? AND next_at < ?`,
      now - 2 * minute,
      now - 2 * minute,
    ),
    ...all(
      `SELECT 'credential ' || name || ' is ' || state FROM credential WHERE state NOT IN ('alive', 'unknown') AND name NOT LIKE '~%'`,
    ),
    ...all(
      `SELECT agent || ' is held: ' || reason FROM hold WHERE released_at IS NULL AND kind NOT IN ('backoff', 'budget') AND since < ?`,
      now - 10 * minute,
    ),
    ...all(
      `SELECT 'draft ' || id || ' is still ' || state FROM draft WHERE state IN ('approved', 'publishing', 'unknown') AND decided_at < ?`,
      now - 15 * minute,
    ),
    ...all(
      // What survived from before a start is looked at again only by the next one.
      `SELECT 'incident ' || fingerprint || ' is ' || state FROM incident WHERE state <> 'resolved' AND fingerprint <> 'orphan:at-start'
       AND (kind IN ('auth', 'poller', 'disk', 'memory', 'orphan', 'limit', 'cli', 'unknown', 'backup') OR kind IN ('crash', 'crash-loop') AND subject IN (SELECT value FROM json_each(?)))
       -- Whoever has no money cannot show that it is well again.
       AND NOT (kind IN ('unknown', 'crash') AND EXISTS (SELECT 1 FROM incident_agent a JOIN due d ON d.agent = a.agent
         WHERE a.incident_id = incident.id AND d.state = 'waiting' AND d.reason LIKE '% has $% left, %and it needs %'))`,
      JSON.stringify(agents),
    ),
    ...all(
      `SELECT 'question ' || id || ' of run ' || run_id || ' is open' FROM question WHERE state = 'open' AND asked_at < ?`,
      now - 15 * minute,
    ),
    ...all(
      `SELECT 'task ' || id || ' is ' || state FROM task WHERE state IN ('open', 'claimed') AND offer_at < ? AND ifnull(claimed_at, 0) < ?
       AND agent NOT IN (SELECT subject FROM incident WHERE state <> 'resolved' AND kind = 'budget')`,
      now - 20 * minute,
      now - 40 * minute,
    ),
    ...agents
      .filter(
        (agent) =>
          all(
            `SELECT id FROM incident WHERE state <> 'resolved' AND kind = 'budget' AND subject IN (?, '', 'the fleet')`,
            agent,
          ).length === 0,
      )
      .filter(
        (agent) =>
          all(`SELECT id FROM run WHERE agent = ? AND state = 'done' AND ended_at > ?`, agent, calmAt).length === 0,
      )
      .map((agent) => `${agent} has not run well since the storm`),
  ];
}
