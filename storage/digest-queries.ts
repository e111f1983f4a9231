import type { Connection } from './database.ts';
import type { IncidentRow } from './incident-store.ts';
import type { JournalEntry } from './journal-store.ts';
import type { RunState } from './run-store.ts';

/** An incident as a digest names it. */
export type DigestIncident = Pick<
  IncidentRow,
  'id' | 'kind' | 'severity' | 'state' | 'title' | 'openedAt' | 'resolvedAt' | 'cost' | 'inhibitedBy' | 'silencedUntil'
>;

/** What was decided about a draft, by whom, and how long it had waited and could have. */
export interface DigestDecision {
  readonly at: number;
  readonly agent: string;
  readonly kind: string;
  readonly verdict: string;
  readonly actor: string;
  readonly createdAt: number;
  /** When its owner could first see it; null: not known. */
  readonly shownAt: number | null;
  readonly windowEndsAt: number | null;
}

/** How many runs of an agent ended how, and the tokens that they told. */
export interface RunTally {
  readonly agent: string;
  readonly state: RunState;
  readonly runs: number;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
}

/** A run on a timeline; `toAt` null: it is alive. */
export interface RunSpan {
  readonly agent: string;
  readonly state: RunState;
  readonly fromAt: number;
  readonly toAt: number | null;
}

/** How the last run of an agent with a verdict of its own ended. */
export interface RunVerdict {
  readonly state: 'done' | 'failed';
  readonly failure: string | null;
  readonly evidence: string | null;
  readonly endedAt: number;
}

/** Due times of an agent that were given up together; they lie between `dueAt` and `lastAt`. */
export interface LostDues {
  readonly agent: string;
  readonly dueAt: number;
  readonly lastAt: number;
  readonly times: number;
}

/** What digests are made of: each of [from, to), epoch ms, by an index, and without what fire drills did. */
export interface DigestQueries {
  /** Incidents that were open at any time of it, oldest first; if there are too many, those that are open and the newest ones. */
  incidentsTouching(from: number, to: number): DigestIncident[];
  /** The newest entries about subjects that begin like that, such as `credential:`, oldest first. */
  journalBetween(prefix: string, from: number, to: number): JournalEntry[];
  draftsWritten(from: number, to: number): { readonly agent: string; readonly drafts: number }[];
  /** The newest decisions, oldest first. */
  decisionsBetween(from: number, to: number): DigestDecision[];
  runTallies(from: number, to: number): RunTally[];
  /** Runs that were alive at any time of it, by the time of their end; the newest ones, if there are too many. */
  runSpans(from: number, to: number): RunSpan[];
  /** The last run that ended before `at` and did so by itself: what was lost ended with Nightdesk. */
  lastVerdict(agent: string, at: number): RunVerdict | undefined;
  lostDues(from: number, to: number): LostDues[];
  tasksEnded(from: number, to: number): { readonly done: number; readonly failed: number };
  openQuestions(): { readonly questions: number; readonly nextDeadline: number | null };
  /** When anything was first written down here; undefined: nothing was. */
  firstAt(): number | undefined;
}

/** More than these are no longer a digest's business, and would make it slow. */
const MOST_INCIDENTS = 2_000;
const MOST_ENTRIES = 2_000;
const MOST_DECISIONS = 20_000;
const MOST_SPANS = 50_000;
const MOST_LOST = 20_000;

