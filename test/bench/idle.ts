import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { machineNow } from './machine-clock.ts';
import { openBench } from './program.ts';
import type { Row } from './row.ts';

const AGENTS = 25;
/** What start-up left to do (first rows, the menu of commands) is over by then. */
const SETTLE_MS = 5_000;

/** The program's own share of the machine while all its agents sleep; Linux only, since it is read from /proc. */
export async function measureIdle(forMs: number): Promise<readonly Row[]> {
  if (process.platform !== 'linux') return [];
  const agents = Array.from(
    { length: AGENTS },
    (_, index) => `  agent-${index + 1}: { runtime: command, command: ["sleep", "3600"], schedule: continuous }`,
  );
  const bench = await openBench(`agents:\n${agents.join('\n')}\n`);
  const program = await bench.start();
  await sleep(SETTLE_MS);
  const running = program.agents().length;
  const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const before = { ticks: cpuTicks(program.pid), at: machineNow() };
  await sleep(forMs);
  const cpuMs = ((cpuTicks(program.pid) - before.ticks) / ticksPerSecond) * 1_000;
  const cpuPercent = (cpuMs / (machineNow() - before.at)) * 100;
  const rss = megabytes(program.pid, 'status', 'VmRSS');
  const pss = megabytes(program.pid, 'smaps_rollup', 'Pss');
  const peak = megabytes(program.pid, 'status', 'VmHWM');
  await program.stop();
  await bench.close();
  return [
    {
      what: `idle with ${running} sleeping agents, ${forMs / 1_000} s`,
      measured: `${cpuPercent.toFixed(2)} % of a core; ${rss.toFixed(0)} MB (share ${pss.toFixed(0)}, peak ${peak.toFixed(0)})`,
      toReach: '< 1 %; ≤ 100 MB',
      met: running === AGENTS && cpuPercent < 1 && rss <= 100,
      others: 'PM2 0.2 %; 56 MB',
      how: 'user and system time, and resident memory (RSS; the share is PSS), of the control plane alone, from /proc',
      numbers: { agents: running, cpuPercent, rss, pss, peak },
    },
  ];
}

/** User and system time of all threads, in clock ticks: fields 14 and 15 of stat. */
function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Decimal megabytes of a line such as `VmRSS:   81234 kB`, which counts in 1024 bytes. */
function megabytes(pid: number, file: string, key: string): number {
  const line = new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'));
  return (Number(line?.[1]) * 1_024) / 1e6;
}
