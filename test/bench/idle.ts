import { setTimeout as sleep } from 'node:timers/promises';
import { machineNow } from './machine-clock.ts';
import { readCpuMs, readMemory } from './process-figures.ts';
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
  const before = { cpuMs: readCpuMs(program.pid), at: machineNow() };
  await sleep(forMs);
  const cpuPercent = ((readCpuMs(program.pid) - before.cpuMs) / (machineNow() - before.at)) * 100;
  const { rss, pss, peak } = readMemory(program.pid);
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
