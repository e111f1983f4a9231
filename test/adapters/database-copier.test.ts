import Database from 'better-sqlite3';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createDatabaseCopier } from '../../src/adapters/database-copier.ts';
import { openStorage } from '../fakes/open-storage.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

function fill(database: Database.Database, rows: number): void {
  database.exec(
    `WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < ${rows})
     INSERT INTO setting (key, value) SELECT 'key-' || i, hex(zeroblob(500)) FROM number`,
  );
}

test('a copy of a database in use is one file of mode 600 that has every row committed by then', async () => {
  const { storage, database, file } = openStorage();
  fill(database, 2_000);
  const folder = temporaryFolder();
  const to = join(folder, 'copy.db');

  const copying = createDatabaseCopier(file).copyTo(to);
  for (let n = 0; n < 50; n += 1) {
    storage.settings.set(`late-${n}`, 'written meanwhile');
    await new Promise((resolve) => setImmediate(resolve));
  }

  expect(await copying).toEqual({ kind: 'made', sizeBytes: statSync(to).size });
  expect(readdirSync(folder)).toEqual(['copy.db']);
  expect(statSync(to).mode & 0o777).toBe(0o600);
  const copy = new Database(to, { readonly: true });
  expect(copy.prepare(`SELECT count(*) FROM setting WHERE key LIKE 'key-%'`).pluck().get()).toBe(2_000);
  expect(copy.pragma('user_version', { simple: true })).toBe(database.pragma('user_version', { simple: true }));
  expect(copy.pragma('journal_mode', { simple: true })).toBe('delete');
  copy.close();
});

test('the event loop goes on while a large database is copied and checked', async () => {
  const { database, file } = openStorage();
  database.pragma('synchronous = OFF');
  fill(database, 60_000);
  const to = join(temporaryFolder(), 'copy.db');
  let turns = 0;
  let isOver = false;

  const copying = createDatabaseCopier(file)
    .copyTo(to)
    .then((outcome) => {
      isOver = true;
      return outcome;
    });
  while (!isOver) {
    turns += 1;
    await new Promise((resolve) => setImmediate(resolve));
  }

  expect(await copying).toMatchObject({ kind: 'made' });
  expect(turns).toBeGreaterThan(20);
});

test('a database with a page of garbage is not copied, and nothing is left of the try', async () => {
  const { database, file } = openStorage();
  fill(database, 500);
  database.pragma('wal_checkpoint(TRUNCATE)');
  const bytes = readFileSync(file);
  bytes.fill(0xa5, bytes.length - 40_960, bytes.length - 36_864);
  writeFileSync(file, bytes);
  const folder = temporaryFolder();

  const outcome = await createDatabaseCopier(file).copyTo(join(folder, 'copy.db'));

  expect(outcome).toMatchObject({ kind: 'failed', code: 'damaged' });
  expect(readdirSync(folder)).toEqual([]);
});

test.skipIf(process.getuid?.() === 0)('a folder that cannot be written into is said, not thrown', async () => {
  const { file } = openStorage();
  const folder = join(temporaryFolder(), 'closed');
  mkdirSync(folder);
  chmodSync(folder, 0o500);

  expect(await createDatabaseCopier(file).copyTo(join(folder, 'copy.db'))).toMatchObject({
    kind: 'failed',
    code: 'unwritable',
  });
});

test('a folder that is not there is said, not thrown', async () => {
  const { file } = openStorage();

  expect(await createDatabaseCopier(file).copyTo('/nowhere/at/all/copy.db')).toMatchObject({
    kind: 'failed',
    code: 'unwritable',
  });
});

test('a copy that is stopped half-way has failed, and is not there', async () => {
  const { database, file } = openStorage();
  database.pragma('synchronous = OFF');
  fill(database, 60_000);
  const to = join(temporaryFolder(), 'copy.db');
  const copier = createDatabaseCopier(file);

  const copying = copier.copyTo(to);
  await copier.stop();

  expect((await copying).kind).toBe('failed');
  expect(existsSync(to)).toBe(false);
});
