/** Why a database could not be opened; `code` is from a closed list, `hint` says what to do. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code: 'newer' | 'older' | 'foreign' | 'damaged' | 'unwritable' | 'unmigrated';
  readonly hint: string;

  constructor(code: StorageError['code'], message: string, hint: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.hint = hint;
  }
}

/** What to do about a database that is damaged. */
export const RESTORE_HINT =
  'put a copy in its place: nightdesk restore FILE --config fleet.yaml; the folder `backup` of the state folder has them, the newest last';

/** The same error, as a StorageError where it is the fault of the file, the disk or its permissions. */
export function asStorageError(error: unknown, file: string): Error {
  if (error instanceof StorageError || !(error instanceof Error)) return error as Error;
  const code = (error as { code?: string }).code ?? '';
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return new StorageError('damaged', `${file} is damaged or no SQLite database`, RESTORE_HINT, error);
  }
  if (
    code.startsWith('SQLITE_CANTOPEN') ||
    code.startsWith('SQLITE_READONLY') ||
    code.startsWith('SQLITE_FULL') ||
    code.startsWith('SQLITE_IOERR')
  ) {
    return new StorageError(
      'unwritable',
      `${file} cannot be written (${code})`,
      'check the disk and the permissions of the folder',
      error,
    );
  }
  return error;
}
