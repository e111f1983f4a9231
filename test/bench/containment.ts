import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createProcesses } from '../../src/adapters/execa-processes.ts';
import type { Containment } from '../../src/containment/containment.ts';
import type { Processes } from '../../src/ports.ts';
import { ARTISTS, clearStage, namesOfLiving, startArtists } from '../containment/artists.ts';
import { LAYERS, openLayer } from '../containment/layers.ts';
import { machineNow } from './machine-clock.ts';
import { ms, type Row } from './row.ts';
import { summarise } from './statistics.ts';

/** The most that a start may take, as a multiple of a bare one. */
const START_LIMIT: Readonly<Record<string, number>> = { bubblewrap: 2.5, 'process group': 1.2 };
const EMPTY_WITHIN_MS = 50;
/** Long enough for whoever obeys; how long it is does not matter to what comes after it. */
const GRACE_MS = 100;
const DEAF_CHILDREN = 8;
/** The first starts pay for what is compiled and read once. */
const WARM_UP = 5;
const PATH = process.env['PATH'] ?? '';

interface Opened {
  readonly name: string;
  readonly layer: Containment;
}

/** Starts of a small program under each layer of this machine against a bare spawn, taken in turns so that all share the machine's moods. */
export async function measureContainedStarts(count: number): Promise<readonly Row[]> {
  const { folder, processes, layers } = await openLayers();
  const bare: number[] = [];
  const samples = new Map(layers.map(({ name }) => [name, [] as number[]]));
  for (let index = -WARM_UP; index < count; index += 1) {
    const bareMs = await timeBareStart();
    if (index >= 0) bare.push(bareMs);
    for (const { name, layer } of layers) {
      const tookMs = await timeStart(processes, layer);
      if (index >= 0) samples.get(name)?.push(tookMs);
    }
  }
  for (const { layer } of layers) await layer.sweepAll();
  rmSync(folder, { recursive: true, force: true });

  const least = summarise(bare);
  return layers.map(({ name }) => {
    const spread = summarise(samples.get(name) ?? []);
    const times = spread.median / least.median;
    const limit = START_LIMIT[name];
    return {
      what: `start under ${name}`,
      measured: `median ${ms(spread.median)}, p99 ${ms(spread.p99)} (${count}); ${times.toFixed(2)} × a bare spawn`,
      ...(limit === undefined ? {} : { toReach: `≤ ${limit} × a bare spawn`, met: times <= limit }),
      how: `from the spawn to the first byte that echo prints; node:child_process alone, in a group of its own: ${ms(least.median)}`,
      numbers: { ...spread, bareMs: least.median, times },
    };
  });
}

/** From the end of the grace to a sweep that found nobody: of a tree that is deaf to TERM, and of all artists that flee. */
export async function measureStops(count: number): Promise<readonly Row[]> {
  const { folder, processes, layers } = await openLayers();
  const rows: Row[] = [];
  for (const { name, layer } of layers) {
    const deaf: number[] = [];
    const full: number[] = [];
    const left = new Set<string>();
    for (let index = 0; index < count; index += 1) {
      deaf.push(await timeDeafStop(processes, layer, 2 * index + 1));
      const crowd = await timeStop(processes, layer, 2 * index + 2, ARTISTS);
      full.push(crowd.tookMs);
      for (const artist of crowd.left) left.add(artist);
    }
    await layer.sweepAll();
    const [tree, crowded] = [summarise(deaf), summarise(full)];
    rows.push({
      what: `stop → verified empty, ${name}`,
      measured: `median ${ms(tree.median)}, worst ${ms(tree.worst)}; with ${ARTISTS.length} escape artists median ${ms(crowded.median)}, worst ${ms(crowded.worst)} (${count})`,
      toReach: `≤ ${EMPTY_WITHIN_MS} ms beyond the grace`,
      met: Math.max(tree.median, crowded.median) <= EMPTY_WITHIN_MS,
      others: 'systemd 33 ms',
      how: `an agent and ${DEAF_CHILDREN} children that all ignore TERM: from the KILL, ${GRACE_MS} ms after the TERM, to the end of a sweep whose last two passes found nobody; the artists get TERM and KILL at once; still there: ${[...left].join(', ') || 'nobody'}`,
      numbers: { ...tree, crowdedMedian: crowded.median, crowdedWorst: crowded.worst, left: left.size },
    });
  }
  rmSync(folder, { recursive: true, force: true });
  return rows;
}

