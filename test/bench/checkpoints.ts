import { join } from 'node:path';
import { openBench } from './program.ts';
import { openPrompter } from './prompter.ts';
import { type Bare, ms, type Row } from './row.ts';
import { summarise } from './statistics.ts';

const SIZES = [64 * 1024, 256 * 1024];

/** A WORKSTATE.md that is handed in, judged, kept as a version and written to its file. */
export async function measureCheckpoints(count: number, bare: Bare): Promise<readonly Row[]> {
  const prompter = await openPrompter();
  const command = JSON.stringify([process.execPath, join(import.meta.dirname, 'fixtures', 'prompted-agent.ts')]);
  const bench = await openBench(`
agents:
  writer: { runtime: command, command: ${command}, schedule: every 1h, env: { BENCH_PORT: "${prompter.port}" } }
`);
  const program = await bench.start();
  try {
    await prompter.waitFor(1);
    const rows: Row[] = [];
    for (const bytes of SIZES) {
      const took: number[] = [];
      for (let index = 0; index < count; index += 1)
        took.push(Number(await prompter.prompt('writer', `checkpoint ${bytes}`).answer));
      const spread = summarise(took);
      rows.push({
        what: `a checkpoint of ${bytes / 1024} KiB, validated and stored`,
        measured: `median ${ms(spread.median)}, p99 ${ms(spread.p99)} (${spread.count}); ${(spread.median / bare.commitMs).toFixed(1)} × a bare commit`,
        toReach: 'median ≤ 20 ms',
        met: spread.median <= 20,
        how: "the agent's clock just before its request to the gateway → the answer, on a new connection; it contains the look for secrets, the version's row and the file, which is put in place as a whole; one after the other",
        numbers: { ...spread },
      });
    }
    return rows;
  } finally {
    await program.stop();
    prompter.close();
    await bench.close();
  }
}
