import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { madeUpFigures } from '../digest/draw-figures.ts';
import { machineNow } from './machine-clock.ts';
import { ms, type Row } from './row.ts';
import { summarise } from './statistics.ts';

const program = join(import.meta.dirname, '..', '..', 'src', 'digest', 'draw.ts');
/** Has the child say at its end how much memory it ever had, in KiB. */
const TELL_PEAK = `data:text/javascript,process.on('exit',()=>process.stderr.write(String(process.resourceUsage().maxRSS)))`;
/** What a small server can spare for a second. */
const MAX_PEAK_MB = 250;
/** A third of the time that the digest waits for its pictures. */
const MAX_MS = 10_000;

/** The three pictures of a digest, drawn by the program of their own. */
export async function measureDigest(times: number): Promise<readonly Row[]> {
  return [await drawFor(7, times), await drawFor(50, times)];
}

async function drawFor(agents: number, times: number): Promise<Row> {
  const figures = madeUpFigures({ agents, hours: 30 * 24, days: 30, decisions: 600 });
  const input = JSON.stringify(figures);
  const runs = figures.timeline.agents.reduce((sum, agent) => sum + agent.runs.length, 0);
  const took: number[] = [];
  const peaks: number[] = [];
  let bytes = 0;
  for (let time = 0; time < times; time += 1) {
    const folder = mkdtempSync(join(tmpdir(), 'nightdesk-bench-'));
    try {
      const startedAt = machineNow();
      const child = spawn(process.execPath, ['--import', TELL_PEAK, program, folder], {
        stdio: ['pipe', 'ignore', 'pipe'],
      });
      child.stdin.end(input);
      const [peak] = await Promise.all([text(child.stderr), once(child, 'exit')]);
      took.push(machineNow() - startedAt);
      peaks.push(Number(peak) / 1_024);
      const files = readdirSync(folder);
      if (child.exitCode !== 0 || files.length !== 3) throw new Error(`the pictures were not drawn: ${peak}`);
      bytes = files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  const spread = summarise(took);
  const peak = Math.max(...peaks);
  return {
    what: `digest pictures, ${agents} agents × 30 days`,
    measured: `median ${ms(spread.median)}, worst ${ms(spread.worst)} (${spread.count}); ${Math.round(peak)} MB at most; three files of ${Math.round(bytes / 1_000)} kB`,
    toReach: `≤ ${MAX_MS / 1_000} s, ≤ ${MAX_PEAK_MB} MB`,
    met: spread.worst <= MAX_MS && peak <= MAX_PEAK_MB,
    how: `the program is started, reads ${runs.toLocaleString('en-US')} runs and 600 decisions on stdin, loads the charting library, the canvas and the font, writes three PNG files, ends; the memory is the peak of that process, none of it the control plane's`,
    numbers: { ...spread, peakMb: peak, bytes, runs },
  };
}
