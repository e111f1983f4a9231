import Database from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase, openReadOnly } from '../../storage/database.ts';
import { listMigrations } from '../../storage/migrate.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { createStorage } from '../../storage/storage.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

const REAL = join(import.meta.dirname, '..', '..', 'storage', 'migrations');

/** The real migrations, and one of a later release that adds a table. */
function laterMigrations(folder: string): string {
  const migrations = join(folder, 'migrations');
  mkdirSync(migrations);
  for (const name of listMigrations()) copyFileSync(join(REAL, name), join(migrations, name));
  const number = String(listMigrations().length + 1).padStart(4, '0');
  writeFileSync(join(migrations, `${number}_later.sql`), 'CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT;');
  return migrations;
}

function hashOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** The bytes of the database's files; SQLite's index of the log, and a log without content, say nothing. */
function fingerprint(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder)
      .filter((name) => name.startsWith('nightdesk.db') && !name.endsWith('-shm'))
      .filter((name) => !name.endsWith('-wal') || readFileSync(join(folder, name)).length > 0)
      .map((name) => [name, hashOf(join(folder, name))]),
  );
}

function refusal(action: () => unknown): StorageError {
  try {
    action();
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
  throw new Error('it was opened');
}

const noBackup = (version: number): string => {
  throw new Error(`no backup was expected, of version ${version}`);
};

test('a fresh file gets the whole schema, without a backup', () => {
  const file = join(temporaryFolder(), 'nightdesk.db');

  const database = openDatabase(file, noBackup);

  expect(database.pragma('user_version', { simple: true })).toBe(listMigrations().length);
  expect(() => createStorage(database)).not.toThrow();
  database.close();
});

test('what durability needs is set on every connection', () => {
  const database = openDatabase(join(temporaryFolder(), 'nightdesk.db'), noBackup);

  expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
  expect(database.pragma('synchronous', { simple: true })).toBe(2);
  expect(database.pragma('foreign_keys', { simple: true })).toBe(1);
  database.close();
});

test('every table is STRICT', () => {
  const database = openDatabase(join(temporaryFolder(), 'nightdesk.db'), noBackup);

  const loose = database
    .prepare<[], { name: string }>(
      `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'`,
    )
    .all();

  expect(loose).toEqual([]);
  database.close();
});

test('an older database is migrated, after a backup that still has the old schema', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'nightdesk.db');
  const first = openDatabase(file, noBackup);
  createStorage(first).settings.set('kept', 'yes');
  first.close();

  const database = openDatabase(file, (version) => join(folder, `backup-${version}.db`), laterMigrations(folder));

  const backup = new Database(join(folder, `backup-${listMigrations().length}.db`), { readonly: true });
  expect(database.prepare('SELECT count(*) AS n FROM later').get()).toEqual({ n: 0 });
  expect(backup.pragma('user_version', { simple: true })).toBe(listMigrations().length);
  expect(backup.prepare('SELECT value FROM setting').get()).toEqual({ value: 'yes' });
  backup.close();
  database.close();
});

test('a migration that fails leaves the database at its old version', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'nightdesk.db');
  openDatabase(file, noBackup).close();
  const migrations = laterMigrations(folder);
  const name = readdirSync(migrations).at(-1) ?? '';
  writeFileSync(join(migrations, name), 'CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT; SELECT nonsense;');

  expect(() => openDatabase(file, (version) => join(folder, `backup-${version}.db`), migrations)).toThrow(/nonsense/);

  const database = openDatabase(file, noBackup);
  expect(database.prepare(`SELECT count(*) AS n FROM sqlite_schema WHERE name = 'later'`).get()).toEqual({ n: 0 });
  database.close();
});

test('a newer database is refused, byte for byte untouched', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'nightdesk.db');
  openDatabase(file, noBackup, laterMigrations(folder)).close();
  const before = fingerprint(folder);

  const error = refusal(() => openDatabase(file, noBackup));

  expect(error.code).toBe('newer');
  expect(error.message).toMatch(/schema \d+, this one knows \d+/);
  expect(error.hint).toMatch(/upgrade Nightdesk/);
  expect(fingerprint(folder)).toEqual(before);
});

