import type { Connection } from './database.ts';

/** What can become of a draft. */
export type Verdict =
  | 'approved'
  | 'edited'
  | 'rejected'
  | 'expired'
  | 'published'
  | 'failed'
  | 'unknown'
  /** The approval was taken back before anything went out. */
  | 'undone'
  /** Another version is wanted; the reason says what is to be different. */
  | 'revise'
  /** Its agent handed in that version. */
  | 'revised';

/** What became of a draft, as its agent is told. */
export interface DecisionRow {
  readonly id: number;
  readonly draftId: number;
  readonly key: string | null;
  readonly kind: string;
  readonly recipient: string;
  readonly verdict: Verdict;
  readonly actor: string;
  readonly reason: string | null;
  readonly at: number;
  readonly revision: number;
  /** Text of that revision, and of the one before it if there was one. */
  readonly body: string;
  readonly bodyBefore: string | null;
  readonly url: string | null;
}

/** What was decided about drafts. */
export interface DecisionStore {
  /** Writes down what became of a draft. */
  decide(decision: {
    draftId: number;
    revision: number;
    verdict: Verdict;
    actor: string;
    reason: string | null;
    at: number;
  }): void;
  /** What became of it last. */
  lastDecision(draftId: number): DecisionRow | undefined;
  /** Oldest first: the first ones at or after `since`, or without it the newest ones. */
  decisionsOf(agent: string, since: number | undefined, limit: number): DecisionRow[];
}

const DECISION = `SELECT c.id, c.draft_id AS draftId, d.key, d.kind, d.recipient, c.verdict, c.actor, c.reason, c.at, c.revision, r.body,
  (SELECT body FROM draft_revision b WHERE b.draft_id = d.id AND b.revision = c.revision - 1) AS bodyBefore, d.published_url AS url
  FROM decision c JOIN draft d ON d.id = c.draft_id JOIN draft_revision r ON r.draft_id = c.draft_id AND r.revision = c.revision`;

/** Builds the part of the draft store that keeps decisions. */
export function createDecisionStore(connection: Connection): DecisionStore {
  const decide = connection.statement<
    [{ draftId: number; revision: number; verdict: Verdict; actor: string; reason: string | null; at: number }]
  >(
    'INSERT INTO decision (draft_id, revision, verdict, actor, reason, at) VALUES (@draftId, @revision, @verdict, @actor, @reason, @at)',
  );
  const lastDecision = connection.statement<[number], DecisionRow>(
    `${DECISION} WHERE c.draft_id = ? ORDER BY c.id DESC LIMIT 1`,
  );
  // Which ones comes first, without their texts: an agent asks for the last of thousands each time it runs.
  const decisionsSince = connection.statement<[string, number, number], DecisionRow>(
    `${DECISION} WHERE c.id IN (SELECT o.id FROM decision o JOIN draft w ON w.id = o.draft_id WHERE +w.agent = ? AND o.at >= ? ORDER BY +o.id LIMIT ?)
     ORDER BY c.id`,
  );
  const newestDecisions = connection.statement<[string, number], DecisionRow>(
    `${DECISION} WHERE c.id IN (SELECT o.id FROM draft w JOIN decision o ON o.draft_id = w.id WHERE w.agent = ? ORDER BY o.id DESC LIMIT ?)
     ORDER BY c.id DESC`,
  );

  return {
    decide: (decision) => void decide.run(decision),
    lastDecision: (draftId) => lastDecision.get(draftId),
    decisionsOf: (agent, since, limit) =>
      since === undefined ? newestDecisions.all(agent, limit).reverse() : decisionsSince.all(agent, since, limit),
  };
}
