import { spawnSync } from 'node:child_process';
import { machineNow } from './machine-clock.ts';
import { openBench, type Bench } from './program.ts';
import { ms, type Row } from './row.ts';
import { summarise } from './statistics.ts';

/** The runner's own, between TERM and KILL. */
const GRACE_MS = 5_000;
const AGENTS = 7;

/** Starts in a new and in a used state folder, and stops with agents that obey SIGTERM and with one that is deaf to it. */
export async function measureStartAndStop(count: number): Promise<readonly Row[]> {
  const obedient = await openBench(`agents:\n${agents('["sleep", "3600"]', AGENTS)}\n`);
  const fresh = await obedient.start();
  await waitForAgents(fresh.agents, AGENTS);
  await fresh.stop();
  const polls: number[] = [];
  const stops: number[] = [];
  const left: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const { firstPollMs, tookMs, alive } = await round(obedient, AGENTS);
    polls.push(firstPollMs);
    stops.push(tookMs);
    left.push(alive);
  }
  await obedient.close();

  const deafBench = await openBench(
    `agents:\n${agents(`["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]`, 1)}\n`,
  );
  const deaf = await round(deafBench, 1);
  await deafBench.close();

  const poll = summarise(polls);
  const stop = summarise(stops);
  const bareNode = summarise(Array.from({ length: count }, bareStart)).median;
  const aliveAfter = Math.max(deaf.alive, ...left);
  return [
    {
      what: 'start → first getUpdates',
      measured: `median ${ms(poll.median)}, worst ${ms(poll.worst)} (${count}); ${(poll.median / bareNode).toFixed(1)} × a bare Node`,
      toReach: '≤ 0.5 s',
      met: poll.median <= 500,
      how: `from just before the spawn to when the server has read the request, state folder in use; in a new one it was ${ms(fresh.firstPollMs)}; a Node that does nothing starts and ends in ${ms(bareNode)}`,
      numbers: { ...poll, freshMs: fresh.firstPollMs, bareNodeMs: bareNode },
    },
    {
      what: `SIGTERM → gone, ${AGENTS} agents included`,
      measured: `median ${ms(stop.median)}, worst ${ms(stop.worst)}; with a deaf agent ${ms(deaf.tookMs)}; ${aliveAfter} left`,
      toReach: '≤ grace (5 s) + 0.5 s; 0 left',
      met: Math.max(stop.worst, deaf.tookMs) <= GRACE_MS + 500 && aliveAfter === 0,
      how: 'from the signal to the exit of the program; left: agents that were alive at that moment',
      numbers: { ...stop, deafMs: deaf.tookMs, aliveAfter },
    },
  ];
}

async function round(bench: Bench, count: number): Promise<{ firstPollMs: number; tookMs: number; alive: number }> {
  const program = await bench.start();
  await waitForAgents(program.agents, count);
  const { tookMs, left } = await program.stop();
  return { firstPollMs: program.firstPollMs, tookMs, alive: left.length };
}

async function waitForAgents(agents: () => readonly number[], count: number): Promise<void> {
  const deadline = machineNow() + 10_000;
  while (process.platform === 'linux' && agents().length < count && machineNow() < deadline) {
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  // An agent that was just forked has not yet set its traps.
  await new Promise((resolve) => {
    setTimeout(resolve, 300);
  });
}

function agents(command: string, count: number): string {
  return Array.from(
    { length: count },
    (_, index) => `  agent-${index + 1}: { runtime: command, command: ${command}, schedule: continuous }`,
  ).join('\n');
}

function bareStart(): number {
  const startedAt = machineNow();
  spawnSync(process.execPath, ['-e', '0']);
  return machineNow() - startedAt;
}
