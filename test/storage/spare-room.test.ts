import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '../../storage/database.ts';
import { createStorage } from '../../storage/storage.ts';
import { smallDisk } from '../fakes/small-disk.ts';

const MB = 1024 * 1024;

test('the database can be written thousands of times on a disk without a free byte, until its spare room is used up', ({
  skip,
}) => {
  const folder = smallDisk(20 * MB) ?? skip('a small disk can only be mounted by root on Linux');
  using database = open(join(folder, 'nightdesk.db'));
  const storage = createStorage(database.it);
  storage.spareRoom.keep();
  fillUp(folder);
  const text = 'x'.repeat(1_000);

  for (let row = 0; row < 3_000; row += 1)
    storage.transaction(() => storage.settings.set(`row-${row % 1_000}`, `${row} ${text}`));

  expect(storage.settings.get('row-999')).toBe(`2999 ${text}`);
  expect(() => {
    for (let row = 0; row < 20_000; row += 1) storage.transaction(() => storage.settings.set(`more-${row}`, text));
  }).toThrow('full');
  expect(storage.settings.get('row-999')).toBe(`2999 ${text}`);
});

test('spare room is made once, and again when half of it is used up', ({ skip }) => {
  const folder = smallDisk(20 * MB) ?? skip('a small disk can only be mounted by root on Linux');
  const file = join(folder, 'nightdesk.db');
  using database = open(file);
  const storage = createStorage(database.it);
  const free = () => Number(database.it.pragma('freelist_count', { simple: true }));

  storage.spareRoom.keep();
  const first = free();
  storage.spareRoom.keep();
  const second = free();
  for (let row = 0; row < 3_000; row += 1) storage.settings.set(`row-${row}`, 'x'.repeat(1_000));
  const used = free();
  storage.spareRoom.keep();

  expect(first).toBeGreaterThanOrEqual(1_000);
  expect(second).toBe(first);
  expect(used).toBeLessThan(first / 2);
  expect(free()).toBeGreaterThanOrEqual(1_000);
  expect(statSync(file).blocks * 512).toBeGreaterThanOrEqual(4 * MB);
});

/** Closed before its disk goes. */
function open(file: string) {
  const it = openDatabase(file, () => `${file}.backup`);
  return { it, [Symbol.dispose]: () => void it.close() };
}

/** Takes every byte that is left, down to the last block. */
function fillUp(folder: string): void {
  try {
    for (;;) writeFileSync(join(folder, 'filler'), Buffer.alloc(4096), { flag: 'a' });
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  }
}
