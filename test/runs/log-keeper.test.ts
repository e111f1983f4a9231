import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createFileDisk } from '../../src/adapters/file-disk.ts';
import type { Disk } from '../../src/ports.ts';
import { createLogKeeper } from '../../src/runs/log-keeper.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import { openStorage } from '../fakes/open-storage.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

const SECOND = 1_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const KB = 1_000;

let stop: (() => Promise<void>) | undefined;

afterEach(async () => {
  await stop?.();
  stop = undefined;
});

function setUp(
  logs: Partial<{ totalBytes: number; keepMs: number; keepFreeBytes: number }> = {},
  concurrency = 2,
  compress?: Disk['compress'],
) {
  const home = temporaryFolder();
  const { storage } = openStorage();
  const clock = createManualClock();
  const log = createMemoryLog();
  const disk: Disk = createFileDisk();
  const machine = { free: 1e12 as number | undefined };
  const fatal: unknown[] = [];
  const compressed: string[] = [];
  const fleet = {
    home,
    concurrency,
    logs: { totalBytes: 2e9, keepMs: 7 * DAY, keepFreeBytes: 500e6, ...logs },
  };
  const keeper = createLogKeeper({
    fleet,
    storage,
    clock,
    log,
    disk: {
      ...disk,
      compress(path) {
        compressed.push(basename(path));
        return (compress ?? disk.compress)(path);
      },
      remove(path) {
        const [file] = disk.listFiles(dirname(path)).filter((one) => one.path === path);
        disk.remove(path);
        if (machine.free !== undefined) machine.free += file?.sizeBytes ?? 0;
      },
    },
    machine: { availableMemoryBytes: () => undefined, freeDiskBytes: () => machine.free },
    onFatal: (error) => fatal.push(error),
  });
  stop = keeper.stop;

  /** Writes a log of that size and age. */
  function write(name: string, bytes: number, ageMs = 0): string {
    const path = join(home, 'logs', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'a line of an agent\n'.repeat(bytes / 19 + 1).slice(0, bytes));
    const at = (clock.now() - ageMs) / 1_000;
    utimesSync(path, at, at);
    return path;
  }

  /** Makes a run that is alive and writes to this log; gives what ends it. */
  function live(path: string): () => void {
    const id = storage.transaction(() =>
      storage.runs.add({
        agent: `agent-${path}`,
        cause: 'schedule',
        publicationId: null,
        wantedAt: 1,
        generations: '{}',
      }),
    );
    const claim = {
      startedAt: 1,
      tokenHash: path,
      logPath: path,
      containment: 'group',
      cliVersion: null,
      resumeToken: null,
    };
    storage.transaction(() => storage.runs.claim(id, claim));
    return () =>
      storage.transaction(
        () =>
          void storage.runs.settle(id, {
            state: 'done',
            failure: null,
            evidence: null,
            exit: 'exit 0',
            endedAt: 1,
          } as Parameters<typeof storage.runs.settle>[1]),
      );
  }

  function names(): string[] {
    const folder = join(home, 'logs');
    return existsSync(folder)
      ? readdirSync(folder, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
          .toSorted()
      : [];
  }

  /** Waits, for real, until what runs on the thread pool has come to this. */
  async function until(condition: () => boolean): Promise<void> {
    for (let turn = 0; turn < 500 && !condition(); turn += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      await clock.rest();
    }
    expect(condition()).toBe(true);
  }

  return { keeper, clock, log, machine, fatal, compressed, write, live, names, until, home };
}

describe('log keeper', () => {
  it('compresses closed logs when it starts, but none that is smaller than four blocks', async () => {
    const { keeper, write, names, until } = setUp();
    write('scout/1.log', 100 * KB, HOUR);
    write('scout/2.log', 16 * 1024 - 1, HOUR);
    write('writer/3.log', 16 * 1024, HOUR);

    keeper.start();

    await until(() => !names().includes('writer/3.log') && !names().includes('scout/1.log'));
    expect(names()).toEqual(['scout/1.log.gz', 'scout/2.log', 'writer/3.log.gz']);
  });

  it('leaves the log of a living run alone, and compresses it at once when the run has ended', async () => {
    const { keeper, clock, write, live, names, until } = setUp();
    const path = write('scout/1.log', 100 * KB);
    const end = live(path);
    keeper.start();
    await clock.pass(10 * 60 * SECOND);
    const meanwhile = names();

    end();
    keeper.ended(path, 100 * KB);
    await until(() => names().includes('scout/1.log.gz'));

    expect(meanwhile).toEqual(['scout/1.log']);
    expect(names()).toEqual(['scout/1.log.gz']);
  });

  it('removes what is older than logs.keep, and what a crash left half compressed', async () => {
    const { keeper, clock, write, names } = setUp({ keepMs: DAY });
    write('scout/1.log.gz', KB, DAY + HOUR);
    write('scout/2.log.gz', KB, DAY - HOUR);
    write('scout/3.log', KB, DAY + HOUR);
    write('scout/2.log.gz.part', KB);

    keeper.start();
    await clock.rest();

    expect(names()).toEqual(['scout/2.log.gz']);
    await clock.pass(2 * HOUR);
    expect(names()).toEqual([]);
  });

  it('removes the oldest first until all fit, together with what living runs may still write', async () => {
    const { keeper, clock, write, live, names } = setUp({ totalBytes: 16_000 * KB, keepMs: DAY }, 2);
    for (let hour = 1; hour <= 9; hour += 1) write(`scout/${hour}.log.gz`, 2_000 * KB, hour * HOUR);
    live(write('writer/10.log', 500 * KB, 20 * HOUR));

    keeper.start();
    await clock.rest();

    // 16 MB, less 4 for two living runs, 1 for what ends within a minute, 2 for what is being compressed: 9 MB.
    expect(names()).toEqual([1, 2, 3, 4].map((hour) => `scout/${hour}.log.gz`).concat('writer/10.log'));
  });

  it('counts what a small file takes of the disk, not what it holds', async () => {
    const { keeper, clock, write, names } = setUp({ totalBytes: 1_600 * KB }, 2);
    for (let minute = 1; minute <= 400; minute += 1) write(`scout/${minute}.log`, 10, minute * 60 * SECOND);

    keeper.start();
    await clock.rest();

    expect(names().length).toBeLessThanOrEqual(900_000 / 4_096);
    expect(names().length).toBeGreaterThan(200);
    expect(names()).toContain('scout/1.log');
    expect(names()).not.toContain('scout/400.log');
  });

  it('stays under the total while runs end faster than it looks', async () => {
    const totalBytes = 16_000 * KB;
    // Noise: compressing it gains nothing.
    const { keeper, clock, write, home } = setUp({ totalBytes }, 2, () => Promise.resolve(false));
    keeper.start();
    let most = 0;

    for (let run = 1; run <= 40; run += 1) {
      keeper.ended(write(`scout/${run}.log`, 2_000 * KB, -run), 2_000 * KB);
      await clock.rest();
      const all = createFileDisk().listFiles(join(home, 'logs'));
      most = Math.max(
        most,
        all.reduce((sum, file) => sum + file.sizeBytes, 0),
      );
    }

    expect(most).toBeLessThan(totalBytes - 4_000 * KB);
    expect(most).toBeGreaterThan(6_000 * KB);
  });

  it('removes the oldest closed logs when too little of the disk is free, and stops when it is enough', async () => {
    const { keeper, clock, machine, write, live, names } = setUp({ keepFreeBytes: 10_000 * KB });
    for (let hour = 1; hour <= 5; hour += 1) write(`scout/${hour}.log.gz`, 1_000 * KB, hour * HOUR);
    live(write('writer/9.log', 10 * KB, 9 * HOUR));
    machine.free = 8_500 * KB;

    keeper.start();
    await clock.rest();

    expect(names()).toEqual(['scout/1.log.gz', 'scout/2.log.gz', 'scout/3.log.gz', 'writer/9.log']);
    expect(machine.free).toBe(10_500 * KB);
  });

  it('removes all closed logs when even that is not enough, and none when nobody knows what is free', async () => {
    const { keeper, clock, machine, write, names } = setUp();
    write('scout/1.log.gz', 1_000 * KB, HOUR);
    write('scout/2.log.gz', 1_000 * KB, HOUR);
    machine.free = undefined;
    keeper.start();
    await clock.rest();
    const unknown = names();
    machine.free = 0;

    await clock.pass(61 * SECOND);

    expect(unknown).toEqual(['scout/1.log.gz', 'scout/2.log.gz']);
    expect(names()).toEqual([]);
  });

  it('says how much room it made', () => {
    const { keeper, write, names } = setUp();
    write('scout/1.log.gz', 1_000 * KB, 3 * HOUR);
    write('scout/2.log.gz', 1_000 * KB, 2 * HOUR);
    write('scout/3.log.gz', 1_000 * KB, HOUR);

    expect(keeper.makeRoom(0)).toEqual({ files: 0, bytes: 0 });
    expect(keeper.makeRoom(1_500 * KB)).toEqual({ files: 2, bytes: 2 * 245 * 4_096 });
    expect(names()).toEqual(['scout/3.log.gz']);
  });

  it('tries a log that cannot be compressed again after an hour, and goes on with the others', async () => {
    const { keeper, clock, compressed, write, names, until, home } = setUp();
    write('scout/1.log', 100 * KB, 2 * HOUR);
    // A folder where the compressed file should be: nobody can replace that by a file.
    mkdirSync(join(home, 'logs', 'scout', '1.log.gz'));
    write('scout/2.log', 100 * KB, HOUR);
    keeper.start();
    await until(() => names().includes('scout/2.log.gz'));

    await clock.pass(59 * 60 * SECOND);
    const before = compressed.length;
    await clock.pass(2 * 60 * SECOND);
    await until(() => compressed.length > before);

    expect(compressed).toEqual(['1.log', '2.log', '1.log']);
    expect(names()).toContain('scout/1.log');
  });

  it('does nothing when there are no logs yet', async () => {
    const { keeper, clock, fatal } = setUp();

    keeper.start();
    await clock.pass(5 * 60 * SECOND);

    expect(fatal).toEqual([]);
  });
});
