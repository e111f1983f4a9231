import type Database from 'better-sqlite3';
import type { DatabaseCopier } from '../../src/backups/copier.ts';
import type { Clock, Disk } from '../../src/ports.ts';
import type { Host } from './machine.ts';

/** As long as copying and checking a database of a few hundred megabytes takes. */
const TAKES_MS = 8_000;

/** Copies of the simulated database: a file that says how large it was. A copy whose control plane dies stays a `.part`. */
export function createFakeCopier(options: {
  readonly host: Host;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly database: () => Database.Database;
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
        stop = () => fail('unwritable', 'it was stopped');
        clock.after(TAKES_MS, () => {
          if (!host.isAlive) return;
          disk.rename(`${file}.part`, file);
          resolve({ kind: 'made', sizeBytes: sizeBytes() });
        });
      }),
    stop() {
      stop?.();
      return Promise.resolve();
    },
  };
}
