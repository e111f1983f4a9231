import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { liveSeeds } from './live-seeds.ts';

/** Every `step`th seed from `first` on, as one thread lives through them. */
interface Share {
  readonly first: number;
  readonly end: number;
  readonly step: number;
}

/**
 * `npm run simulate -- --seeds N [--seed S] [--from S] [--trace]`: lives through many worlds, one on each processor at a time, or again
 * through one.
 */
async function simulate(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '200' },
      seed: { type: 'string' },
      from: { type: 'string', default: '1' },
      trace: { type: 'boolean', default: false },
    },
  });
  const first = Number(values.seed ?? values.from);
  const count = values.seed === undefined ? Number(values.seeds) : 1;
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || count < 1) {
    console.error('simulate: --seeds, --seed and --from take whole numbers');
    process.exit(64);
  }
  const threads = values.trace ? 1 : Math.min(count, availableParallelism());
  const shares = Array.from({ length: threads }, (_, index) => ({
    first: first + index,
    end: first + count,
    step: threads,
  }));
  const [only] = shares;
  const failed =
    threads === 1 && only !== undefined
      ? await live(only, console.log, values.trace ? console.log : undefined)
      : (await Promise.all(shares.map(liveAside))).reduce((sum, one) => sum + one, 0);
  console.log(`${count - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** Gives how many worlds broke a promise. */
async function live(
  { first, end, step }: Share,
  tell: (line: string) => void,
  onTrace?: (line: string) => void,
): Promise<number> {
  let failed = 0;
  for (let seed = first; seed < end; seed += step) {
    const lines = await liveSeeds(seed, 1, onTrace);
    for (const line of lines) tell(line);
    failed += lines.length;
  }
  return failed;
}

function liveAside(share: Share): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: share });
    worker.on('message', (told: string | number) => (typeof told === 'number' ? resolve(told) : console.log(told)));
    worker.on('error', reject);
  });
}

if (isMainThread) await simulate();
else parentPort?.postMessage(await live(workerData as Share, (line) => parentPort?.postMessage(line)));
