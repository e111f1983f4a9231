import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Containment } from '../../src/containment/containment.ts';
import type { Processes } from '../../src/ports.ts';
import { ARTISTS, clearStage, namesOfLiving, RACERS, startArtists, untilOnStage } from '../containment/artists.ts';
import { openLayers } from './containment.ts';
import { machineNow } from './machine-clock.ts';
import { openBench } from './program.ts';
import { ms, type Row } from './row.ts';
import { summarise } from './statistics.ts';

const ESCAPE = join(import.meta.dirname, '..', 'fixtures', 'escape');
/** Whom a process group cannot tell, as its description says: who leaves it in every way and clears its environment. */
const OWNED_UP: Readonly<Record<string, readonly string[]>> = {
  'process group': ['full', 'full-racer', 'env', 'setsid'],
};

/** Who is left after a stop, over all escape artists and all layers of this machine. */
export async function measureSurvivors(count: number): Promise<readonly Row[]> {
  const { folder, processes, layers } = await openLayers();
  const rows: Row[] = [];
  for (const { name, layer } of layers) {
    const left = new Set<string>();
    for (let index = 0; index < count; index += 1) {
      for (const artists of [ARTISTS, RACERS]) {
        for (const artist of await leftAfterStop(processes, layer, index, artists)) left.add(artist);
      }
    }
    const ownedUp = OWNED_UP[name] ?? [];
    rows.push({
      what: `survivors of a stop, ${name}`,
      measured: left.size === 0 ? '0' : `${left.size}: ${[...left].sort().join(', ')}`,
      toReach: ownedUp.length === 0 ? '0' : '0 but who clears all traces',
      met: [...left].every((artist) => ownedUp.includes(artist)),
      others: 'PM2 5, systemd 0',
      how: `${ARTISTS.length} escape artists that flee and stay, then ${RACERS.length} that never stop forking, ${count} times each: TERM, KILL, sweep`,
      numbers: { left: left.size },
    });
  }
  rmSync(folder, { recursive: true, force: true });
  return rows;
}

async function leftAfterStop(
  processes: Processes,
  layer: Containment,
  id: number,
  artists: readonly string[],
): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'nightdesk-bench-'));
  const agent = await startArtists(processes, layer, { id, folder, artists });
  agent.signal('SIGTERM');
  agent.signal('SIGKILL');
  await agent.exit;
  await layer.sweep({ id, identity: agent.identity });
  const left = namesOfLiving(folder);
  await clearStage(folder);
  rmSync(folder, { recursive: true, force: true });
  return left;
}

/** Who is left by a killed Nightdesk, alone and once the next one is ready: with bubblewrap, and with what comes after it. */
export async function measureKilledProgram(count: number): Promise<readonly Row[]> {
  if (process.platform !== 'linux') return [];
  const rows: Row[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'nightdesk-bench-'));
  for (const path of [process.env['PATH'] ?? '', pathWithout('bwrap', folder)]) {
    let layer = '';
    let left = 0;
    const alone: number[] = [];
    const emptyAfter: number[] = [];
    for (let index = 0; index < count; index += 1) {
      const round = await killAndStartAgain(path);
      layer = round.layer;
      left += round.left;
      alone.push(round.alone);
      emptyAfter.push(round.emptyAfterMs);
    }
    const empty = summarise(emptyAfter);
    rows.push({
      what: `survivors of kill -9 of Nightdesk, ${layer}`,
      measured: `${left}; nobody left after ${ms(empty.median)}, worst ${ms(empty.worst)} (${count})`,
      toReach: '0',
      met: left === 0,
      others: 'PM2: all',
      how: `the real program with an agent of ${ARTISTS.length} escape artists and two racers, killed and started again at once; counted when the next one says ready; 100 ms after the kill, before the next one, ${Math.max(...alone)} lived; the time is from the kill on`,
      numbers: { left, alone: Math.max(...alone), emptyMedian: empty.median, emptyWorst: empty.worst },
    });
  }
  rmSync(folder, { recursive: true, force: true });
  return rows;
}

async function killAndStartAgain(
  path: string,
): Promise<{ layer: string; left: number; alone: number; emptyAfterMs: number }> {
  const stage = mkdtempSync(join(tmpdir(), 'nightdesk-bench-'));
  // A folder for each run, so that the next one is not taken for what the first one left.
  const script = 'stage=$0/$NIGHTDESK_RUN; all=$1; shift; mkdir "$stage" && exec "$all" "$stage" "$@"';
  const artists = [...ARTISTS, 'racer', 'session-racer'];
  const bench = await openBench(
    `agents: { runner: { runtime: command, command: ${JSON.stringify(['sh', '-c', script, stage, join(ESCAPE, 'all'), ...artists])}, schedule: every 24h } }\n`,
  );
  const first = join(stage, '1');
  const program = await bench.start({ path });
  while (!readdirSync(stage).includes('1')) await sleep(10);
  await untilOnStage(first, artists);
  const killedAt = machineNow();
  await program.kill();
  const living = (): number => namesOfLiving(first).length;
  let emptyAfterMs: number | undefined;
  const watch = setInterval(() => {
    if (living() === 0) emptyAfterMs ??= machineNow() - killedAt;
  }, 5);
  await sleep(100);
  const alone = living();
  const next = await bench.start({ path });
  const left = living();
  clearInterval(watch);
  const layer = /"by":"([^"]+)"/.exec(readFileSync(join(bench.folder, 'log'), 'utf8'))?.[1] ?? 'unknown';
  await next.stop();
  await bench.close();
  for (const run of readdirSync(stage)) await clearStage(join(stage, run));
  rmSync(stage, { recursive: true, force: true });
  return { layer, left, alone, emptyAfterMs: emptyAfterMs ?? machineNow() - killedAt };
}

/** A PATH that leads to all that ours leads to, but for this program. */
function pathWithout(hidden: string, folder: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const known = new Set([hidden]);
  for (const place of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const name of namesIn(place)) {
      if (known.has(name)) continue;
      known.add(name);
      symlinkSync(join(place, name), join(bin, name));
    }
  }
  return bin;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // A PATH may name folders that are not there.
  }
}
