import type { Connection } from './database.ts';

/** A command that is done only after its owner said so once more. */
export interface ConfirmationRow {
  readonly id: number;
  /** Key of the message that asks. */
  readonly messageKey: string;
  readonly command: string;
  readonly argument: string;
  /** Who said it, and when he did. */
  readonly actor: string;
  readonly saidAt: number;
  readonly createdAt: number;
  readonly state: 'open' | 'confirmed' | 'dropped';
  readonly decidedBy: string | null;
  readonly decidedAt: number | null;
}

/** What is asked for: open until somebody decides. */
export type NewConfirmation = Omit<ConfirmationRow, 'id' | 'state' | 'decidedBy' | 'decidedAt'>;

/** Commands that ask again. */
export interface ConfirmationStore {
  /** Asks; the same message asks once, however often its command is handled. */
  ask(confirmation: NewConfirmation): ConfirmationRow;
  get(id: number): ConfirmationRow | undefined;
  /** Decides one that is open; false when somebody did before. */
  decide(id: number, as: 'confirmed' | 'dropped', by: string, at: number): boolean;
  purge(before: number): void;
}

const COLUMNS = `id, message_key AS messageKey, command, argument, actor, said_at AS saidAt, created_at AS createdAt, state,
  decided_by AS decidedBy, decided_at AS decidedAt`;

/** Builds the confirmation store. */
export function createConfirmationStore(connection: Connection): ConfirmationStore {
  const insert = connection.statement<[NewConfirmation]>(
    `INSERT INTO confirmation (message_key, command, argument, actor, said_at, created_at, state)
     VALUES (@messageKey, @command, @argument, @actor, @saidAt, @createdAt, 'open') ON CONFLICT (message_key) DO NOTHING`,
  );
  const byKey = connection.statement<[string], ConfirmationRow>(
    `SELECT ${COLUMNS} FROM confirmation WHERE message_key = ?`,
  );
  const byId = connection.statement<[number], ConfirmationRow>(`SELECT ${COLUMNS} FROM confirmation WHERE id = ?`);
  const decide = connection.statement<[string, string, number, number]>(
    `UPDATE confirmation SET state = ?, decided_by = ?, decided_at = ? WHERE id = ? AND state = 'open'`,
  );
  const remove = connection.statement<[number]>('DELETE FROM confirmation WHERE created_at < ?');
  return {
    ask(confirmation) {
      insert.run(confirmation);
      const row = byKey.get(confirmation.messageKey);
      if (row === undefined) throw new Error(`the confirmation ${confirmation.messageKey} is gone`);
      return row;
    },
    get: (id) => byId.get(id),
    decide: (id, as, by, at) => decide.run(as, by, at, id).changes === 1,
    purge: (before) => void remove.run(before),
  };
}
