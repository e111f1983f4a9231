import Database from 'better-sqlite3';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';

/** Whoever holds a lock, as far as it told. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
}

/** A lock that the operating system gives back when its holder dies, however it dies. */
export interface Lock {
  release(): void;
}

/** Longer than a look at the lock lasts: `nightdesk status` must not keep a control plane from starting. */
const LOOK_MS = 250;

/**
 * Takes the lock behind `file`, or says who holds it; waits no longer than a look of `inspectLock` takes.
 * It is a SQLite database with an exclusive transaction left open: SQLite's file lock is freed by the kernel even after
 * `kill -9`, so a stale lock cannot exist. The holder's pid and host stand beside it in `FILE.holder`, for the message only.
 */
export function acquireLock(
  file: string,
): { readonly kind: 'held'; readonly lock: Lock } | { readonly kind: 'taken'; readonly by: LockHolder | undefined } {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const database = new Database(file, { timeout: LOOK_MS });
  try {
    // The lock takes no room on a disk that may be full: a journal in a file would.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
    return { kind: 'taken', by: readHolder(`${file}.holder`) };
  }
  tellHolder(`${file}.holder`);
  return { kind: 'held', lock: { release: () => void database.close() } };
}

/** Whether somebody holds the lock right now; used by `status`, which must not disturb. */
export function inspectLock(file: string): { readonly held: boolean; readonly by: LockHolder | undefined } {
  try {
    const database = new Database(file, { timeout: 0, fileMustExist: true });
    try {
      // A mere read: it works for whoever may only read, and on a full disk.
      database.exec('SELECT count(*) FROM sqlite_schema');
      return { held: false, by: undefined };
    } catch (error) {
      if ((error as { code?: string }).code !== 'SQLITE_BUSY') return { held: false, by: undefined };
      return { held: true, by: readHolder(`${file}.holder`) };
    } finally {
      database.close();
    }
  } catch {
    return { held: false, by: undefined };
  }
}

/** For a message only: on a full disk the lock holds without it. */
function tellHolder(file: string): void {
  try {
    writeFileSync(file, JSON.stringify({ pid: process.pid, host: hostname() }), { mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

function readHolder(file: string): LockHolder | undefined {
  try {
    const { pid, host } = JSON.parse(readFileSync(file, 'utf8')) as Partial<LockHolder>;
    return typeof pid === 'number' && typeof host === 'string' ? { pid, host } : undefined;
  } catch {
    return undefined;
  }
}
