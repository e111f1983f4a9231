import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Row } from './row.ts';

const run = promisify(execFile);

/** What a day of the simulated fleet left behind, as month-world.ts tells it. */
interface Day {
  readonly day: number;
  readonly databaseBytes: number;
  readonly runs: number;
  readonly drafts: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly tookMs: number;
}

/** The database and the memory of a fleet of seven after so many simulated days without faults; a process of its own lives through them. */
export async function measureMonth(days: number): Promise<readonly Row[]> {
  const { stdout } = await run(process.execPath, [
    '--expose-gc',
    join(import.meta.dirname, 'month-world.ts'),
    String(days),
  ]);
  const lines = stdout.trim().split('\n');
  const { broken } = JSON.parse(lines.pop() ?? '{}') as { broken: string | null };
  if (broken !== null) throw new Error(`a promise was broken in the month: ${broken}`);
  const told = lines.map((line) => JSON.parse(line) as Day);
  const first = told[0];
  const last = told.at(-1);
  if (first === undefined || last === undefined) throw new Error('no day was told');
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  return [
    {
      what: `${days} simulated days of seven agents: database; memory`,
      measured: `${megabytes(last.databaseBytes)} after ${last.runs} runs and ${last.drafts} drafts (${megabytes(first.databaseBytes)} after one day); heap ${megabytes(last.heapUsed)} (${megabytes(first.heapUsed)} after one day)`,
      how: `the real control plane in the simulated world, no faults: six agents every 5 to 60 minutes, a publisher, an owner who decides; the database is as large as its last daily backup; the heap after a collection, of the whole process: also of the simulated world, whose record of what happened and whose database in memory grow with it; ${Math.round(last.tookMs / 1_000)} s of real time`,
      numbers: {
        databaseBytes: last.databaseBytes,
        firstDayBytes: first.databaseBytes,
        heapBytes: last.heapUsed,
        firstDayHeapBytes: first.heapUsed,
        runs: last.runs,
        drafts: last.drafts,
      },
    },
  ];
}
