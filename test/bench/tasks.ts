import Database from 'better-sqlite3';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { machineNow } from './machine-clock.ts';
import { type Bench, openBench } from './program.ts';
import { ms, type Row } from './row.ts';
import { summarise } from './statistics.ts';

const AGENTS = join(import.meta.dirname, '..', 'fixtures', 'agents');
const PHASES = 9;
/** The seventh of p0 to p8. */
const STUMBLE = 'p6';
/** A task of nine phases takes some seconds, most of them its agent's; a new try after a crash waits a while. */
const PATIENCE_MS = 180_000;

/** What a phase costs beyond its agent's own work: from the return of `task phase-done` to the first line of the next run's program. */
export async function measureTasks(count: number): Promise<readonly Row[]> {
  const gaps: number[] = [];
  for (let round = 0; round < count; round += 1) gaps.push(...(await measureTask()));
  const gap = summarise(gaps);
  const killed = await measureKills();
  return [
    {
      what: `a phase of a task, beyond its agent`,
      measured: `median ${ms(gap.median)}, worst ${ms(gap.worst)} (${gaps.length})`,
      toReach: '≤ 100 ms',
      met: gap.median <= 100,
      how: `a task of ${PHASES} phases, each done by a shell script: from the return of \`nightdesk task phase-done\` to the first line of the next phase's script; its own end, the sweep of its processes, three commits and the start of the next are in it`,
      numbers: { ...gap },
    },
    {
      what: `${PHASES} phases, two kill -9 in the seventh: outputs`,
      measured: `${killed.outputs}, the last run saw ${killed.seen} before its own; ${ms(killed.tookMs)}`,
      toReach: `${PHASES}; ${PHASES - 1}`,
      met: killed.outputs === PHASES && killed.seen === PHASES - 1,
      how: `the same task; in its seventh phase the agent kills itself, and then Nightdesk is killed while the agent is at it again, and is started anew; ${killed.runs} runs began. From the first run's first line to the last one's end, pauses before new tries and the start of Nightdesk included`,
      numbers: killed,
    },
  ];
}

/** The folder of the fleet, as an agent's own workdir sees it. */
const FLEET = '../../..';

async function openTask(stumble: readonly string[] = []): Promise<Bench> {
  const phases = Array.from({ length: PHASES }, (_, index) => ['--phase', `p${index}`]).flat();
  const handOver = [join(AGENTS, 'hand-over.sh'), `${FLEET}/added`, '--for', 'worker', '--title', 'T', ...phases];
  const doPhase = [join(AGENTS, 'do-phase.sh'), FLEET, ...stumble];
  return await openBench(`agents:
  boss: { runtime: command, command: ${JSON.stringify(handOver)}, schedule: every 1h }
  worker: { runtime: command, command: ${JSON.stringify(doPhase)}, on: task }
`);
}

async function measureTask(): Promise<readonly number[]> {
  const bench = await openTask();
  try {
    const program = await bench.start();
    const deadline = machineNow() + PATIENCE_MS;
    let times = readTimes(bench.folder);
    for (; times.length < 2 * PHASES && machineNow() < deadline; times = readTimes(bench.folder)) await sleep(50);
    await program.stop();
    return times.flatMap((at, index) => (index % 2 === 0 && index > 0 ? [at - (times[index - 1] ?? at)] : []));
  } finally {
    await bench.close();
  }
}

async function measureKills(): Promise<Readonly<Record<'outputs' | 'seen' | 'runs' | 'tookMs', number>>> {
  const bench = await openTask([STUMBLE]);
  try {
    const deadline = machineNow() + PATIENCE_MS;
    const first = await bench.start();
    while (!existsSync(join(bench.folder, 'waits')) && machineNow() < deadline) await sleep(20);
    await first.kill();
    const second = await bench.start();
    while (countOutputs(bench) < PHASES && machineNow() < deadline) await sleep(50);
    await second.stop();
    const times = readTimes(bench.folder);
    const seen = readFileSync(join(bench.folder, 'seen'), 'utf8').trimEnd().split('\n');
    return {
      outputs: countOutputs(bench),
      seen: [...(seen.at(-1)?.matchAll(/what p\d gave/g) ?? [])].length,
      runs: seen.length,
      tookMs: (times.at(-1) ?? 0) - (times[0] ?? 0),
    };
  } finally {
    await bench.close();
  }
}

function countOutputs(bench: Bench): number {
  const database = new Database(join(bench.folder, 'state', 'nightdesk.db'), { readonly: true });
  try {
    const count = database.prepare<[], { n: number }>('SELECT count(*) AS n FROM task_phase WHERE output IS NOT NULL');
    return count.get()?.n ?? 0;
  } finally {
    database.close();
  }
}

/** When each phase began and ended, by turns, in ms. */
function readTimes(folder: string): readonly number[] {
  const file = join(folder, 'times');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => Number(line.split(' ')[1]) / 1_000_000);
}
