import { statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CopyOutcome } from '../../storage/database-copy.ts';
import type { DatabaseCopier } from '../backups/copier.ts';

/** Beside this file, and written in what this one is written in: a published package holds no TypeScript. */
const THREAD = join(import.meta.dirname, `copy-thread${extname(import.meta.filename)}`);

/** Copies the database of this file on a thread of its own: copying and checking a large one takes seconds. */
export function createDatabaseCopier(database: string): DatabaseCopier {
  let thread: Worker | undefined;

  return {
    sizeBytes() {
      const sizes = [database, `${database}-wal`].map((path) => statSync(path, { throwIfNoEntry: false })?.size);
      return sizes[0] === undefined ? undefined : sizes[0] + (sizes[1] ?? 0);
    },
    copyTo: (to) =>
      new Promise<CopyOutcome>((resolve) => {
        const fail = (reason: string): void => resolve({ kind: 'failed', code: 'unwritable', reason });
        // Nothing of our own environment and options: a profile of the process would be written over by its thread's.
        const mine = new Worker(THREAD, { workerData: { from: database, to }, execArgv: [], env: {} });
        thread = mine;
        mine.once('message', (outcome: CopyOutcome) => resolve(outcome));
        mine.once('error', (error) => fail(error instanceof Error ? error.message : 'its thread failed'));
        mine.once('exit', () => {
          if (thread === mine) thread = undefined;
          fail('it was stopped');
        });
      }),
    async stop() {
      await thread?.terminate();
    },
  };
}
