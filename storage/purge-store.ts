import type { Connection } from './database.ts';

/** Tables that grow with what happens, and are gone through piece by piece. */
export type SweptTable =
  | 'inbox'
  | 'outbox'
  | 'credential_check'
  | 'question'
  | 'due'
  | 'run'
  | 'incident'
  | 'task'
  | 'review'
  | 'journal'
  | 'conversation'
  | 'fleet_load'
  /** Not the drafts: only what they say. */
  | 'draft';

/** Drops what is too old from a table, a piece at a time. */
export interface PurgeStore {
  /**
   * Goes through the next `most` rows behind `after`, and drops those of before `before` that nobody needs. Gives where to go on; undefined at
   * the end of the table, or of what is old. How long it takes depends on `most` alone, whatever is in the table.
   */
  sweep(table: SweptTable, before: number, after: number, most: number): number | undefined;
}

/** How a table is gone through. */
interface Sweep {
  /** The column that numbers its rows in the order in which they came. */
  readonly id: string;
  /** When a row came about: once these are younger than `before`, so is all that follows. */
  readonly at: string;
  /** Each with @after, @upTo and @before. Rows that name others go first. */
  readonly acts: readonly string[];
}

/** The rows of the piece. */
const PIECE = (id: string): string => `${id} > @after AND ${id} <= @upTo`;
const OPEN_DRAFT = `state IN ('pending', 'approved', 'publishing', 'unknown')`;
/** Only what is over and has been decided; who decided what, when, and on which text (its hash) stays. */
const OLD_DRAFT = `decided_at < @before AND NOT ${OPEN_DRAFT}`;
const OLD_REVIEW = `opened_at < @before AND coalesce(moved_at, 0) < @before`;
const OLD_INCIDENT = `resolved_at < @before`;

const SWEEPS: Readonly<Record<SweptTable, Sweep>> = {
  inbox: {
    id: 'sequence',
    at: 'received_at',
    acts: [`DELETE FROM inbox WHERE ${PIECE('sequence')} AND state <> 'queued' AND received_at < @before`],
  },
  // A card can be pressed as long as its draft waits, and an alert as long as its incident lasts: without its row it would be nobody's.
  outbox: {
    id: 'id',
    at: 'created_at',
    acts: [
      `DELETE FROM outbox WHERE ${PIECE('id')} AND state NOT IN ('queued', 'sending') AND created_at < @before
         AND key NOT IN (SELECT 'draft:' || id || ':r' || revision FROM draft WHERE ${OPEN_DRAFT})
         AND NOT EXISTS (SELECT 1 FROM incident i WHERE i.message_key = outbox.key AND i.state <> 'resolved')`,
    ],
  },
  credential_check: {
    id: 'id',
    at: 'at',
    acts: [`DELETE FROM credential_check WHERE ${PIECE('id')} AND at < @before`],
  },
  question: {
    id: 'id',
    at: 'asked_at',
    acts: [`DELETE FROM question WHERE ${PIECE('id')} AND settled_at IS NOT NULL AND settled_at < @before`],
  },
  due: {
    id: 'id',
    at: 'due_at',
    acts: [`DELETE FROM due WHERE ${PIECE('id')} AND state <> 'waiting' AND settled_at < @before`],
  },
  // The last one of each agent is what /status shows; the others are kept as long as something names them.
  run: {
    id: 'id',
    at: 'wanted_at',
    acts: [
      `DELETE FROM run AS r WHERE ${PIECE('r.id')} AND ended_at < @before AND publication_id IS NULL
         AND NOT EXISTS (SELECT 1 FROM draft d WHERE d.run_id = r.id) AND NOT EXISTS (SELECT 1 FROM question q WHERE q.run_id = r.id)
         AND NOT EXISTS (SELECT 1 FROM due u WHERE u.run_id = r.id) AND EXISTS (SELECT 1 FROM run l WHERE l.agent = r.agent AND l.id > r.id)`,
    ],
  },
  incident: {
    id: 'id',
    at: 'opened_at',
    acts: [
      `DELETE FROM incident_agent WHERE incident_id > @after AND incident_id <= @upTo
         AND incident_id IN (SELECT id FROM incident WHERE ${PIECE('id')} AND ${OLD_INCIDENT})`,
      `DELETE FROM incident WHERE ${PIECE('id')} AND ${OLD_INCIDENT}`,
    ],
  },
  task: {
    id: 'id',
    at: 'created_at',
    acts: [`DELETE FROM task WHERE ${PIECE('id')} AND ended_at IS NOT NULL AND ended_at < @before`],
  },
  review: {
    id: 'id',
    at: 'opened_at',
    acts: [
      `DELETE FROM batch WHERE review_id IN (SELECT id FROM review WHERE ${PIECE('id')} AND ${OLD_REVIEW})`,
      `DELETE FROM review WHERE ${PIECE('id')} AND ${OLD_REVIEW}`,
    ],
  },
  journal: { id: 'id', at: 'at', acts: [`DELETE FROM journal WHERE ${PIECE('id')} AND at < @before`] },
  conversation: {
    id: 'rowid',
    at: 'updated_at',
    acts: [`DELETE FROM conversation WHERE ${PIECE('rowid')} AND updated_at < @before`],
  },
  // The newest is what is in force.
  fleet_load: {
    id: 'id',
    at: 'at',
    acts: [`DELETE FROM fleet_load WHERE ${PIECE('id')} AND at < @before AND id < (SELECT max(id) FROM fleet_load)`],
  },
  draft: {
    id: 'id',
    at: 'created_at',
    acts: [
      `UPDATE draft_revision SET body = '' WHERE draft_id > @after AND draft_id <= @upTo AND body <> ''
         AND draft_id IN (SELECT id FROM draft WHERE ${PIECE('id')} AND ${OLD_DRAFT})`,
      `UPDATE draft SET context = NULL WHERE ${PIECE('id')} AND context IS NOT NULL AND ${OLD_DRAFT}`,
    ],
  },
};

/** Builds the purge store. */
export function createPurgeStore(connection: Connection): PurgeStore {
  const sweeps = new Map(
    Object.entries(SWEEPS).map(([table, { id, at, acts }]) => [
      table,
      {
        piece: connection.statement<[number, number], { upTo: number | null }>(
          `SELECT max(id) AS upTo FROM (SELECT ${id} AS id FROM ${table} WHERE ${id} > ? ORDER BY ${id} LIMIT ?)`,
        ),
        newest: connection.statement<[number], { at: number }>(`SELECT ${at} AS at FROM ${table} WHERE ${id} = ?`),
        acts: acts.map((sql) => connection.statement<[{ after: number; upTo: number; before: number }]>(sql)),
      },
    ]),
  );
  return {
    sweep(table, before, after, most) {
      const sweep = sweeps.get(table);
      const upTo = sweep?.piece.get(after, most)?.upTo ?? undefined;
      if (sweep === undefined || upTo === undefined) return undefined;
      // Looked at first: the row may be gone afterwards.
      const isOld = (sweep.newest.get(upTo)?.at ?? before) < before;
      for (const act of sweep.acts) act.run({ after, upTo, before });
      return isOld ? upTo : undefined;
    },
  };
}
