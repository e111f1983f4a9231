import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { openDatabase } from '../../storage/database.ts';
import { createStorage } from '../../storage/storage.ts';
import { createSystemClock } from '../../src/adapters/system-clock.ts';
import { createLedger } from '../../src/budget/ledger.ts';
import type { Fleet } from '../../src/config/fleet.ts';
import { loadFleet } from '../../src/config/load.ts';
import { loadDigestFacts } from '../../src/digest/facts.ts';
import { loadDigestFigures } from '../../src/digest/load-figures.ts';
import { renderDigest } from '../../src/digest/text.ts';
import { madeUpFigures } from '../digest/draw-figures.ts';
import { machineNow } from './machine-clock.ts';
import { ms, type Row } from './row.ts';
import { summarise } from './statistics.ts';
import { writePast } from './year.ts';

const program = join(import.meta.dirname, '..', '..', 'src', 'digest', 'draw.ts');
/** Has the child say at its end how much memory it ever had, in KiB. */
const TELL_PEAK = `data:text/javascript,process.on('exit',()=>process.stderr.write(String(process.resourceUsage().maxRSS)))`;
/** What a small server can spare for a second. */
const MAX_PEAK_MB = 250;
/** A third of the time that the digest waits for its pictures. */
const MAX_MS = 10_000;

/** The control plane does nothing else meanwhile. */
const MAX_TEXT_MS = 100;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A year that was never purged. */
const PAST = { runs: 200_000, drafts: 30_000, tasks: 20_000, agents: 12, spanMs: 365 * DAY_MS } as const;
/** What a schedule tells, and the longest that /digest is asked for in everyday life. */
const SPANS = [
  { name: '12 h', ms: 12 * HOUR_MS },
  { name: '7 d', ms: 7 * DAY_MS },
  { name: '30 d', ms: 30 * DAY_MS },
] as const;

/** The three pictures of a digest, drawn by the program of their own, and its text, which the control plane writes itself. */
export async function measureDigest(times: number): Promise<readonly Row[]> {
  return [await drawFor(7, times), await drawFor(50, times), writeTexts(times)];
}

function writeTexts(times: number): Row {
  const folder = mkdtempSync(join(tmpdir(), 'nightdesk-bench-'));
  try {
    writePast(folder, PAST);
    const database = openDatabase(join(folder, 'nightdesk.db'), () => join(folder, 'never'));
    try {
      return timeTexts(loadCrowd(folder), database, times);
    } finally {
      database.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function loadCrowd(folder: string): Fleet {
  const file = join(folder, 'fleet.yaml');
  const agents = Array.from(
    { length: PAST.agents },
    (_, n) => `  agent-${n + 1}: { runtime: command, command: ["true"], schedule: every 30m }`,
  );
  writeFileSync(
    file,
    `timezone: Etc/UTC\ntelegram: { owners: [4242] }\nbudget: { monthly: 1000 }\nagents:\n${agents.join('\n')}\n`,
  );
  const loaded = loadFleet(file, {});
  if (loaded.kind !== 'loaded') throw new Error('the fleet is invalid');
  return loaded.fleet;
}

function timeTexts(fleet: Fleet, database: ReturnType<typeof openDatabase>, times: number): Row {
  const storage = createStorage(database);
  const clock = createSystemClock();
  const spans = SPANS.map(({ name, ms: spanMs }) => {
    const texts: number[] = [];
    const figures: number[] = [];
    for (let time = 0; time < times; time += 1) {
      // What it remembers of the days before is not there at the first digest after a start.
      const sources = { fleet, storage, ledger: createLedger({ fleet, storage, clock }) };
      const now = clock.now();
      const startedAt = machineNow();
      renderDigest(loadDigestFacts(sources, now - spanMs, now, now), { timezone: fleet.timezone });
      const toldAt = machineNow();
      loadDigestFigures(sources, now - spanMs, now, now);
      texts.push(toldAt - startedAt);
      figures.push(machineNow() - toldAt);
    }
    return { name, text: summarise(texts), figures: summarise(figures) };
  });
  return {
    what: 'digest text, a year of rows',
    measured: spans.map(({ name, text: { median, worst } }) => `${name} ${ms(median)}, worst ${ms(worst)}`).join('; '),
    toReach: `median ≤ ${MAX_TEXT_MS} ms`,
    met: spans.every(({ text: { median } }) => median <= MAX_TEXT_MS),
    how: `the facts read from ${PAST.runs.toLocaleString('en-US')} runs and ${PAST.drafts.toLocaleString('en-US')} drafts of a year without a purge, and rendered, ${times} times, each with a ledger that knows nothing yet; the figures for its pictures besides: ${spans.map(({ name, figures }) => `${name} ${ms(figures.median)}`).join(', ')}`,
    numbers: Object.fromEntries(
      spans.flatMap(({ name, text: spread, figures }) => [
        [`text ${name}`, spread.median],
        [`figures ${name}`, figures.median],
      ]),
    ),
  };
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
