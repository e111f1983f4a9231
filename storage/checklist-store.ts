import type { CliRow } from './cli-store.ts';
import type { Connection } from './database.ts';

/** Failures of one tool of one agent, as it reported them. */
export interface ToolFailureCount {
  readonly agent: string;
  readonly tool: string;
  readonly kind: string;
  readonly times: number;
}

/** What the checklist asks of rows that other stores keep for acts. */
export interface ChecklistStore {
  /** When Telegram last showed one of our last messages; null: it has shown none of them. */
  shownAt(): number | null;
  toolFailures(since: number): ToolFailureCount[];
  /** When the second route last told something, and when and why it last failed; drills count. */
  fallback(): { readonly sentAt: number | null; readonly failedAt: number | null; readonly error: string | null };
  clis(): CliRow[];
  /** Runs of an agent that are over and still known, at most a hundred. */
  endedRuns(agent: string): number;
  isBackupOpen(): boolean;
  /** Wants a copy of the database now; false when one is wanted or being made. */
  wantBackup(by: string, now: number): boolean;
  databaseBytes(): number;
  /** Reads the database page by page: `ok`, or what is wrong with it. Takes a second for some hundred MB. */
  readAll(): string;
}

/** Messages that are looked through for the last one that was shown: more than a day's of a busy fleet. */
const LAST_MESSAGES = 2_000;
/** Entries of the journal that are looked through for failures: some days of a busy fleet, and some milliseconds. */
const LAST_ENTRIES = 20_000;

/** Builds the store. */
export function createChecklistStore(connection: Connection): ChecklistStore {
  const shown = connection.statement<[number], { at: number | null }>(
    'SELECT max(sent_at) AS at FROM outbox WHERE id > (SELECT max(id) FROM outbox) - ? AND message_id IS NOT NULL',
  );
  // run:RUN:TOOL:KIND; a tool's name may hold colons. By id: a year's journal is longer than anybody waits for.
  const failures = connection.statement<[number, number], { subject: string; actor: string; times: number }>(
    `SELECT subject, actor, count(*) AS times FROM journal
     WHERE id > (SELECT max(id) FROM journal) - ? AND at >= ? AND subject GLOB 'run:*' AND event IN ('tool failed', 'tool seen failing') GROUP BY +subject, +actor`,
  );
  const sent = connection.statement<[], { at: number | null }>(
    `SELECT max(ended_at) AS at FROM fallback WHERE state = 'sent'`,
  );
  const failed = connection.statement<[], { at: number; error: string | null }>(
    `SELECT ended_at AS at, error FROM fallback WHERE state = 'failed' AND ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT 1`,
  );
  const clis = connection.statement<[], CliRow>(
    'SELECT program, runtime, file, version, previous, state, seen_at AS seenAt, detail FROM cli ORDER BY program',
  );
  const ended = connection.statement<[string], { n: number }>(
    `SELECT count(*) AS n FROM (SELECT 1 FROM run WHERE agent = ? AND ended_at IS NOT NULL LIMIT 100)`,
  );
  const openBackup = connection.statement<[], { n: number }>(
    `SELECT count(*) AS n FROM backup WHERE state IN ('wanted', 'running')`,
  );
  const wantBackup = connection.statement<[number, string]>(
    `INSERT INTO backup (due_at, asked_by, state) SELECT ?, ?, 'wanted'
     WHERE NOT EXISTS (SELECT 1 FROM backup WHERE state IN ('wanted', 'running'))`,
  );
  const pageCount = connection.statement<[], { page_count: number }>('PRAGMA page_count');
  const pageSize = connection.statement<[], { page_size: number }>('PRAGMA page_size');
  const check = connection.statement<[], { quick_check: string }>('PRAGMA quick_check(1)');
  return {
    shownAt: () => shown.get(LAST_MESSAGES)?.at ?? null,
    toolFailures(since) {
      const counts = new Map<string, ToolFailureCount>();
      for (const { subject, actor, times } of failures.all(LAST_ENTRIES, since)) {
        const [, tool = '', kind = ''] = /^run:\d+:(.*):([^:]+)$/.exec(subject) ?? [];
        const agent = actor.replace(/^agent:/, '');
        const key = JSON.stringify([agent, tool, kind]);
        counts.set(key, { agent, tool, kind, times: times + (counts.get(key)?.times ?? 0) });
      }
      return [...counts.values()].toSorted((a, b) => b.times - a.times);
    },
    fallback() {
      const last = failed.get();
      return { sentAt: sent.get()?.at ?? null, failedAt: last?.at ?? null, error: last?.error ?? null };
    },
    clis: () => clis.all(),
    endedRuns: (agent) => ended.get(agent)?.n ?? 0,
    isBackupOpen: () => (openBackup.get()?.n ?? 0) > 0,
    wantBackup(by, now) {
      connection.touch('backups');
      return wantBackup.run(now, by).changes === 1;
    },
    databaseBytes: () => (pageCount.get()?.page_count ?? 0) * (pageSize.get()?.page_size ?? 0),
    readAll: () => check.get()?.quick_check ?? 'ok',
  };
}
