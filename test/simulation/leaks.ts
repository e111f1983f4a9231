import type Database from 'better-sqlite3';
import type { WorldRecord } from './record.ts';

/** Looks for secrets where none belongs. */
export interface LeakWatch {
  /** Looks into a text that somebody may read, or that is kept. */
  look(text: string, where: string): void;
  /** Looks into the bytes of a database, also into those that no row holds any more. */
  lookIntoDatabase(image: Buffer): void;
}

/** Tokens of runs are many, and each a look through megabytes: so many of the newest are looked for at a crash. */
const NEWEST_TOKENS = 12;

/** Builds the watch over all secrets of a world. */
export function createLeakWatch(record: WorldRecord): LeakWatch {
  function found(secret: string, where: string): void {
    record.leaks.push({ what: `the secret ${secret.slice(0, 24)}…`, where });
  }

  return {
    look(text, where) {
      for (const secret of record.secrets) if (text.includes(secret)) found(secret, where);
      for (const secret of record.lastingSecrets) if (text.includes(secret)) found(secret, where);
    },
    lookIntoDatabase(image) {
      for (const secret of [...record.lastingSecrets, ...record.secrets.slice(-NEWEST_TOKENS)])
        if (image.includes(secret)) found(secret, 'the bytes of the database');
    },
  };
}

/** Tables that hold one of the secrets in the clear. */
export function findSecrets(database: Database.Database, secrets: readonly string[]): WorldRecord['leaks'] {
  const tables = database.prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`).pluck().all() as string[];
  return tables.flatMap((table) => {
    const text = JSON.stringify(database.prepare(`SELECT * FROM ${table}`).all());
    return secrets
      .filter((secret) => text.includes(secret))
      .map((secret) => ({ what: `the secret ${secret.slice(0, 8)}…`, where: `table ${table}` }));
  });
}
