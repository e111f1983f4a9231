import Database from 'better-sqlite3';
import { existsSync } from 'node:fs';
import { APPLICATION_ID, listMigrations, migrate, type Migration, MIGRATIONS } from './migrate.ts';
import { asStorageError, RESTORE_HINT, StorageError } from './storage-error.ts';

/** Families of rows that effectors wait for. */
export type Topic =
  | 'inbox'
  | 'outbox'
  | 'loop'
  | 'runs'
  | 'credentials'
  | 'publications'
  | 'digests'
  | 'backups'
  | 'restarts'
  | 'fleet';

/** The database with its one transaction; the stores are built on it. */
export interface Connection {
  /** Compiles a statement; called once per statement, at boot, so that a mismatch with the schema fails there. */
  statement<Parameters extends unknown[], Row = unknown>(sql: string): Database.Statement<Parameters, Row>;
  /**
   * Runs `change` as one transaction and gives its result; whatever it throws rolls everything back.
   * A transaction inside a transaction joins the outer one. Synchronous: there is no await inside, ever.
   */
  transaction<Result>(change: () => Result): Result;
  /** Says that rows of this topic changed: after the commit, whoever listens is woken. A wake is only a hint. */
  touch(topic: Topic): void;
}

/** What makes looking at every page of a database at its opening superfluous. */
export interface Trust {
  /** Setting: `yes` where the last program that used it ended on purpose. */
  readonly cleanKey: string;
  /** A copy of it was verified since then (epoch ms). */
  readonly verifiedSince: number;
  /** Called where it was looked at nevertheless, and every page is sound. */
  readonly onRead?: () => void;
}

/**
 * Opens the database file, migrates it after a backup, and sets what durability needs.
 * Throws StorageError; a database of a newer version is refused before anything is written.
 */
export function openDatabase(
  file: string,
  backupFile: (version: number) => string,
  migrations = MIGRATIONS,
  onMigrated: (migration: Migration) => void = () => undefined,
  trust?: Trust,
): Database.Database {
  inspect(file, migrations);
  const database = connect(file);
  try {
    refuseForeign(database, file, migrations);
    if (trust === undefined || !isTrusted(database, trust)) {
      refuseDamaged(database, file);
      trust?.onRead?.();
    }
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    const migration = migrate(database, file, backupFile, migrations);
    if (migration !== undefined) onMigrated(migration);
    return database;
  } catch (error) {
    database.close();
    throw asStorageError(error, file);
  }
}

/** Opens an existing database for reading only, as `nightdesk status` does while the control plane runs or not. */
export function openReadOnly(file: string): Database.Database {
  try {
    const database = new Database(file, { readonly: true, fileMustExist: true, timeout: 5_000 });
    try {
      refuseForeign(database, file, MIGRATIONS);
      refuseOlder(database, file, MIGRATIONS);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    throw asStorageError(error, file);
  }
}

/** The one implementation of Connection: real SQLite, woken listeners after the outermost commit. */
export function createConnection(
  database: Database.Database,
  onCommit: (topics: ReadonlySet<Topic>) => void,
): Connection {
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  let touched = new Set<Topic>();
  let depth = 0;

  function transaction<Result>(change: () => Result): Result {
    if (depth > 0) return change();
    begin.run();
    depth = 1;
    let result: Result;
    try {
      result = change();
      commit.run();
    } catch (error) {
      touched = new Set();
      if (database.inTransaction) database.exec('ROLLBACK');
      throw error;
    } finally {
      depth = 0;
    }
    const topics = touched;
    touched = new Set();
    if (topics.size > 0) onCommit(topics);
    return result;
  }

  return {
    statement: <Parameters extends unknown[], Row>(sql: string) => database.prepare<Parameters, Row>(sql),
    transaction,
    touch: (topic) => void touched.add(topic),
  };
}

function connect(file: string): Database.Database {
  try {
    return new Database(file, { timeout: 5_000 });
  } catch (error) {
    throw asStorageError(error, file);
  }
}

/**
 * Refuses a file that is not for us, over a connection that cannot write: closing one that can would already fold the write-ahead log
 * of another version into its database.
 */
function inspect(file: string, migrations: string): void {
  if (!existsSync(file)) return;
  try {
    const database = new Database(file, { readonly: true, fileMustExist: true, timeout: 5_000 });
    try {
      refuseForeign(database, file, migrations);
    } finally {
      database.close();
    }
  } catch (error) {
    // A crash left a journal that only a writable connection can roll back: that one looks again.
    if ((error as { code?: string }).code?.startsWith('SQLITE_READONLY') === true) return;
    throw asStorageError(error, file);
  }
}

function refuseForeign(database: Database.Database, file: string, migrations: string): void {
  const version = database.pragma('user_version', { simple: true }) as number;
  const application = database.pragma('application_id', { simple: true }) as number;
  const newest = listMigrations(migrations).length;
  const tables = database.prepare<[], { n: number }>('SELECT count(*) AS n FROM sqlite_schema').get()?.n ?? 0;
  if (application !== APPLICATION_ID && (version > 0 || application !== 0 || tables > 0)) {
    throw new StorageError(
      'foreign',
      `${file} is not a Nightdesk database; it was left untouched`,
      'point `home` at another folder',
    );
  }
  if (version > newest) {
    throw new StorageError(
      'newer',
      `${file} was written by a newer Nightdesk (schema ${version}, this one knows ${newest}); it was left untouched`,
      'upgrade Nightdesk, or restore a backup made before the upgrade',
    );
  }
}

function refuseOlder(database: Database.Database, file: string, migrations: string): void {
  const version = database.pragma('user_version', { simple: true }) as number;
  const newest = listMigrations(migrations).length;
  if (version === newest) return;
  throw new StorageError(
    'older',
    `${file} was written by an older Nightdesk (schema ${version}, this one has ${newest})`,
    'start Nightdesk once, which migrates it after a backup',
  );
}

/**
 * Looking at every page of a year's database takes seconds, which a restart need not wait for: each daily copy is looked at as well. A page that
 * goes bad in between and is read ends the program, and a program that was cut off is not trusted.
 */
function isTrusted(database: Database.Database, { cleanKey, verifiedSince }: Trust): boolean {
  try {
    const clean = database.prepare<[string], string>('SELECT value FROM setting WHERE key = ?').pluck().get(cleanKey);
    const verified = database
      .prepare<[number], number>(`SELECT 1 FROM backup WHERE state = 'done' AND ended_at >= ? LIMIT 1`)
      .pluck()
      .get(verifiedSince);
    return clean === 'yes' && verified === 1;
  } catch {
    return false; // It is older than that, or damaged: it is looked at.
  }
}

/** A damaged page that nobody reads today is a fatal error at three in the morning. */
function refuseDamaged(database: Database.Database, file: string): void {
  const found = database.pragma('quick_check(1)', { simple: true });
  if (found === 'ok') return;
  throw new StorageError('damaged', `${file} is damaged (${String(found).replaceAll(/\s+/g, ' ')})`, RESTORE_HINT);
}
