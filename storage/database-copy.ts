import Database from 'better-sqlite3';
import { chmodSync, closeSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { APPLICATION_ID } from './migrate.ts';
import { giveToOwnerOf } from './same-owner.ts';
import { syncPath } from './sync-path.ts';

/** What came of copying a database; `code` says whether waiting, room or another database would help. */
export type CopyOutcome =
  | { readonly kind: 'made'; readonly sizeBytes: number }
  | { readonly kind: 'failed'; readonly code: 'damaged' | 'full' | 'unwritable'; readonly reason: string };

/** As many pages as there are: the copy is one look at the database, whatever is written meanwhile. */
const ALL_PAGES = 0x7fffffff;

/**
 * Copies the database in `from`, which may be in use, to `to`: as a whole, verified and safe on the disk, or not at all (0600). What others
 * write meanwhile they write unhindered; it is not in the copy. It takes seconds in which this thread does nothing else. Never rejects.
 */
export async function copyDatabase(from: string, to: string): Promise<CopyOutcome> {
  const part = `${to}.part`;
  try {
    closeSync(openSync(part, 'w', 0o600));
    chmodSync(part, 0o600);
    const source = new Database(from, { readonly: true, fileMustExist: true, timeout: 5_000 });
    try {
      await source.backup(part, { progress: () => ALL_PAGES });
    } finally {
      source.close();
    }
    const found = verifyCopy(part);
    if (found !== 'ok') return failed('damaged', `the copy does not hold together: ${found}`);
    giveToOwnerOf(from, part);
    syncPath(part);
    renameSync(part, to);
    syncPath(dirname(to));
    return { kind: 'made', sizeBytes: statSync(to).size };
  } catch (error) {
    return failed(codeOf(error), error instanceof Error ? error.message : 'unknown');
  } finally {
    for (const path of [part, `${part}-journal`, `${part}-wal`, `${part}-shm`]) rmSync(path, { force: true });
  }
}

/** Whether a copy is one file that holds together and is ours: `ok`, or what is wrong. */
function verifyCopy(file: string): string {
  const copy = new Database(file, { fileMustExist: true });
  try {
    // The log mode is written into the file: a copy that is opened for reading only would leave files of it behind.
    copy.pragma('journal_mode = DELETE');
    const application = copy.pragma('application_id', { simple: true });
    const version = Number(copy.pragma('user_version', { simple: true }));
    if (application !== APPLICATION_ID || version === 0) return 'it is no database of Nightdesk';
    return String(copy.pragma('quick_check(1)', { simple: true }));
  } finally {
    copy.close();
  }
}

function failed(code: (CopyOutcome & { readonly kind: 'failed' })['code'], reason: string): CopyOutcome {
  return { kind: 'failed', code, reason };
}

function codeOf(error: unknown): 'damaged' | 'full' | 'unwritable' {
  const code = (error as { code?: string }).code ?? '';
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return 'damaged';
  return code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT' ? 'full' : 'unwritable';
}
