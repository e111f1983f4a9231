import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { CopyOutcome } from '../../storage/database-copy.ts';
import { createFileDisk } from '../../src/adapters/file-disk.ts';
import { loadBackupState } from '../../src/backups/backup-state.ts';
import { createBackupKeeper } from '../../src/backups/keeper.ts';
import { createIncidentRegister } from '../../src/incidents/register.ts';
import { createCallbackData } from '../../src/telegram/callback-data.ts';
import { createOutbox } from '../../src/telegram/outbox.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import { openStorage } from '../fakes/open-storage.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A Sunday, 12:00 UTC. */
const NOON = Date.UTC(2026, 10, 22, 12);
const MADE = { kind: 'made', sizeBytes: 6 } as const;

const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function setUp(backup = { atMinute: 4 * 60 + 30, keep: 2 }) {
  const home = temporaryFolder();
  const folder = join(home, 'backup');
  mkdirSync(folder);
  const { storage, database } = openStorage();
  database.pragma('synchronous = OFF'); // The tests end the process, not the machine.
  const clock = createManualClock(NOON);
  const log = createMemoryLog();
  const outbox = createOutbox({ storage, clock, chatId: 1, scrub: (text) => text, isQuiet: () => false });
  const callbackData = createCallbackData('key');
  const tellers = { storage, clock, outbox, callbackData, timezone: 'UTC', canLogIn: () => false };
  const world = {
    free: 1e12,
    copies: 0,
    /** What comes of the next copies. */
    outcome: (): CopyOutcome | Promise<CopyOutcome> => MADE,
  };
  const fatal: unknown[] = [];

  function start() {
    const keeper = createBackupKeeper({
      fleet: { home, timezone: 'UTC', backup, logs: { totalBytes: 2e9, keepMs: DAY, keepFreeBytes: 500 } },
      storage,
      clock,
      log,
      disk: createFileDisk(),
      machine: { availableMemoryBytes: () => undefined, freeDiskBytes: () => world.free },
      copier: {
        sizeBytes: () => 1_000,
        async copyTo(file) {
          world.copies += 1;
          const outcome = await world.outcome();
          if (outcome.kind === 'made') writeFileSync(file, 'a copy');
          return outcome;
        },
        stop: () => Promise.resolve(),
      },
      incidents: createIncidentRegister(tellers),
      onFatal: (error) => void fatal.push(error),
    });
    stops.push(keeper.stop);
    keeper.recover();
    keeper.start();
    return keeper;
  }

  return { home, folder, storage, clock, world, fatal, log, start, list: () => readdirSync(folder).sort() };
}

test('a copy is made each day at its time, and so many are kept', async () => {
  const { start, clock, list, storage, fatal } = setUp();
  start();

  await clock.pass(16 * HOUR);
  expect(list()).toEqual([]);
  await clock.pass(3 * DAY + HOUR);

  expect(list()).toEqual(['nightdesk-20261125-043000.db', 'nightdesk-20261126-043000.db']);
  expect(loadBackupState(storage)).toEqual({
    last: { at: Date.UTC(2026, 10, 26, 4, 30), file: 'nightdesk-20261126-043000.db', sizeBytes: 6 },
    failure: undefined,
    copies: 2,
  });
  expect(fatal).toEqual([]);
});

test('nothing is copied where no copy is to be kept', async () => {
  const { start, clock, world } = setUp({ atMinute: 270, keep: 0 });
  start();

  await clock.pass(3 * DAY);

  expect(world.copies).toBe(0);
});

test('the times of an absence are made up once, at the start', async () => {
  const { start, clock, list } = setUp();
  const first = start();
  await clock.pass(HOUR);
  await first.stop();

  clock.jump(5 * DAY);
  start();
  await clock.pass(60_000);

  expect(list()).toEqual(['nightdesk-20261127-130000.db']);
});

