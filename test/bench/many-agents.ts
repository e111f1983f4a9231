import { setTimeout as sleep } from 'node:timers/promises';
import { machineNow } from './machine-clock.ts';
import { readMemory } from './process-figures.ts';
import { openBench } from './program.ts';
import type { Row } from './row.ts';

const AGENTS = 200;
const LIMIT_MB = 130;
/** Starts are spread, since each new run counts as memory that is not yet seen. */
const STARTED_WITHIN_MS = 240_000;

/** What the agents do while the memory is read: `command` as fleet.yaml has it. */
interface Crowd {
  readonly schedule: string;
  readonly command: readonly string[];
}

const ASLEEP: Crowd = { schedule: '"0 0 1 1 *"', command: ['true'] };
const SILENT: Crowd = { schedule: 'continuous', command: ['sleep', '86400'] };
/** A line every other second, as agents do that work. */
const TALKING: Crowd = {
  schedule: 'continuous',
  command: [
    'sh',
    '-c',
    'n=0; while :; do n=$((n+1)); echo "step $n: looked at the feed, found nothing new, went on to the next"; sleep 2; done',
  ],
};
/** More than the log's head takes, so that the newest of it is kept in memory. */
const WORDY: Crowd = {
  schedule: 'continuous',
  command: [
    'sh',
    '-c',
    'yes "a line of a long report, of which only the end is kept" | head -c 4000000; exec sleep 86400',
  ],
};

/** The program's own memory with many agents: none of them running, all running at once; Linux only, since /proc is read. */
export async function measureManyAgents(settleMs: number): Promise<readonly Row[]> {
  if (process.platform !== 'linux') return [];
  const asleep = await measureCrowd(ASLEEP, settleMs);
  const silent = await measureCrowd(SILENT, settleMs);
  const talking = await measureCrowd(TALKING, settleMs);
  const wordy = await measureCrowd(WORDY, settleMs);
  const mb = ({ rss, peak }: { rss: number; peak: number }): string => `${rss.toFixed(0)} (peak ${peak.toFixed(0)})`;
  return [
    {
      what: `own memory with ${AGENTS} agents, all asleep`,
      measured: `${mb(asleep)} MB`,
      toReach: `≤ ${LIMIT_MB} MB`,
      met: asleep.rss <= LIMIT_MB,
      others: 'PM2 63 MB, without state or Telegram',
      how: `resident memory (RSS) of the program, ${settleMs / 1_000} s after the start`,
      numbers: asleep,
    },
    {
      what: `own memory with ${AGENTS} agents running at once`,
      measured: `silent ${mb(silent)} MB, talking ${mb(talking)} MB; after 4 MB of each ${mb(wordy)} MB`,
      toReach: `≤ ${LIMIT_MB} MB`,
      met: Math.max(silent.rss, talking.rss) <= LIMIT_MB,
      others: 'PM2 63 MB, without state or Telegram',
      how: `concurrency ${AGENTS}, ${settleMs / 1_000} s after the last one was started; talking: each says a line every two seconds; 4 MB is more than a log of so many takes, so that memory holds the newest of each; running: ${silent.running}, ${talking.running}, ${wordy.running}`,
      numbers: { silent: silent.rss, talking: talking.rss, wordy: wordy.rss, wordyPeak: wordy.peak },
    },
  ];
}

async function measureCrowd(
  { schedule, command }: Crowd,
  settleMs: number,
): Promise<{ readonly rss: number; readonly pss: number; readonly peak: number; readonly running: number }> {
  const agents = Array.from(
    { length: AGENTS },
    (_, index) =>
      `  agent-${index + 1}: { runtime: command, command: ${JSON.stringify(command)}, schedule: ${schedule} }`,
  );
  const bench = await openBench(`agents:\n${agents.join('\n')}\n`, AGENTS);
  const program = await bench.start();
  const deadline = machineNow() + STARTED_WITHIN_MS;
  const wanted = schedule === 'continuous' ? AGENTS : 0;
  while (program.agents().length < wanted && machineNow() < deadline) await sleep(200);
  await sleep(settleMs);
  const memory = readMemory(program.pid);
  const running = program.agents().length;
  await program.stop();
  await bench.close();
  return { ...memory, running };
}
