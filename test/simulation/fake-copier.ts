import Database from 'better-sqlite3';
import type { DatabaseCopier } from '../../src/backups/copier.ts';
import { copiedAt } from '../../src/backups/backup-files.ts';
import type { Fleet } from '../../src/config/fleet.ts';
import { nextCron } from '../../src/loop/schedule.ts';
import type { Clock, Disk } from '../../src/ports.ts';
import type { Host } from './machine.ts';
import type { WorldRecord } from './record.ts';

/** As long as copying and checking a database of a few hundred megabytes takes. */
const TAKES_MS = 8_000;

/** A copy that was made, and what is in it. */
export interface CopyMade {
  readonly file: string;
  readonly image: Buffer;
  /** When it was begun (true time). */
  readonly begunAt: number;
}

/** Copies of the simulated database. One whose control plane dies stays a `.part`; with `trouble` nothing comes of it. */
export function createFakeCopier(options: {
  readonly host: Host;
  readonly clock: Clock;
  /** True time. */
  readonly now: () => number;
  readonly disk: Disk;
  readonly database: () => Database.Database;
  /** Why this one fails; undefined: it does not. */
  readonly trouble: () => string | undefined;
  readonly onMade: (copy: CopyMade) => void;
}): DatabaseCopier {
  const { host, clock, disk } = options;
  let stop: (() => void) | undefined;

  function sizeBytes(): number {
    const [pages, pageBytes] = ['page_count', 'page_size'].map((name) =>
      Number(options.database().pragma(name, { simple: true })),
    );
    return (pages ?? 0) * (pageBytes ?? 0);
  }

  return {
    sizeBytes,
    copyTo: (file) =>
      new Promise((resolve) => {
        const fail = (code: 'full' | 'unwritable', reason: string) => resolve({ kind: 'failed', code, reason });
        try {
          disk.writeText(`${file}.part`, 'a copy');
        } catch {
          return fail('full', 'ENOSPC: no space left on device');
        }
        let isOver = false;
        stop = () => {
          isOver = true;
          disk.remove(`${file}.part`);
          fail('unwritable', 'it was stopped');
        };
        const begunAt = options.now();
        const image = options.database().serialize();
        clock.after(TAKES_MS, () => {
          if (!host.isAlive || isOver) return;
          const trouble = options.trouble();
          if (trouble !== undefined) {
            disk.remove(`${file}.part`);
            return fail('unwritable', trouble);
          }
          disk.rename(`${file}.part`, file);
          options.onMade({ file, image, begunAt });
          resolve({ kind: 'made', sizeBytes: sizeBytes() });
        });
      }),
    stop() {
      stop?.();
      return Promise.resolve();
    },
  };
}

/** Opens a copy, and writes down what was found: it is whole, and has every draft that was accepted before it was begun. */
export function noteCopy(record: WorldRecord, { file, image, begunAt }: CopyMade, now: number): void {
  const name = file.slice(file.lastIndexOf('/') + 1);
  record.copiesMade.push({ name, at: now, problem: findProblem(record, image, begunAt) });
}

function findProblem({ accepted }: WorldRecord, image: Buffer, begunAt: number): string | undefined {
  try {
    const copy = new Database(image);
    try {
      const check = copy.pragma('quick_check', { simple: true });
      if (check !== 'ok') return `it says ${String(check)}`;
      const known = new Set(copy.prepare('SELECT id FROM draft').pluck().all());
      const missing = accepted.find(({ id, at }) => at < begunAt && !known.has(id));
      return missing && `draft ${missing.id} is not in it`;
    } finally {
      copy.close();
    }
  } catch (error) {
    return error instanceof Error ? error.message : 'it does not open';
  }
}

/** Names of the copies in the backup folder. */
export function listCopies(disk: Pick<Disk, 'listFiles'>, folder: string): readonly string[] {
  return disk
    .listFiles(folder)
    .map(({ path }) => path.slice(folder.length + 1))
    .filter((name) => copiedAt(name) !== undefined);
}

/** When the newest backup of a fleet was due, by a time of the machine's wall. */
export function backupTimes({ backup, timezone }: Pick<Fleet, 'backup' | 'timezone'>): (wallAt: number) => number {
  const expression = `${backup.atMinute % 60} ${Math.floor(backup.atMinute / 60)} * * *`;
  let known = { from: Infinity, to: -Infinity, dueAt: 0 };
  return (wallAt) => {
    if (wallAt >= known.from && wallAt < known.to) return known.dueAt;
    let from = wallAt - LONGEST_DAY_MS;
    let to = nextCron(expression, from, timezone) ?? Infinity;
    while (to <= wallAt) {
      from = to;
      to = nextCron(expression, from, timezone) ?? Infinity;
    }
    known = { from, to, dueAt: from };
    return from;
  };
}

/** A day that summer time makes longer has 25 hours. */
const LONGEST_DAY_MS = 26 * 3_600_000;
