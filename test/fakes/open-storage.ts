import type Database from 'better-sqlite3';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { openDatabase } from '../../storage/database.ts';
import { createStorage, type Storage } from '../../storage/storage.ts';
import { temporaryFolder } from './temporary-folder.ts';

const open: Database.Database[] = [];

afterEach(() => {
  for (const database of open.splice(0)) database.close();
});

/** Real SQLite on a temporary file, closed with the test. */
export function openStorage(file = join(temporaryFolder(), 'nightdesk.db')): {
  readonly storage: Storage;
  readonly database: Database.Database;
  readonly file: string;
} {
  const database = openDatabase(file, (version) => `${file}.backup-${version}`);
  open.push(database);
  return { storage: createStorage(database), database, file };
}