/** A sweep that finds nobody: what every run's end costs. */
export async function measureIdleSweep(count: number): Promise<Row> {
  const processes = createProcesses();
  const samples: number[] = [];
  const cpuBefore = process.cpuUsage();
  for (let index = 0; index < count; index += 1) {
    const startedAt = machineNow();
    await processes.sweep({ mark: { text: `NIGHTDESK_MARK=bench-${index}`, isPrefix: false } });
    samples.push(machineNow() - startedAt);
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const spread = summarise(samples);
  return {
    what: 'a sweep that finds nobody',
    measured: `median ${ms(spread.median)}, p99 ${ms(spread.p99)} (${count}); ${ms((user + system) / 1000 / count)} of CPU`,
    how: 'two passes over all processes of the machine, with a reading of each environment',
    numbers: { ...spread, cpuMs: (user + system) / 1000 / count },
  };
}

/** Opens all layers that hold on this machine. */
export async function openLayers(): Promise<{ folder: string; processes: Processes; layers: readonly Opened[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'nightdesk-bench-'));
  const processes = createProcesses();
  const layers: Opened[] = [];
  for (const name of LAYERS) {
    const opened = await openLayer(name, processes, folder);
    if ('layer' in opened) layers.push({ name, layer: opened.layer });
  }
  return { folder, processes, layers };
}

function timeBareStart(): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = machineNow();
    const child = spawn('/bin/echo', ['x'], {
      detached: true,
      env: { PATH },
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let tookMs = 0;
    child.stdout.once('data', () => {
      tookMs = machineNow() - startedAt;
    });
    child.once('error', reject);
    child.once('close', () => resolve(tookMs));
  });
}

async function timeStart(processes: Processes, layer: Containment): Promise<number> {
  const startedAt = machineNow();
  let tookMs = 0;
  const running = processes.spawn(layer.wrap({ argv: ['/bin/echo', 'x'], env: { PATH }, cwd: '/' }, 1), () => {
    tookMs = machineNow() - startedAt;
  });
  await running.exit;
  await layer.sweep({ id: 1, identity: running.identity });
  return tookMs;
}

async function timeDeafStop(processes: Processes, layer: Containment, id: number): Promise<number> {
  const script = `trap '' TERM; for n in $(seq ${DEAF_CHILDREN}); do sleep 3600 & done; echo ready; while :; do wait; done`;
  const ready = Promise.withResolvers<void>();
  const agent = processes.spawn(layer.wrap({ argv: ['sh', '-c', script], env: { PATH }, cwd: '/' }, id), () =>
    ready.resolve(),
  );
  await ready.promise;
  agent.signal('SIGTERM');
  const early = await Promise.race([agent.exit, sleep(GRACE_MS)]);
  if (early !== undefined) throw new Error(`a deaf agent heard: ${JSON.stringify(early)}`);
  const startedAt = machineNow();
  agent.signal('SIGKILL');
  await agent.exit;
  const report = await layer.sweep({ id, identity: agent.identity });
  if (report.kind === 'survived') throw new Error(`left: ${JSON.stringify(report.survivors)}`);
  return machineNow() - startedAt;
}

async function timeStop(
  processes: Processes,
  layer: Containment,
  id: number,
  artists: readonly string[],
): Promise<{ tookMs: number; left: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'nightdesk-bench-'));
  const agent = await startArtists(processes, layer, { id, folder, artists });
  const startedAt = machineNow();
  agent.signal('SIGTERM');
  agent.signal('SIGKILL');
  await agent.exit;
  await layer.sweep({ id, identity: agent.identity });
  const tookMs = machineNow() - startedAt;
  const left = namesOfLiving(folder);
  await clearStage(folder);
  rmSync(folder, { recursive: true, force: true });
  return { tookMs, left };
}
