import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { createFileDisk } from '../../src/adapters/file-disk.ts';
import { createSystemMachine } from '../../src/adapters/system-machine.ts';
import { createIncidentRegister } from '../../src/incidents/register.ts';
import type { Machine } from '../../src/ports.ts';
import { createCallbackData } from '../../src/telegram/callback-data.ts';
import { type Content, createOutbox } from '../../src/telegram/outbox.ts';
import { createMachineWatch } from '../../src/vigil/machine-watch.ts';
import { createFleetFolder } from '../config/fleet-folder.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import { openStorage } from '../fakes/open-storage.ts';
import { SMALL_DISK_BYTES, smallDisk } from '../fakes/small-disk.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const MB = 1_000_000;

let stop: (() => Promise<void>) | undefined;

afterEach(async () => {
  await stop?.();
  stop = undefined;
});

function setUp(more: { readonly machine?: Machine; readonly home?: string; readonly keepFree?: string } = {}) {
  using folder = createFleetFolder();
  const { fleet: loaded } = folder.loaded(`timezone: UTC
home: ./state
telegram: { owners: [1] }
logs: { keep_free: ${more.keepFree ?? '500MB'} }
agents:
  scout: { runtime: command, command: [/bin/true], schedule: every 1h }
  writer: { runtime: command, command: [/bin/true], schedule: every 1h }
`);
  const { storage, database, file } = openStorage();
  const fleet = { ...loaded, home: more.home ?? file.replace(/\/[^/]*$/, '') };
  const clock = createManualClock();
  const log = createMemoryLog();
  const outbox = createOutbox({ storage, clock, chatId: 1, scrub: (text) => text, isQuiet: () => false });
  const callbackData = createCallbackData('key');
  const canLogIn = (): boolean => false;
  const incidents = createIncidentRegister({ storage, clock, outbox, callbackData, timezone: 'UTC', canLogIn });
  const left = { disk: (9_000 * MB) as number | undefined, memory: (4_000 * MB) as number | undefined, logs: 0 };
  const fatal: unknown[] = [];
  const build = () =>
    createMachineWatch({
      storage,
      clock,
      log,
      disk: createFileDisk(),
      machine: more.machine ?? { availableMemoryBytes: () => left.memory, freeDiskBytes: () => left.disk },
      incidents,
      fleet,
      logKeeper: {
        makeRoom(bytes) {
          const given = Math.min(bytes, left.logs);
          left.logs -= given;
          left.disk = (left.disk ?? 0) + given;
          return { files: given === 0 ? 0 : 1, bytes: given };
        },
      },
      totalMemoryBytes: 8_000 * MB,
      onFatal: (error) => fatal.push(error),
    });
  const watch = build();
  stop = watch.stop;
  const reserve = join(fleet.home, 'reserve');
  const holds = () => storage.holds.active().map((hold) => `${hold.agent || '*'} ${hold.kind}: ${hold.reason}`);
  const open = () => incidents.unresolved().map(({ incident }) => incident);
  const text = (key: string) => {
    const row = storage.outbox.get(key);
    const content = row === undefined ? undefined : (JSON.parse(row.content) as Content);
    return content?.kind === 'text' ? content.body.text : undefined;
  };
  return { watch, build, storage, database, clock, log, left, fatal, reserve, holds, open, text, fleet };
}

describe('a disk that a drill pretends to be full', () => {
  it('is told of within five seconds as a drill, and nothing is held, removed or given back', async () => {
    const { watch, clock, left, holds, open, storage, reserve } = setUp();
    left.logs = 100 * MB;
    watch.start();
    await clock.rest();

    watch.pretendDiskLeft(0);
    await clock.pass(5 * SECOND);

    expect(storage.incidents.unresolved('disk:drill')).toMatchObject({ kind: 'disk', isDrill: 1, state: 'firing' });
    expect(open()).toHaveLength(1);
    expect(holds()).toEqual([]);
    expect(left.logs).toBe(100 * MB);
    expect(existsSync(reserve)).toBe(true);
    expect(watch.mayWrite()).toBe(true);
  });

  it('keeps a real one from nothing', async () => {
    const { watch, clock, left, holds, open } = setUp();
    watch.start();
    await clock.rest();
    watch.pretendDiskLeft(0);
    await clock.pass(5 * SECOND);

    left.disk = 300 * MB;
    await clock.pass(5 * SECOND);

    expect(open().map(({ fingerprint }) => fingerprint)).toEqual(expect.arrayContaining(['disk', 'disk:drill']));
    expect(holds()).toHaveLength(1);
  });

  it('is told of once, and no more when the drill is over', async () => {
    const { watch, clock, open, storage } = setUp();
    watch.start();
    watch.pretendDiskLeft(0);
    await clock.pass(20 * SECOND);
    const times = open().map((incident) => incident.times);
    watch.pretendDiskLeft(undefined);
    storage.transaction(() => storage.incidents.resolve(1, clock.now(), null));
    await clock.pass(20 * SECOND);

    expect(times).toEqual([1]);
    expect(open()).toEqual([]);
  });
});

