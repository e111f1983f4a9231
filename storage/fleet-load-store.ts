import type { Connection } from './database.ts';

/** A fleet.yaml that was taken over. */
export interface FleetLoadRow {
  readonly id: number;
  readonly at: number;
  /** SHA-256 of the file, as hex. */
  readonly hash: string;
  readonly how: 'start' | 'reload' | 'signal';
  /** Who asked for it; null: nobody, as at a start. */
  readonly actor: string | null;
  /** JSON: one line for each thing that changed, without values that may be secret. */
  readonly changes: string;
}

/** The files that were taken over. */
export interface FleetLoadStore {
  /** Writes one down; after the commit it is in force. */
  add(load: Omit<FleetLoadRow, 'id'>): number;
  get(id: number): FleetLoadRow | undefined;
  last(): FleetLoadRow | undefined;
}

const COLUMNS = 'id, at, hash, how, actor, changes';

/** Builds the store of files that were taken over. */
export function createFleetLoadStore(connection: Connection): FleetLoadStore {
  const insert = connection.statement<[Omit<FleetLoadRow, 'id'>]>(
    'INSERT INTO fleet_load (at, hash, how, actor, changes) VALUES (@at, @hash, @how, @actor, @changes)',
  );
  const byId = connection.statement<[number], FleetLoadRow>(`SELECT ${COLUMNS} FROM fleet_load WHERE id = ?`);
  const last = connection.statement<[], FleetLoadRow>(`SELECT ${COLUMNS} FROM fleet_load ORDER BY id DESC LIMIT 1`);
  return {
    add(load) {
      connection.touch('fleet');
      return Number(insert.run(load).lastInsertRowid);
    },
    get: (id) => byId.get(id),
    last: () => last.get(),
  };
}
