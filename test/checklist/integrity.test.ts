import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DATABASE_READ_KEY, loadIntegrity } from '../../src/checklist/integrity.ts';
import { openDatabase } from '../../storage/database.ts';
import { createStorage } from '../../storage/storage.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

test('nothing tells that the database is sound before anybody has read all of it', () => {
  const database = openDatabase(join(temporaryFolder(), 'nightdesk.db'), () => '');
  const storage = createStorage(database);

  expect(loadIntegrity(storage)).toBeNull();

  storage.settings.set(DATABASE_READ_KEY, '1700');
  expect(loadIntegrity(storage)).toEqual({ at: 1_700, found: 'ok' });
  database.close();
});

test('a start that trusts its last clean end does not say that it has read the database', () => {
  const file = join(temporaryFolder(), 'nightdesk.db');
  const first = openDatabase(file, () => '');
  createStorage(first).settings.set('clean', 'yes');
  first.exec(`INSERT INTO backup (due_at, state, ended_at, file) VALUES (1, 'done', 500, 'a.db')`);
  first.close();
  const reads: string[] = [];
  const open = (verifiedSince: number, name: string): void => {
    openDatabase(file, () => '', undefined, undefined, {
      cleanKey: 'clean',
      verifiedSince,
      onRead: () => void reads.push(name),
    }).close();
  };

  open(400, 'trusted');
  open(600, 'not trusted');

  expect(reads).toEqual(['not trusted']);
});
