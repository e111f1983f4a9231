import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { machineNow } from './machine-clock.ts';
import { openBench } from './program.ts';
import { ms, type Row } from './row.ts';
import { summarise } from './statistics.ts';

const AGENTS = join(import.meta.dirname, '..', 'fixtures', 'agents');
const PHASES = 9;
/** A task of nine phases takes some seconds, most of them its agent's. */
const PATIENCE_MS = 60_000;

/** What a phase costs beyond its agent's own work: from the return of `task phase-done` to the first line of the next run's program. */
export async function measureTasks(count: number): Promise<readonly Row[]> {
  const gaps: number[] = [];
  for (let round = 0; round < count; round += 1) gaps.push(...(await measureTask()));
  const gap = summarise(gaps);
  return [
    {
      what: `a phase of a task, beyond its agent`,
      measured: `median ${ms(gap.median)}, worst ${ms(gap.worst)} (${gaps.length})`,
      toReach: '≤ 100 ms',
      met: gap.median <= 100,
      how: `a task of ${PHASES} phases, each done by a shell script: from the return of \`nightdesk task phase-done\` to the first line of the next phase's script; its own end, the sweep of its processes, three commits and the start of the next are in it`,
      numbers: { ...gap },
    },
  ];
}

/** The folder of the fleet, as an agent's own workdir sees it. */
const FLEET = '../../..';

async function measureTask(): Promise<readonly number[]> {
  const phases = Array.from({ length: PHASES }, (_, index) => ['--phase', `p${index}`]).flat();
  const handOver = [join(AGENTS, 'hand-over.sh'), `${FLEET}/added`, '--for', 'worker', '--title', 'T', ...phases];
  const bench = await openBench(`agents:
  boss: { runtime: command, command: ${JSON.stringify(handOver)}, schedule: every 1h }
  worker: { runtime: command, command: ${JSON.stringify([join(AGENTS, 'do-phase.sh'), FLEET])}, on: task }
`);
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

/** When each phase began and ended, by turns, in ms. */
function readTimes(folder: string): readonly number[] {
  const file = join(folder, 'times');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => Number(line.split(' ')[1]) / 1_000_000);
}
