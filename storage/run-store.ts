import type { Connection } from './database.ts';
import { createRunFlushStore, type FlushReason, type RunFlushStore } from './run-flush-store.ts';
import { createRunSignStore, type RunSignStore } from './run-sign-store.ts';
import { assign, past, type SetBack } from './set-back.ts';

export type RunState = 'starting' | 'running' | 'done' | 'failed' | 'stopped' | 'lost';

/** One execution of an agent. */
export interface RunRow {
  readonly id: number;
  readonly agent: string;
  readonly cause: string;
  readonly publicationId: number | null;
  readonly state: RunState;
  readonly wantedAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Class of the failure; only with state `failed`. */
  readonly failure: string | null;
  readonly evidence: string | null;
  /** How the program ended, in words. */
  readonly exit: string | null;
  readonly stopReason: string | null;
  readonly stopWantedAt: number | null;
  /** JSON: credential → the generation it was started with. */
  readonly generations: string;
  readonly pid: number | null;
  readonly startTicks: string | null;
  readonly bootId: string | null;
  readonly logPath: string | null;
  readonly outputBytes: number;
  readonly outputAt: number | null;
  readonly beatAt: number | null;
  readonly beatNote: string | null;
  readonly progressAt: number | null;
  readonly progressNote: string | null;
  /** What continues its session in a later run. */
  readonly resumeToken: string | null;
  readonly model: string | null;
  readonly cliVersion: string | null;
  /** Name of the layer that it was started under. */
  readonly containment: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  /** Millionths of a US dollar, at list prices; null where its CLI tells none. */
  readonly costMicroUsd: number | null;
  readonly contextTokens: number | null;
  /** The usable part of the context: up to where the CLI would compact by itself. */
  readonly contextLimit: number | null;
  /** What its failure looks like, without what differs each time; only of a failure that no rule knows. */
  readonly fingerprint: string | null;
  /** When the other side says that a new try is worth it. */
  readonly retryAt: number | null;
  /** When its CLI last told of something new that the agent does. */
  readonly livelyAt: number | null;
  /** When work was last seen in its folder. */
  readonly workedAt: number | null;
  /** Until when nothing is expected of it: its agent declared a long step. */
  readonly patientUntil: number | null;
  /** When it was last asked for a sign of life. */
  readonly askedAt: number | null;
  /** What it does over and over, in words, as it was last told. */
  readonly repeating: string | null;
  /** The task that it was started with, and the position of its phase. */
  readonly taskId: number | null;
  readonly phase: number | null;
  /** Why its agent is asked to write its WORKSTATE.md, since when, and when it was told. */
  readonly flushReason: FlushReason | null;
  readonly flushWantedAt: number | null;
  readonly flushAskedAt: number | null;
  /** When its CLI compacted its context by itself. */
  readonly compactedAt: number | null;
  /** The run whose work it goes on with, in a fresh session. */
  readonly continues: number | null;
  /** What was set aside for it before it was started, in millionths of a US dollar; null: it is not limited. */
  readonly reservedMicroUsd: number | null;
  /** 1: its login is a subscription's, which pays for it already. */
  readonly isCovered: number;
}

/** A run as it is wanted. */
export interface NewRun {
  readonly agent: string;
  readonly cause: string;
  readonly publicationId: number | null;
  readonly wantedAt: number;
  readonly generations: string;
  /** The run whose work it goes on with. */
  readonly continues?: number | null;
  /** What is set aside for it, in millionths of a US dollar; null: it is not limited. */
  readonly reservedMicroUsd?: number | null;
  /** 1: a subscription pays for it. */
  readonly isCovered?: 0 | 1;
}

/** What is known of a run when its program is about to be started. */
export interface RunClaim {
  readonly startedAt: number;
  readonly tokenHash: string;
  readonly logPath: string;
  /** Name of the layer that it is started under. */
  readonly containment: string;
  readonly cliVersion: string | null;
  readonly resumeToken: string | null;
}

/** What a run's CLI tells of itself once it has begun. */
export interface RunSession {
  readonly resumeToken: string;
  readonly model: string | null;
  readonly cliVersion: string | null;
}

/** What a run has used so far; null is not known, and leaves what was known before. */
export interface RunUsage {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costMicroUsd: number | null;
  readonly contextTokens: number | null;
  readonly contextLimit: number | null;
}

/** How a run ended. */
export interface RunEnd {
  readonly state: 'done' | 'failed' | 'stopped' | 'lost';
  readonly failure: string | null;
  readonly evidence: string | null;
  readonly exit: string | null;
  readonly endedAt: number;
  readonly fingerprint?: string | null;
  readonly retryAt?: number | null;
}

