import type { Connection } from './database.ts';

/** How many of an agent's drafts ended how. */
export interface DraftTally {
  readonly asIs: number;
  /** Approved by a rule: nobody has read it. */
  readonly byRule: number;
  /** Approved by a person, in another text than its first one. */
  readonly edited: number;
  readonly rejected: number;
  readonly expired: number;
}

/** What the decisions of the past say: about the owner's pace, about an agent's drafts. */
export interface DeskQueries {
  /** Of the newest drafts about which a person decided since then: ms from when they were shown to the first decision, newest first. */
  latencies(since: number): number[];
  /** How many drafts expired since then. */
  missed(since: number): number;
  /** What became of the newest drafts of an agent that are decided, at most so many. */
  tally(agent: string, most: number): DraftTally;
  /** The draft that this actor changed last, since then. */
  lastEditBy(actor: string, since: number): { readonly draftId: number; readonly revision: number } | undefined;
}

/** As many drafts as a typical time to a decision is made of: a month of a busy owner. */
const MOST_LATENCIES = 1_000;

/** A person's first word about a draft; what publishers and rules do tells nothing of his pace. */
const BY_PERSON = (row: string): string =>
  `${row}.verdict IN ('approved', 'rejected', 'edited', 'revise') AND (${row}.actor LIKE 'owner:%' OR ${row}.actor LIKE 'approver:%')`;

/** Builds these queries; each reads by an index and with a limit. */
export function createDeskQueries(connection: Connection): DeskQueries {
  const latencies = connection.statement<[number, number], { ms: number }>(
    `SELECT max(0, c.at - d.shown_at) AS ms FROM decision c JOIN draft d ON d.id = c.draft_id
     WHERE c.at >= ? AND ${BY_PERSON('c')} AND d.shown_at IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM decision e WHERE e.draft_id = c.draft_id AND e.id < c.id AND ${BY_PERSON('e')})
     ORDER BY c.at DESC LIMIT ?`,
  );
  const missed = connection.statement<[number], { n: number }>(
    `SELECT count(*) AS n FROM draft WHERE decided_at >= ? AND state = 'expired'`,
  );
  const tally = connection.statement<[string, number], DraftTally>(
    `SELECT coalesce(sum(is_approved AND NOT by_rule AND revision = 1), 0) AS asIs,
       coalesce(sum(is_approved AND by_rule), 0) AS byRule,
       coalesce(sum(is_approved AND NOT by_rule AND revision > 1), 0) AS edited,
       coalesce(sum(state = 'rejected'), 0) AS rejected, coalesce(sum(state = 'expired'), 0) AS expired
     FROM (SELECT state, revision, state NOT IN ('rejected', 'expired') AS is_approved, coalesce(decided_by, '') LIKE 'rule:%' AS by_rule FROM draft WHERE agent = ? AND state <> 'pending' ORDER BY id DESC LIMIT ?)`,
  );
  const lastEdit = connection.statement<[number, string], { draftId: number; revision: number }>(
    `SELECT draft_id AS draftId, revision FROM decision WHERE at >= ? AND actor = ? AND verdict = 'edited' ORDER BY at DESC, id DESC LIMIT 1`,
  );
  return {
    latencies: (since) => latencies.all(since, MOST_LATENCIES).map(({ ms }) => ms),
    missed: (since) => missed.get(since)?.n ?? 0,
    tally: (agent, most) => tally.get(agent, most) ?? { asIs: 0, byRule: 0, edited: 0, rejected: 0, expired: 0 },
    lastEditBy: (actor, since) => lastEdit.get(since, actor),
  };
}
