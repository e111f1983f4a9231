import type Database from 'better-sqlite3';
import { chmodSync, closeSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StorageError } from './storage-error.ts';
import { syncPath } from './sync-path.ts';

/** Marks the file as ours: "NDsk". */
export const APPLICATION_ID = 0x4e44736b;

/** Where the migrations are: files NNNN_name.sql. */
export const MIGRATIONS = join(import.meta.dirname, 'migrations');

/** Names of the migrations in their order; the number of the last one is the version of the schema. */
export function listMigrations(folder = MIGRATIONS): readonly string[] {
  return readdirSync(folder)
    .filter((name) => /^\d{4}_\w+\.sql$/.test(name))
    .sort();
}

/** A database that was brought to the newest schema; `backup` is its copy of before. */
export interface Migration {
  readonly from: number;
  readonly to: number;
  readonly backup: string;
}

/**
 * Brings the schema to the newest version, all of it or nothing: a program of before finds the database as it was. Undefined where there was
 * nothing to do, or nothing to lose. Throws StorageError `unmigrated`, and whatever the disk does.
 */
export function migrate(
  database: Database.Database,
  file: string,
  backupFile: (version: number) => string,
  folder: string,
): Migration | undefined {
  const from = database.pragma('user_version', { simple: true }) as number;
  const pending = listMigrations(folder).slice(from);
  if (pending.length === 0) return undefined;
  const backup = from > 0 ? backupFile(from) : '';
  if (from > 0) copyBeforeMigration(database, backup);
  let current = '';
  try {
    database.transaction(() => {
      for (current of pending) {
        database.exec(readFileSync(join(folder, current), 'utf8'));
        database.pragma(`application_id = ${APPLICATION_ID}`);
        database.pragma(`user_version = ${Number(current.slice(0, 4))}`);
      }
    })();
  } catch (error) {
    if (from === 0 || isTroubleOfTheDisk(error)) throw error;
    const reason = error instanceof Error ? error.message : 'unknown';
    throw new StorageError(
      'unmigrated',
      `${file} could not be brought from schema ${from} to ${listMigrations(folder).length} (${current}: ${reason}); it was left as it was`,
      `go on with the Nightdesk of before; a copy of the database is ${backup}`,
      error,
    );
  }
  return from > 0 ? { from, to: listMigrations(folder).length, backup } : undefined;
}

/** The copy is there as a whole or not at all, and nobody else may read it. */
function copyBeforeMigration(database: Database.Database, backup: string): void {
  const part = `${backup}.part`;
  try {
    closeSync(openSync(part, 'w', 0o600));
    chmodSync(part, 0o600);
    database.prepare('VACUUM INTO ?').run(part);
    syncPath(part);
    renameSync(part, backup);
    syncPath(dirname(backup));
  } finally {
    rmSync(part, { force: true });
  }
}

function isTroubleOfTheDisk(error: unknown): boolean {
  const { code = '' } = error as { code?: string };
  return /^SQLITE_(FULL|IOERR|BUSY|READONLY|CANTOPEN|CORRUPT)/.test(code);
}
