import type { Connection } from './database.ts';

/** State of the short dialogues with the owner, as opaque JSON. */
export interface ConversationStore {
  read(key: string): string | undefined;
  write(key: string, value: string, now: number): void;
  delete(key: string): void;
}

/** Builds the conversation store. */
export function createConversationStore(connection: Connection): ConversationStore {
  const select = connection.statement<[string], { value: string }>('SELECT value FROM conversation WHERE key = ?');
  const upsert = connection.statement<[string, string, number]>(
    `INSERT INTO conversation (key, value, updated_at) VALUES (?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`,
  );
  const remove = connection.statement<[string]>('DELETE FROM conversation WHERE key = ?');
  return {
    read: (key) => select.get(key)?.value,
    write: (key, value, now) => void upsert.run(key, value, now),
    delete: (key) => void remove.run(key),
  };
}