describe('a disk that fills up', () => {
  it('is an incident and a hold of the fleet before it is a failure', async () => {
    const { watch, clock, left, holds, open, text, storage } = setUp();
    watch.start();
    await clock.rest();
    const before = holds();
    left.disk = 312 * MB;

    await clock.pass(5 * SECOND);

    expect(before).toEqual([]);
    expect(holds()).toEqual(['* disk: the disk is nearly full: 312 MB left']);
    expect(open()).toMatchObject([{ kind: 'disk', fingerprint: 'disk', severity: 'critical', state: 'firing' }]);
    expect(text('incident:1')).toMatch(/^🔴 The disk is nearly full: 312 MB left\n/);
    expect(text('incident:1')).toMatch(/No new run starts until 600 MB are free\. Drafts, .* are safe\./);
    expect(storage.outbox.get('incident:1')?.silent).toBe(0);
  });

  it('is over only when there is clearly room again, and those that missed a due time are next', async () => {
    const { watch, clock, left, holds, open, text, storage } = setUp();
    left.disk = 400 * MB;
    watch.start();
    await clock.rest();
    storage.transaction(() => {
      storage.dues.wait('scout', clock.now(), 'schedule');
      storage.dues.skip(storage.dues.waitingOf('scout')!, 'the disk is nearly full', clock.now());
    });

    left.disk = 599 * MB;
    await clock.pass(10 * MINUTE);
    const between = holds();
    left.disk = 600 * MB;
    await clock.pass(5 * SECOND);

    expect(between.length).toBe(1);
    expect(holds()).toEqual([]);
    expect(open()).toEqual([]);
    expect(storage.dues.waiting()).toMatchObject([{ agent: 'scout', cause: 'resumed' }]);
    expect(text('incident:1')).toMatch(/^🟢 Over: The disk has room again/);
    expect(text('incident:1:recovery')).toMatch(
      /^🟢 Recovered: The disk has room again\nIncident 1 lasted 10 min\. 600 MB are free\. New runs were held for 10 min; 1 agent that missed a due time is next\.$/,
    );
  });

  it('is none as long as old logs make the room', async () => {
    const { watch, clock, left, holds } = setUp();
    watch.start();
    await clock.rest();
    left.disk = 300 * MB;
    left.logs = 250 * MB;

    await clock.pass(5 * SECOND);
    const first = holds();
    left.disk = 300 * MB;
    await clock.pass(5 * SECOND);

    expect(first).toEqual([]);
    expect(holds()).toEqual(['* disk: the disk is nearly full: 350 MB left']);
  });

  it('is told once when nothing at all is left', async () => {
    const { watch, clock, left, open } = setUp();
    left.disk = 0;
    watch.start();

    await clock.pass(MINUTE);

    expect(open()[0]?.times).toBe(1);
  });

  it('is told anew when only half of it is left, and not each time that it is looked at', async () => {
    const { watch, clock, left, holds, open, text } = setUp();
    left.disk = 400 * MB;
    watch.start();
    for (const megabytes of [400, 380, 300, 201]) {
      left.disk = megabytes * MB;
      await clock.pass(MINUTE);
    }
    const before = [open()[0]?.times, text('incident:1')?.split('\n')[0]];

    left.disk = 190 * MB;
    await clock.pass(5 * SECOND);

    expect(before).toEqual([1, '🔴 The disk is nearly full: 400 MB left']);
    expect(open()[0]?.times).toBe(2);
    expect(text('incident:1')?.split('\n')[0]).toBe('🔴 The disk is nearly full: 190 MB left');
    expect(holds()).toEqual(['* disk: the disk is nearly full: 190 MB left']);
  });

  it('stays one incident over a restart, and ends in the next life', async () => {
    const { watch, build, clock, left, holds, open } = setUp();
    left.disk = 400 * MB;
    watch.start();
    await clock.rest();
    await watch.stop();

    const second = build();
    stop = second.stop;
    second.start();
    await clock.pass(MINUTE);
    const after = open();
    left.disk = 9_000 * MB;
    await clock.pass(5 * SECOND);

    expect(after).toMatchObject([{ id: 1, times: 1 }]);
    expect(holds()).toEqual([]);
  });

  it('keeps logs from growing for as long as it holds the fleet', async () => {
    const { watch, clock, left } = setUp();
    watch.start();
    await clock.rest();
    const answers = [watch.mayWrite()];
    for (const megabytes of [499, 550, 600]) {
      left.disk = megabytes * MB;
      await clock.pass(5 * SECOND);
      answers.push(watch.mayWrite());
    }

    expect(answers).toEqual([true, false, false, true]);
  });
});

