import type { Connection } from './database.ts';

/** Small facts that have no table of their own. */
export interface SettingStore {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  /** Sets `key` only if it does not hold `value` yet; false when it already did. */
  claim(key: string, value: string): boolean;
}

/** Builds the setting store. */
export function createSettingStore(connection: Connection): SettingStore {
  const select = connection.statement<[string], { value: string }>('SELECT value FROM setting WHERE key = ?');
  const upsert = connection.statement<[string, string]>(
    'INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE value <> excluded.value',
  );
  return {
    get: (key) => select.get(key)?.value,
    set: (key, value) => void upsert.run(key, value),
    claim: (key, value) => upsert.run(key, value).changes === 1,
  };
}