/** Builds these queries. */
export function createDigestQueries(connection: Connection): DigestQueries {
  const incidents = connection.statement<[{ from: number; to: number; most: number }], DigestIncident>(
    `SELECT id, kind, severity, state, title, opened_at AS openedAt, resolved_at AS resolvedAt, cost, inhibited_by AS inhibitedBy,
       silenced_until AS silencedUntil FROM incident
     WHERE opened_at < @to AND (resolved_at IS NULL OR resolved_at >= @from) AND is_drill = 0
     ORDER BY resolved_at IS NULL DESC, id DESC LIMIT @most`,
  );
  const journal = connection.statement<[string, string, number, number, number], JournalEntry>(
    `SELECT at, subject, event, actor, detail FROM journal WHERE subject >= ? AND subject < ? AND at >= ? AND at < ? ORDER BY id DESC LIMIT ?`,
  );
  const written = connection.statement<[number, number], { agent: string; drafts: number }>(
    `SELECT agent, count(*) AS drafts FROM draft WHERE created_at >= ? AND created_at < ? AND agent NOT LIKE '~%' GROUP BY agent`,
  );
  // A reason that is given for a rejection is written down as another one.
  const decisions = connection.statement<[number, number, number], DigestDecision>(
    `SELECT c.at, d.agent, d.kind, c.verdict, c.actor, d.created_at AS createdAt, d.shown_at AS shownAt, d.window_ends_at AS windowEndsAt
     FROM decision c JOIN draft d ON d.id = c.draft_id WHERE c.at >= ? AND c.at < ? AND d.agent NOT LIKE '~%'
       AND NOT (c.verdict = 'rejected' AND EXISTS (SELECT 1 FROM decision e WHERE e.draft_id = c.draft_id AND e.verdict = 'rejected' AND e.id < c.id))
     ORDER BY c.at DESC LIMIT ?`,
  );
  const tallies = connection.statement<[number, number], RunTally>(
    `SELECT agent, state, count(*) AS runs, sum(input_tokens) AS inputTokens, sum(output_tokens) AS outputTokens FROM run
     WHERE ended_at >= ? AND ended_at < ? AND agent NOT LIKE '~%' GROUP BY agent, state`,
  );
  const spans = connection.statement<[{ from: number; to: number; most: number }], RunSpan>(
    `SELECT agent, state, coalesce(started_at, wanted_at) AS fromAt, ended_at AS toAt FROM run
     WHERE ended_at >= @from AND coalesce(started_at, wanted_at) < @to AND agent NOT LIKE '~%' ORDER BY ended_at DESC LIMIT @most`,
  );
  const alive = connection.statement<[number], RunSpan>(
    `SELECT agent, state, coalesce(started_at, wanted_at) AS fromAt, NULL AS toAt FROM run
     WHERE state IN ('starting', 'running') AND coalesce(started_at, wanted_at) < ? AND agent NOT LIKE '~%'`,
  );
  const verdict = connection.statement<[string, number], RunVerdict>(
    `SELECT state, failure, evidence, ended_at AS endedAt FROM run WHERE agent = ? AND ended_at < ? AND state IN ('done', 'failed')
     ORDER BY id DESC LIMIT 1`,
  );
  const lost = connection.statement<[number, number, number], LostDues>(
    `SELECT agent, due_at AS dueAt, last_at AS lastAt, times FROM due WHERE state IN ('skipped', 'missed') AND settled_at >= ? AND due_at < ?
       AND cause IN ('schedule', 'catch-up') AND agent NOT LIKE '~%' LIMIT ?`,
  );
  const tasks = connection.statement<[number, number], { done: number; failed: number }>(
    `SELECT count(*) FILTER (WHERE state = 'done') AS done, count(*) FILTER (WHERE state = 'failed') AS failed FROM task
     WHERE ended_at IS NOT NULL AND ended_at >= ? AND ended_at < ?`,
  );
  const questions = connection.statement<[], { questions: number; nextDeadline: number | null }>(
    `SELECT count(*) AS questions, min(expires_at) AS nextDeadline FROM question WHERE state = 'open'`,
  );
  const firstEntry = connection.statement<[], { at: number }>(
    'SELECT at FROM journal WHERE id = (SELECT min(id) FROM journal)',
  );
  const firstRun = connection.statement<[], { at: number }>(
    'SELECT wanted_at AS at FROM run WHERE id = (SELECT min(id) FROM run)',
  );
  return {
    incidentsTouching: (from, to) =>
      incidents.all({ from, to, most: MOST_INCIDENTS }).sort((a, b) => a.openedAt - b.openedAt || a.id - b.id),
    // The sign after the colon: `credential:` to `credential;`.
    journalBetween: (prefix, from, to) =>
      journal.all(prefix, `${prefix.slice(0, -1)};`, from, to, MOST_ENTRIES).reverse(),
    draftsWritten: (from, to) => written.all(from, to),
    decisionsBetween: (from, to) => decisions.all(from, to, MOST_DECISIONS).reverse(),
    runTallies: (from, to) => tallies.all(from, to),
    runSpans: (from, to) => [...spans.all({ from, to, most: MOST_SPANS }).reverse(), ...alive.all(to)],
    lastVerdict: (agent, at) => verdict.get(agent, at),
    lostDues: (from, to) => lost.all(from, to, MOST_LOST),
    tasksEnded: (from, to) => tasks.get(from, to) ?? { done: 0, failed: 0 },
    openQuestions: () => questions.get() ?? { questions: 0, nextDeadline: null },
    firstAt() {
      const times = [firstEntry.get()?.at, firstRun.get()?.at].filter((at) => at !== undefined);
      return times.length === 0 ? undefined : Math.min(...times);
    },
  };
}