test('where a copy would leave too little of the disk, none is made and that is told until one is', async () => {
  const { start, clock, world, list, storage } = setUp();
  world.free = 1_400;
  start();

  await clock.pass(17 * HOUR);
  const open = storage.incidents.unresolved('backup');
  expect(world.copies).toBe(0);
  expect(open).toMatchObject({ kind: 'backup', severity: 'warning', title: 'The database could not be backed up' });
  expect(open?.evidence).toContain('1.4 kB are left');
  expect(open?.note).toContain('make room');
  expect(loadBackupState(storage).failure?.reason).toContain('1.4 kB');

  world.free = 1e12;
  await clock.pass(2 * HOUR);
  expect(list()).toHaveLength(1);
  expect(storage.incidents.unresolved('backup')).toBeUndefined();
  expect(loadBackupState(storage).failure).toBeUndefined();
});

test('a copy that does not hold together is a critical incident that names the last good one, which is kept', async () => {
  const { start, clock, world, list, storage } = setUp({ atMinute: 270, keep: 1 });
  start();
  await clock.pass(17 * HOUR);

  world.outcome = () => ({ kind: 'failed', code: 'damaged', reason: 'the copy does not hold together: page 7' });
  await clock.pass(3 * DAY);

  expect(list()).toEqual(['nightdesk-20261123-043000.db']);
  const open = storage.incidents.unresolved('backup');
  expect(open).toMatchObject({ severity: 'critical', title: 'The database is damaged' });
  expect(open?.note).toContain('nightdesk-20261123-043000.db');
});

test('a copy that was cut off leaves nothing behind, and is made within the hour after the next start', async () => {
  const { start, clock, world, list, folder } = setUp();
  const pending = Promise.withResolvers<CopyOutcome>();
  world.outcome = () => pending.promise;
  const first = start();
  await clock.pass(17 * HOUR);
  writeFileSync(join(folder, 'nightdesk-20261123-043000.db.part'), 'half');
  const stopped = first.stop();
  pending.resolve({ kind: 'failed', code: 'unwritable', reason: 'it was stopped' });
  await stopped;

  world.outcome = () => MADE;
  start();
  await clock.rest();
  expect(list()).toEqual([]);
  await clock.pass(HOUR + 60_000);

  expect(list()).toHaveLength(1);
});

test('copies that somebody else made are counted, and those that are gone are forgotten', async () => {
  const { start, clock, folder, list, storage } = setUp();
  for (const name of ['nightdesk-20261101-000000.db', 'nightdesk-20261102-000000.db', 'nightdesk-20261103-000000.db'])
    writeFileSync(join(folder, name), 'theirs');
  writeFileSync(join(folder, 'letter.txt'), 'not ours');
  start();
  await clock.rest();
  expect(storage.backups.files()).toHaveLength(3);

  await clock.pass(17 * HOUR);

  expect(list()).toEqual(['letter.txt', 'nightdesk-20261103-000000.db', 'nightdesk-20261123-043000.db']);
  expect(storage.backups.files()).toEqual(['nightdesk-20261103-000000.db', 'nightdesk-20261123-043000.db']);
});

test('of the copies of before an upgrade the newest three are kept', async () => {
  const { start, clock, folder, list } = setUp();
  for (const version of [1, 2, 3, 4, 5]) {
    writeFileSync(join(folder, `before-migration-from-${version}-1.db`), 'old');
    // Files of one millisecond have no order.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  mkdirSync(join(folder, 'before-restore-20260101-000000'));
  writeFileSync(join(folder, 'before-restore-20260101-000000', 'nightdesk.db'), 'aside');
  start();

  await clock.pass(17 * HOUR);

  expect(list().filter((name) => name.startsWith('before-migration'))).toEqual([
    'before-migration-from-3-1.db',
    'before-migration-from-4-1.db',
    'before-migration-from-5-1.db',
  ]);
  expect(list()).toContain('before-restore-20260101-000000');
});