/** Runs: a row before they are an act. At most one run of an agent is alive. */
export interface RunStore extends RunSignStore, RunFlushStore {
  add(run: NewRun): number;
  get(id: number): RunRow | undefined;
  byToken(tokenHash: string): RunRow | undefined;
  /** Runs whose program is still to be started. */
  toStart(): RunRow[];
  /** Takes a run for starting; false when somebody else did or it ended. */
  claim(id: number, start: RunClaim): boolean;
  session(id: number, session: RunSession): void;
  usage(id: number, usage: RunUsage): void;
  started(id: number, identity: { pid: number; startTicks: string; bootId: string }): void;
  /** Gives another reason for a stop that is wanted already, one that does not wait; false when that is not so. */
  hurryStop(id: number, from: string, to: string): boolean;
  /**
   * After the clock was set back: nothing of a run, its start included, is later than now, and the end of a long step that was declared in
   * the wrong time is moved back with it. When the other side wants the next try stays: that is a time of its own clock.
   */
  setBack(jump: SetBack): void;
  /** Asks for the end of a run; false when it has been asked already or the run is over. `evidence` says in words what calls for it. */
  wantStop(id: number, reason: string, at: number, evidence?: string): boolean;
  /** Ends a run that is alive; false when it was over. */
  settle(id: number, end: RunEnd): boolean;
  alive(): RunRow[];
  aliveOf(agent: string): RunRow | undefined;
  recent(agent: string, limit: number): RunRow[];
  lastOf(agent: string): RunRow | undefined;
  /**
   * Failed runs of the agent that ended after `since`, later than its last good one; refused logins, usage limits, and runs that were stopped
   * since they had spent what they may do not count.
   */
  failuresInARow(agent: string, since: number): number;
  /** Failed runs that ended after `since` and look like this, by agent. */
  alike(fingerprint: string, since: number): { readonly agent: string; readonly times: number }[];
}

const COLUMNS = `id, agent, cause, publication_id AS publicationId, state, wanted_at AS wantedAt, started_at AS startedAt, ended_at AS endedAt,
  failure, evidence, exit, stop_reason AS stopReason, stop_wanted_at AS stopWantedAt, generations, pid, start_ticks AS startTicks,
  boot_id AS bootId, log_path AS logPath, output_bytes AS outputBytes, output_at AS outputAt, beat_at AS beatAt, beat_note AS beatNote,
  progress_at AS progressAt, progress_note AS progressNote, resume_token AS resumeToken, model, cli_version AS cliVersion, containment,
  input_tokens AS inputTokens, output_tokens AS outputTokens, cost_micro_usd AS costMicroUsd, context_tokens AS contextTokens,
  context_limit AS contextLimit, fingerprint, retry_at AS retryAt, lively_at AS livelyAt, worked_at AS workedAt,
  patient_until AS patientUntil, asked_at AS askedAt, repeating, task_id AS taskId, phase, flush_reason AS flushReason,
  flush_wanted_at AS flushWantedAt, flush_asked_at AS flushAskedAt, compacted_at AS compactedAt, continues,
  reserved_micro_usd AS reservedMicroUsd, is_covered AS isCovered`;

/** Times of a run that is alive, and have come. */
const PAST = [
  'wanted_at',
  'started_at',
  'stop_wanted_at',
  'output_at',
  'beat_at',
  'progress_at',
  'lively_at',
  'worked_at',
  'asked_at',
  'flush_wanted_at',
  'flush_asked_at',
  'compacted_at',
];

/**
 * What is alive, a handful among the rows of a month. The condition is the partial index's own, and `+id` keeps SQLite from walking
 * the whole table in the order of its ids instead.
 */
const ALIVE = `FROM run WHERE state IN ('starting', 'running')`;