test('a newer database that was cut off keeps its write-ahead log untouched', () => {
  const origin = temporaryFolder();
  const folder = temporaryFolder();
  const running = openDatabase(join(origin, 'nightdesk.db'), noBackup, laterMigrations(origin));
  running.exec(`INSERT INTO later (id) VALUES (1)`);
  for (const name of ['nightdesk.db', 'nightdesk.db-wal']) copyFileSync(join(origin, name), join(folder, name));
  running.close();
  const before = fingerprint(folder);

  const error = refusal(() => openDatabase(join(folder, 'nightdesk.db'), noBackup));

  expect(error.code).toBe('newer');
  expect(Object.keys(before)).toContain('nightdesk.db-wal');
  expect(fingerprint(folder)).toEqual(before);
});

test.each([
  ['with a version of its own', 'PRAGMA user_version = 9; CREATE TABLE theirs (id)'],
  ['without any version', 'CREATE TABLE theirs (id)'],
  ['with another application id', 'PRAGMA application_id = 77; CREATE TABLE theirs (id)'],
])('a foreign database %s is refused untouched', (_title, sql) => {
  const folder = temporaryFolder();
  const file = join(folder, 'nightdesk.db');
  const foreign = new Database(file);
  foreign.exec(sql);
  foreign.close();
  const before = fingerprint(folder);

  const error = refusal(() => openDatabase(file, noBackup));

  expect(error.code).toBe('foreign');
  expect(fingerprint(folder)).toEqual(before);
});

test('a file that is no database is called damaged, and left alone', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'nightdesk.db');
  writeFileSync(file, 'this is a letter to my aunt, not a database\n'.repeat(200));
  const before = fingerprint(folder);

  expect(refusal(() => openDatabase(file, noBackup)).code).toBe('damaged');
  expect(fingerprint(folder)).toEqual(before);
});

test('a database with a page of garbage is found at the start', () => {
  const file = join(temporaryFolder(), 'nightdesk.db');
  const database = openDatabase(file, noBackup);
  const storage = createStorage(database);
  storage.transaction(() => {
    for (let n = 0; n < 500; n += 1) storage.settings.set(`key-${n}`, 'x'.repeat(500));
  });
  database.close();
  const bytes = readFileSync(file);
  bytes.fill(0xa5, bytes.length - 40_960, bytes.length - 36_864);
  writeFileSync(file, bytes);

  const error = refusal(() => openDatabase(file, noBackup));

  expect(error.code).toBe('damaged');
  expect(error.message).not.toContain('\n');
  expect(error.hint).toContain('nightdesk restore FILE');
});

test('reading an older database says to start Nightdesk once', () => {
  const file = join(temporaryFolder(), 'nightdesk.db');
  new Database(file).exec('PRAGMA user_version = 0').close();
  writeFileSync(file, '');

  expect(refusal(() => openReadOnly(file)).code).toBe('older');
  expect(existsSync(`${file}-wal`)).toBe(false);
});

test('a reader sees what the control plane has written while it runs', () => {
  const file = join(temporaryFolder(), 'nightdesk.db');
  const database = openDatabase(file, noBackup);
  createStorage(database).settings.set('a', 'b');

  const reader = openReadOnly(file);

  expect(createStorage(reader).settings.get('a')).toBe('b');
  expect(() => createStorage(reader).settings.set('a', 'c')).toThrow(/readonly/);
  reader.close();
  database.close();
});

test.each([
  ['a program that was cut off left it', 'no', 2, true],
  ['no copy was verified lately', 'yes', 1, true],
  ['a program ended well on it, and a copy was verified lately', 'yes', 2, false],
])('whether every page is looked at when %s', (_title, clean, verifiedAt, isLookedAt) => {
  const file = join(temporaryFolder(), 'nightdesk.db');
  const database = openDatabase(file, noBackup);
  const storage = createStorage(database);
  storage.settings.set('clean', clean);
  storage.backups.want(1);
  storage.backups.made(1, 'a.db', 1, verifiedAt);
  storage.transaction(() => {
    for (let n = 0; n < 500; n += 1) storage.settings.set(`key-${n}`, 'x'.repeat(500));
  });
  database.close();
  const bytes = readFileSync(file);
  bytes.fill(0xa5, bytes.length - 40_960, bytes.length - 36_864);
  writeFileSync(file, bytes);

  const open = (): unknown =>
    openDatabase(file, noBackup, undefined, undefined, { cleanKey: 'clean', verifiedSince: 2 }).close();

  if (isLookedAt) expect(refusal(open).code).toBe('damaged');
  else expect(open).not.toThrow();
});