describe('memory that runs out', () => {
  it('holds the fleet when it is so at two looks in a row', async () => {
    const { watch, clock, left, holds, open } = setUp();
    watch.start();
    await clock.rest();
    left.memory = 100 * MB;
    await clock.pass(5 * SECOND);
    left.memory = 900 * MB;
    await clock.pass(5 * SECOND);
    left.memory = 255 * MB;
    await clock.pass(5 * SECOND);
    const once = holds();

    await clock.pass(5 * SECOND);

    expect(once).toEqual([]);
    expect(holds()).toEqual(['* memory: memory is nearly used up: 255 MB left']);
    expect(open()).toMatchObject([{ kind: 'memory', severity: 'warning' }]);
  });

  it('lets the fleet go when there is clearly enough again', async () => {
    const { watch, clock, left, holds, open, text } = setUp();
    left.memory = 100 * MB;
    watch.start();
    await clock.pass(5 * SECOND);
    left.memory = 300 * MB;
    await clock.pass(MINUTE);
    const between = holds().length;
    left.memory = 308 * MB;

    await clock.pass(5 * SECOND);

    expect(between).toBe(1);
    expect(holds()).toEqual([]);
    expect(open()).toEqual([]);
    expect(text('incident:1:recovery')).toMatch(/There is enough memory again\n.* 308 MB are free\./);
  });

  it('and a disk that nobody can tell of hold nobody, and let go who was held', async () => {
    const { watch, clock, left, holds, open, fatal } = setUp();
    left.memory = 100 * MB;
    left.disk = 100 * MB;
    watch.start();
    await clock.pass(5 * SECOND);
    const held = holds().length;
    left.memory = undefined;
    left.disk = undefined;

    await clock.pass(MINUTE);

    expect(held).toBe(2);
    expect(holds()).toEqual([]);
    expect(open()).toEqual([]);
    expect(fatal).toEqual([]);
  });
});