/** Builds the run store. */
export function createRunStore(connection: Connection): RunStore {
  const insert = connection.statement<[Required<NewRun>]>(
    `INSERT INTO run (agent, cause, publication_id, state, wanted_at, generations, continues, reserved_micro_usd, is_covered)
     VALUES (@agent, @cause, @publicationId, 'starting', @wantedAt, @generations, @continues, @reservedMicroUsd, @isCovered)`,
  );
  const byId = connection.statement<[number], RunRow>(`SELECT ${COLUMNS} FROM run WHERE id = ?`);
  const byToken = connection.statement<[string], RunRow>(`SELECT ${COLUMNS} FROM run WHERE token_hash = ?`);
  const toStart = connection.statement<[], RunRow>(
    `SELECT ${COLUMNS} ${ALIVE} AND state = 'starting' AND started_at IS NULL ORDER BY +id`,
  );
  const claim = connection.statement<[{ id: number } & RunClaim]>(
    `UPDATE run SET started_at = @startedAt, token_hash = @tokenHash, log_path = @logPath, containment = @containment,
       cli_version = @cliVersion, resume_token = @resumeToken
     WHERE id = @id AND state = 'starting' AND started_at IS NULL AND stop_wanted_at IS NULL`,
  );
  const started = connection.statement<[{ id: number; pid: number; startTicks: string; bootId: string }]>(
    `UPDATE run SET state = 'running', pid = @pid, start_ticks = @startTicks, boot_id = @bootId WHERE id = @id AND state = 'starting'`,
  );
  // A long step is declared with a beat.
  const moveAlive = connection.statement<[SetBack]>(
    `UPDATE run SET ${assign(PAST, past)}, patient_until = CASE WHEN beat_at > @now THEN patient_until - @byMs ELSE patient_until END
     WHERE state IN ('starting', 'running')`,
  );
  const moveEnded = connection.statement<[SetBack]>(
    `UPDATE run SET ${assign(['wanted_at', 'started_at', 'ended_at'], past)} WHERE ended_at > @now`,
  );
  const hurry = connection.statement<[string, number, string]>(
    `UPDATE run SET stop_reason = ? WHERE id = ? AND stop_reason = ? AND state IN ('starting', 'running')`,
  );
  const session = connection.statement<[RunSession & { id: number }]>(
    `UPDATE run SET resume_token = @resumeToken, model = coalesce(@model, model), cli_version = coalesce(@cliVersion, cli_version)
     WHERE id = @id`,
  );
  const usage = connection.statement<[RunUsage & { id: number }]>(
    `UPDATE run SET input_tokens = coalesce(@inputTokens, input_tokens), output_tokens = coalesce(@outputTokens, output_tokens),
       cost_micro_usd = coalesce(@costMicroUsd, cost_micro_usd), context_tokens = coalesce(@contextTokens, context_tokens),
       context_limit = coalesce(@contextLimit, context_limit)
     WHERE id = @id`,
  );
  const stop = connection.statement<[string, number, string | null, number]>(
    `UPDATE run SET stop_reason = ?, stop_wanted_at = ?, evidence = ? WHERE id = ? AND state IN ('starting', 'running') AND stop_wanted_at IS NULL`,
  );
  const settle = connection.statement<[Required<RunEnd> & { id: number }]>(
    `UPDATE run SET state = @state, failure = @failure, evidence = @evidence, exit = @exit, ended_at = @endedAt,
       fingerprint = @fingerprint, retry_at = @retryAt
     WHERE id = @id AND state IN ('starting', 'running')`,
  );
  const alive = connection.statement<[], RunRow>(`SELECT ${COLUMNS} ${ALIVE} ORDER BY +id`);
  const aliveOf = connection.statement<[string], RunRow>(
    `SELECT ${COLUMNS} FROM run WHERE agent = ? AND state IN ('starting', 'running')`,
  );
  const recent = connection.statement<[string, number], RunRow>(
    `SELECT ${COLUMNS} FROM run WHERE agent = ? ORDER BY id DESC LIMIT ?`,
  );
  const failures = connection.statement<[{ agent: string; since: number }], { n: number }>(
    `SELECT count(*) AS n FROM run WHERE agent = @agent AND state = 'failed' AND ended_at > @since AND coalesce(failure, '') <> 'auth'
       AND retry_at IS NULL
       AND NOT (failure IS 'budget' AND (stop_reason IS 'budget' OR coalesce(cost_micro_usd >= reserved_micro_usd - 1000, 0)))
       AND id > coalesce((SELECT max(id) FROM run WHERE agent = @agent AND state = 'done'), 0)`,
  );
  const alike = connection.statement<[string, number], { agent: string; times: number }>(
    `SELECT agent, count(*) AS times FROM run WHERE fingerprint = ? AND ended_at > ? AND state = 'failed' GROUP BY agent ORDER BY agent`,
  );
  return {
    ...createRunSignStore(connection),
    ...createRunFlushStore(connection),
    add(run) {
      connection.touch('runs');
      return Number(insert.run({ continues: null, reservedMicroUsd: null, isCovered: 0, ...run }).lastInsertRowid);
    },
    get: (id) => byId.get(id),
    byToken: (tokenHash) => byToken.get(tokenHash),
    toStart: () => toStart.all(),
    claim: (id, start) => claim.run({ id, ...start }).changes === 1,
    session: (id, told) => void session.run({ id, ...told }),
    usage: (id, used) => void usage.run({ id, ...used }),
    started: (id, identity) => void started.run({ id, ...identity }),
    hurryStop(id, from, to) {
      connection.touch('runs');
      return hurry.run(to, id, from).changes === 1;
    },
    setBack(jump) {
      connection.touch('runs');
      moveAlive.run(jump);
      moveEnded.run(jump);
    },
    wantStop(id, reason, at, evidence) {
      connection.touch('runs');
      return stop.run(reason, at, evidence ?? null, id).changes === 1;
    },
    settle(id, end) {
      const settled = settle.run({ id, fingerprint: null, retryAt: null, ...end }).changes === 1;
      if (settled) connection.touch('loop');
      return settled;
    },
    alive: () => alive.all(),
    aliveOf: (agent) => aliveOf.get(agent),
    recent: (agent, limit) => recent.all(agent, limit),
    lastOf: (agent) => recent.get(agent, 1),
    failuresInARow: (agent, since) => failures.get({ agent, since })?.n ?? 0,
    alike: (fingerprint, since) => alike.all(fingerprint, since),
  };
}
