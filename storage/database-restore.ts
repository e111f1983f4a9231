import type Database from 'better-sqlite3';
import Sqlite from 'better-sqlite3';
import { chmodSync, copyFileSync, existsSync, linkSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openDatabase } from './database.ts';
import { markRestored, readSequences, type RestoreCounts } from './restored.ts';
import { StorageError } from './storage-error.ts';
import { giveToOwnerOf } from './same-owner.ts';
import { syncPath } from './sync-path.ts';

/** A backup that was looked at, migrated and marked beside the database whose place it may take. */
export interface PreparedRestore {
  /** When the backup was made (epoch ms), as far as it tells. */
  readonly takenAt: number;
  /** The schema that it was written with. */
  readonly schema: number;
  /** What would become of what stands in it. */
  readonly counts: RestoreCounts;
  /** Puts it in the place of the database, which is kept in that folder; a crash leaves the one or the other, whole. */
  commit(asideFolder: string): void;
  /** Leaves everything as it was. */
  discard(): void;
}

const SUFFIXES = ['', '-wal', '-shm'] as const;

/**
 * Prepares a backup to take the place of `database`. Nothing but a file `DATABASE.restoring` is written before `commit`, and the backup itself
 * never. Throws StorageError for a file that is cut off, damaged, foreign, empty or newer.
 */
export function prepareRestore(options: {
  readonly backup: string;
  readonly database: string;
  readonly now: number;
  /** Key of the setting that tells when a database was last written to by a control plane. */
  readonly aliveKey: string;
}): PreparedRestore {
  const { backup, database, now } = options;
  const copy = `${database}.restoring`;
  const discard = (): void => {
    for (const suffix of [...SUFFIXES, '-journal']) rmSync(`${copy}${suffix}`, { force: true });
  };
  discard();
  try {
    copyFile(backup, copy);
    // One that was moved aside after a crash has its log beside it.
    if (existsSync(`${backup}-wal`)) copyFile(`${backup}-wal`, `${copy}-wal`);
    const schema = inspectBackup(copy, backup);
    let restored: Database.Database | undefined;
    try {
      restored = openDatabase(copy, () => `${copy}.migrating`);
      const alive = restored
        .prepare<[string], string>('SELECT value FROM setting WHERE key = ?')
        .pluck()
        .get(options.aliveKey);
      const takenAt = Number(alive) > 0 ? Number(alive) : statSync(backup).mtimeMs;
      const sequences = sequencesOf(database);
      const counts = markRestored(restored, { at: now, takenAt, name: backup, sequences });
      // One file from here on, so that one rename is all.
      restored.pragma('journal_mode = DELETE');
      restored.close();
      rmSync(`${copy}.migrating`, { force: true });
      return { takenAt, schema, counts, discard, commit: (aside) => commit(copy, database, aside) };
    } finally {
      if (restored?.open === true) restored.close();
      rmSync(`${copy}.migrating`, { force: true });
    }
  } catch (error) {
    discard();
    throw asRefusal(error, backup);
  }
}

/** What the copy is, before anything writes to it; gives its schema. */
function inspectBackup(copy: string, backup: string): number {
  const database = new Sqlite(copy, { fileMustExist: true });
  try {
    const version = Number(database.pragma('user_version', { simple: true }));
    const tables = Number(database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get());
    if (version === 0 && tables === 0)
      throw new StorageError('foreign', `${backup} is empty`, 'give me a backup of Nightdesk');
    return version;
  } finally {
    database.close();
  }
}

/** How far the numbers of the replaced database have come; empty where it cannot be read any more. */
function sequencesOf(database: string): ReadonlyMap<string, number> {
  if (!existsSync(database)) return new Map();
  try {
    const replaced = new Sqlite(database, { readonly: true, fileMustExist: true, timeout: 5_000 });
    try {
      return readSequences(replaced);
    } finally {
      replaced.close();
    }
  } catch {
    return new Map();
  }
}

/** The database stays where it is, and is in the other folder besides, until one rename puts the copy in its place. */
function commit(copy: string, database: string, aside: string): void {
  mkdirSync(aside, { recursive: true, mode: 0o700 });
  const owned = existsSync(database) ? database : dirname(database);
  giveToOwnerOf(owned, aside);
  giveToOwnerOf(owned, copy);
  if (existsSync(database)) foldLog(database);
  const there = SUFFIXES.filter((suffix) => existsSync(`${database}${suffix}`));
  for (const suffix of there) keep(`${database}${suffix}`, join(aside, `nightdesk.db${suffix}`));
  syncPath(aside);
  // Only a database too damaged for its log to be folded into it still has one: beside another database it would damage that.
  for (const suffix of ['-wal', '-shm']) rmSync(`${database}${suffix}`, { force: true });
  syncPath(copy);
  renameSync(copy, database);
  syncPath(dirname(database));
}

/** Makes the database one file; where it is too damaged for that, it stays several. */
function foldLog(database: string): void {
  try {
    const replaced = new Sqlite(database, { fileMustExist: true, timeout: 5_000 });
    try {
      replaced.pragma('journal_mode = DELETE');
    } finally {
      replaced.close();
    }
  } catch {
    return; // It is kept as it is, with its log.
  }
}

/** Another name for the same file; a copy where the file system has no such thing. */
function keep(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    copyFile(from, to);
  }
}

function copyFile(from: string, to: string): void {
  copyFileSync(from, to);
  chmodSync(to, 0o600);
  syncPath(to);
}

/** In words of whoever gave the file: what is said of our copy is said of it. */
function asRefusal(error: unknown, backup: string): Error {
  const code = (error as { code?: string }).code ?? '';
  if (error instanceof StorageError) {
    const message = error.message.replace(/^\S*\.restoring/, backup);
    const hint = error.code === 'damaged' ? 'try an older one; nothing was changed' : `nothing was changed`;
    return new StorageError(error.code, message, hint, error.cause);
  }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB')
    return new StorageError(
      'damaged',
      `${backup} is cut off, damaged, or no SQLite database`,
      'try an older one; nothing was changed',
      error,
    );
  return error instanceof Error ? error : new Error('unknown');
}
