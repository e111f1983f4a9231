import type { Connection } from './database.ts';

/** One fire drill: a fault that was made on purpose, and when it was noticed and told. */
export interface DrillRow {
  readonly id: number;
  readonly kind: string;
  readonly state: 'running' | 'passed' | 'failed';
  readonly wantedBy: string;
  readonly startedAt: number;
  /** The run that was made to fail; null for a fault of another kind, or before it was asked for. */
  readonly runId: number | null;
  /** When the fault came about; null as long as it has not. */
  readonly faultAt: number | null;
  readonly detectedAt: number | null;
  readonly incidentId: number | null;
  readonly deliveredAt: number | null;
  readonly endedAt: number | null;
  /** Why it failed, or what it cannot prove; null where there is nothing to say. */
  readonly detail: string | null;
}

/** What is found out about a drill while it goes on; what is given once stays. */
export type DrillFacts = Partial<
  Pick<DrillRow, 'runId' | 'faultAt' | 'detectedAt' | 'incidentId' | 'deliveredAt' | 'detail'>
>;

/** Fire drills: at most one is running. */
export interface DrillStore {
  /** Starts a drill; undefined when one is running. */
  begin(drill: { readonly kind: string; readonly wantedBy: string; readonly startedAt: number }): number | undefined;
  running(): DrillRow | undefined;
  get(id: number): DrillRow | undefined;
  note(id: number, facts: DrillFacts): void;
  /** Ends a drill; false when it was over. */
  end(id: number, state: 'passed' | 'failed', at: number): boolean;
  /** The newest drill of a kind, running ones included. */
  lastOf(kind: string): DrillRow | undefined;
  purge(before: number): void;
}

const COLUMNS = `id, kind, state, wanted_by AS wantedBy, started_at AS startedAt, run_id AS runId, fault_at AS faultAt,
  detected_at AS detectedAt, incident_id AS incidentId, delivered_at AS deliveredAt, ended_at AS endedAt, detail`;

/** Builds the drill store. */
export function createDrillStore(connection: Connection): DrillStore {
  const insert = connection.statement<[{ kind: string; wantedBy: string; startedAt: number }]>(
    `INSERT INTO drill (kind, state, wanted_by, started_at) VALUES (@kind, 'running', @wantedBy, @startedAt)
     ON CONFLICT (state) WHERE state = 'running' DO NOTHING`,
  );
  const running = connection.statement<[], DrillRow>(`SELECT ${COLUMNS} FROM drill WHERE state = 'running'`);
  const byId = connection.statement<[number], DrillRow>(`SELECT ${COLUMNS} FROM drill WHERE id = ?`);
  const note = connection.statement<[{ id: number } & Required<DrillFacts>]>(
    `UPDATE drill SET run_id = coalesce(run_id, @runId), fault_at = coalesce(fault_at, @faultAt),
       detected_at = coalesce(detected_at, @detectedAt), incident_id = coalesce(incident_id, @incidentId),
       delivered_at = coalesce(delivered_at, @deliveredAt), detail = coalesce(detail, @detail)
     WHERE id = @id AND state = 'running'`,
  );
  const end = connection.statement<[string, number, number]>(
    `UPDATE drill SET state = ?, ended_at = ? WHERE id = ? AND state = 'running'`,
  );
  const last = connection.statement<[string], DrillRow>(
    `SELECT ${COLUMNS} FROM drill WHERE kind = ? ORDER BY id DESC LIMIT 1`,
  );
  const remove = connection.statement<[number]>(
    `DELETE FROM drill WHERE ended_at < ? AND id NOT IN (SELECT max(id) FROM drill GROUP BY kind)`,
  );
  return {
    begin(drill) {
      const { changes, lastInsertRowid } = insert.run(drill);
      return changes === 1 ? Number(lastInsertRowid) : undefined;
    },
    running: () => running.get(),
    get: (id) => byId.get(id),
    note(id, facts) {
      const nothing = {
        runId: null,
        faultAt: null,
        detectedAt: null,
        incidentId: null,
        deliveredAt: null,
        detail: null,
      };
      note.run({ id, ...nothing, ...facts });
    },
    end: (id, state, at) => end.run(state, at, id).changes === 1,
    lastOf: (kind) => last.get(kind),
    purge: (before) => void remove.run(before),
  };
}
