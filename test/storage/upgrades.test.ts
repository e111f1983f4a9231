import Database from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '../../storage/database.ts';
import { listMigrations, type Migration } from '../../storage/migrate.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { createStorage } from '../../storage/storage.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';
import { RELEASED, writeReleased } from './fixtures/released/write-released.ts';

const MIGRATIONS = join(import.meta.dirname, '..', '..', 'storage', 'migrations');

/** SHA-256 of each migration that was released: a database out there has gone through exactly these. */
const FROZEN = {
  '0001_spine.sql': '7c342fd23ce8edc64c0f38564f63792f04daea04103cfa5c80c515035a074296',
  '0002_runs.sql': 'f640161b685d08e4a3cf22e366db0d7a1769c36c7c7dfef823ffcae71b4a8e67',
  '0003_never_dark.sql': 'f29e956e150aa1b84b8b5072f0274f023cdf1f32a707d7d2691513e1476af5d4',
  '0004_desk_and_work.sql': 'a11675ded181a2755ab2003079ec8553a84ebba8fa15d6b0d07b20d5e37e15f4',
};

function countRows(database: Database.Database): Record<string, number> {
  const tables = database
    .prepare<[], string>(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`,
    )
    .pluck()
    .all();
  return Object.fromEntries(
    tables.map((name) => [name, database.prepare<[], number>(`SELECT count(*) FROM ${name}`).pluck().get() ?? 0]),
  );
}

test('a released migration is never edited', () => {
  const hashes = Object.keys(FROZEN).map((name) => [
    name,
    createHash('sha256')
      .update(readFileSync(join(MIGRATIONS, name)))
      .digest('hex'),
  ]);

  expect(Object.fromEntries(hashes)).toEqual(FROZEN);
  expect(Object.keys(FROZEN)).toHaveLength(RELEASED.length);
});

test.each(RELEASED)('a database of schema %i is copied, and goes on with every row at the newest', (version) => {
  const file = join(temporaryFolder(), 'nightdesk.db');
  writeReleased(file, version);
  const old = new Database(file, { readonly: true });
  const before = countRows(old);
  old.close();
  const copy = `${file}.copy`;
  let migration: Migration | undefined;

  const database = openDatabase(
    file,
    () => copy,
    undefined,
    (done) => {
      migration = done;
    },
  );

  const newest = listMigrations().length;
  expect(migration).toEqual({ from: version, to: newest, backup: copy });
  expect(Object.values(before).filter((n) => n === 0)).toEqual([]);
  expect(countRows(database)).toMatchObject(before);
  expect(database.pragma('foreign_key_check')).toEqual([]);
  expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
  expect(database.pragma('user_version', { simple: true })).toBe(newest);
  const kept = new Database(copy, { readonly: true });
  expect(kept.pragma('user_version', { simple: true })).toBe(version);
  expect(countRows(kept)).toEqual(before);
  expect(statSync(copy).mode & 0o777).toBe(0o600);
  expect(existsSync(`${copy}.part`)).toBe(false);
  kept.close();
  database.close();
});

test.each(RELEASED)('what waited in a database of schema %i can be decided, mended and claimed', (version) => {
  const file = join(temporaryFolder(), 'nightdesk.db');
  writeReleased(file, version);
  const database = openDatabase(file, () => `${file}.copy`);
  const storage = createStorage(database);

  const draft = storage.drafts.get(2);
  expect(draft).toMatchObject({ state: 'pending', revision: 2, body: 'Hello dear Bob', media: '[]', restoredAt: null });
  expect(storage.outbox.byMessage(4242, 902)?.key).toBe('draft:2:r2');
  const by = { at: 1767226000000, actor: 'owner:4242', reason: null };
  expect(storage.drafts.move(2, { state: 'pending', revision: 2 }, 'approved', by)).toBe(true);
  expect(storage.publications.lastOf(4)).toMatchObject({ state: 'unknown', attempt: 1 });
  expect(storage.drafts.decisionsOf('scout', undefined, 10).length).toBeGreaterThanOrEqual(6);
  expect(storage.incidents.unresolved('crash:scout')).toMatchObject({ id: 1, messageKey: 'incident:1' });
  expect(storage.incidents.resolve(1, 1767226000000, null)).toBe(true);
  expect(storage.holds.active().filter(({ kind }) => kind === 'owner')).toHaveLength(1);
  expect(storage.credentials.get('mail')).toMatchObject({ state: 'alive', generation: 3 });
  expect(storage.credentials.get('mail')?.firstSeenAt).not.toBeNull();
  expect(storage.runs.recent('scout', 5).map(({ state }) => state)).toEqual(['failed', 'done']);
  if (version === 4) {
    const run = storage.runs.add({
      agent: 'scout',
      cause: 'task',
      publicationId: null,
      wantedAt: 1,
      generations: '{}',
    });
    expect(storage.tasks.claim(1, { phase: 1, runId: run, at: 1, leaseUntil: 2 })).toBe(true);
  }
  database.close();
});

test('a migration that fails leaves everything as it was, and says where the copy is', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'nightdesk.db');
  writeReleased(file, 2);
  const broken = join(folder, 'migrations');
  mkdirSync(broken);
  for (const name of listMigrations()) copyFileSync(join(MIGRATIONS, name), join(broken, name));
  const last = readdirSync(broken).at(-1) ?? '';
  writeFileSync(join(broken, last), 'CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT; SELECT nonsense;');
  const old = new Database(file, { readonly: true });
  const before = countRows(old);
  old.close();

  const attempt = (): unknown => openDatabase(file, () => `${file}.copy`, broken);

  expect(attempt).toThrow(StorageError);
  expect(attempt).toThrow(new RegExp(`from schema 2 to ${listMigrations().length} \\(${last}: .*nonsense\\)`));
  const kept = new Database(file, { readonly: true });
  expect(kept.pragma('user_version', { simple: true })).toBe(2);
  expect(countRows(kept)).toEqual(before);
  kept.close();
});