describe('the reserve', () => {
  it('is eight megabytes that no file system can compress away, and nobody else may read', async () => {
    const { watch, clock, reserve } = setUp();

    watch.start();
    await clock.rest();

    const { size, blocks, mode } = statSync(reserve);
    expect(size).toBe(8 * MB);
    expect(blocks * 512).toBeGreaterThanOrEqual(8 * MB);
    expect((mode & 0o777).toString(8)).toBe('600');
    const letters = new Set(readFileSync(reserve, 'latin1').slice(0, 10_000));
    expect(letters.size).toBeGreaterThan(60);
  });

  it('is given back when next to nothing is left, and laid down again once there is plenty', async () => {
    const { watch, clock, left, reserve, open } = setUp();
    watch.start();
    await clock.rest();
    const there = [existsSync(reserve)];
    for (const megabytes of [100, 7, 100, 550, 600]) {
      left.disk = megabytes * MB;
      await clock.pass(5 * SECOND);
      there.push(existsSync(reserve));
    }
    left.disk = 700 * MB;
    await clock.pass(5 * SECOND);

    expect(there).toEqual([true, true, false, false, false, true]);
    expect(open()).toEqual([]);
  });

  it('is given back before anything is written at a start on a full disk, and when a write was refused', async () => {
    const { watch, clock, left, reserve } = setUp();
    watch.start();
    await clock.rest();
    await watch.stop();
    watch.recover();
    const withRoom = existsSync(reserve);
    left.disk = 0;
    watch.recover();
    const withoutRoom = existsSync(reserve);
    left.disk = 9_000 * MB;
    watch.start();
    await clock.rest();
    const again = existsSync(reserve);
    left.disk = 100 * MB;
    watch.refused();
    await clock.rest();

    expect([withRoom, withoutRoom, again, existsSync(reserve)]).toEqual([true, false, true, false]);
  });

  it('that cannot be laid down is tried again only after a minute, and ends nothing', async () => {
    const { watch, clock, log, fatal } = setUp({ home: fileURLToPath(import.meta.url) });

    watch.start();
    await clock.pass(50 * SECOND);
    const early = log.lines.filter((line) => line.includes('reserve could not')).length;
    await clock.pass(20 * SECOND);

    expect(early).toBe(1);
    expect(log.lines.filter((line) => line.includes('reserve could not')).length).toBe(2);
    expect(fatal).toEqual([]);
  });

  it('makes the room for its own incident on a disk that was filled up this moment', async () => {
    const { watch, clock, log, database, left, reserve, holds, open } = setUp();
    watch.start();
    await clock.rest();
    left.disk = 100 * MB;
    // SQLite refuses to grow beyond its page limit with the very error of a full disk, until the reserve is gone.
    const pages = database.pragma('page_count', { simple: true }) as number;
    database.pragma(`max_page_count = ${pages + 100}`);
    database.function('reserve_is_there', () => (existsSync(reserve) ? 1 : 0));
    database.exec(`CREATE TEMP TRIGGER full BEFORE INSERT ON hold WHEN reserve_is_there()
      BEGIN INSERT INTO journal (at, subject, event, actor, detail) VALUES (1, 'x', 'x', 'x', hex(zeroblob(9000000))); END`);

    await clock.pass(5 * SECOND);

    expect(existsSync(reserve)).toBe(false);
    expect(holds().length).toBe(1);
    expect(open().length).toBe(1);
    expect(log.lines.filter((line) => line.includes('cannot be written'))).toEqual([]);
  });
});

describe('a real disk', () => {
  it('that another program fills up is told of, and recovers by itself', async ({ skip }) => {
    const home = smallDisk() ?? skip('a small disk can only be mounted by root on Linux');
    const { watch, clock, holds, open } = setUp({ home, machine: createSystemMachine(), keepFree: '300KB' });
    watch.start();
    await clock.rest();
    const before = holds().length;
    writeFileSync(join(home, 'other'), 'x'.repeat(SMALL_DISK_BYTES - 200 * 1024));

    await clock.pass(5 * SECOND);
    const during = [holds(), open().length];
    writeFileSync(join(home, 'other'), '');
    await clock.pass(5 * SECOND);

    expect(before).toBe(0);
    expect(during).toEqual([['* disk: the disk is nearly full: 205 kB left'], 1]);
    expect([holds().length, open().length]).toEqual([0, 0]);
  });
});

describe('an agent that waits for memory', () => {
  it('is an incident after ten minutes though there is enough to go on, until it waits no more', async () => {
    const { watch, clock, storage, open, holds } = setUp();
    const reason = 'memory: 400 MB left; an agent of runtime claude takes 190 MB, and 256 MB stay free';
    storage.transaction(() => {
      storage.dues.wait('scout', clock.now(), 'schedule');
      storage.dues.explain(storage.dues.waitingOf('scout')!.id, reason);
    });
    watch.start();

    await clock.pass(9 * MINUTE);
    const before = open();
    await clock.pass(3 * MINUTE);
    const after = open();
    storage.transaction(() => storage.dues.skip(storage.dues.waitingOf('scout')!, 'test', clock.now()));
    await clock.pass(MINUTE);

    expect(before).toEqual([]);
    expect(after).toMatchObject([
      { kind: 'memory', severity: 'warning', times: 1, title: '1 agent cannot start for want of memory' },
    ]);
    expect(after[0]?.evidence).toContain(`scout, for 10 min: ${reason}`);
    expect(holds()).toEqual([]);
    expect(open()).toEqual([]);
  });
});
