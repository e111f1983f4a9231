import { existsSync, readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { machineNow } from './machine-clock.ts';
import { readBytesRead, readCpuMs, readMemory, sizeOfFolder } from './process-figures.ts';
import { openBench } from './program.ts';
import { ms, type Row } from './row.ts';
import { type Spread, summarise } from './statistics.ts';

/** All logs of the fleet together; small, so that a flood reaches it at once. */
const LOGS_TOTAL_BYTES = 20_000_000;
const CONCURRENCY = 4;
const CALL_EVERY_MS = 20;
/** Telegram bears one message a second in a chat, and the sender keeps to it. */
const STATUS_EVERY_MS = 1_500;
const SIZE_EVERY_MS = 500;
/** Until the flood flows and what start-up left to do is over. */
const SETTLE_MS = 4_000;

/** One flood, and how the program bore it. */
interface Figures {
  readonly takenMbps: number;
  readonly cpuPercent: number;
  readonly peakMb: number;
  readonly logsBytes: number;
  readonly loop: { readonly p99: number; readonly worst: number };
  readonly call: Spread;
  readonly status: Spread;
}

/** Agents that flood the program with output: at 50 MB/s, and as fast as it takes it; Linux only, since /proc is read. */
export async function measureFlood(forMs: number): Promise<readonly Row[]> {
  if (process.platform !== 'linux') return [];
  const steady = await flood(forMs, { 'flood-steady': '50' });
  // Those that end after a second leave a log each.
  const wild = await flood(forMs, { 'flood-endless': 'max', 'flood-short': 'max", "1' });
  const cap = `${LOGS_TOTAL_BYTES / 1e6} MB`;
  return [
    {
      what: `a flood of 50 MB/s for ${forMs / 1_000} s`,
      measured: `${describe(steady)}; CPU ${steady.cpuPercent.toFixed(1)} %`,
      toReach: `logs ≤ ${cap}; loop p99 < 50 ms; CPU ≤ 15 %`,
      met: steady.logsBytes <= LOGS_TOTAL_BYTES && steady.loop.p99 < 50 && steady.cpuPercent <= 15,
      others: 'PM2: unbounded; 29 %',
      how: `one command agent, ${steady.takenMbps.toFixed(0)} MB/s taken in; ${HOW}`,
      numbers: numbersOf(steady),
    },
    {
      what: `a flood as fast as it goes, ${forMs / 1_000} s`,
      measured: `${wild.takenMbps.toFixed(0)} MB/s; ${describe(wild)}; peak ${wild.peakMb.toFixed(0)} MB`,
      toReach: `logs ≤ ${cap}; /status ≤ 1 s`,
      met: wild.logsBytes <= LOGS_TOTAL_BYTES && wild.status.worst <= 1_000,
      how: `two command agents that write without pause, one ending every second and starting anew; ${wild.cpuPercent.toFixed(0)} % CPU; ${HOW}`,
      numbers: numbersOf(wild),
    },
  ];
}

const HOW = `logs: the most that stood under HOME/logs, looked at each ${SIZE_EVERY_MS} ms, with logs.total ${LOGS_TOTAL_BYTES / 1e6} MB; loop: Node's own histogram within the program; call: a refused request to the gateway each ${CALL_EVERY_MS} ms; /status: written in the chat → its answer was read by the server`;

function describe({ logsBytes, loop, call, status }: Figures): string {
  return `logs ${(logsBytes / 1e6).toFixed(1)} MB; loop p99 ${ms(loop.p99)}, worst ${ms(loop.worst)}; call p99 ${ms(call.p99)}; /status median ${ms(status.median)}, worst ${ms(status.worst)}`;
}

function numbersOf({ loop, call, status, ...figures }: Figures): Readonly<Record<string, number>> {
  return {
    ...figures,
    loopP99: loop.p99,
    loopWorst: loop.worst,
    callMedian: call.median,
    callP99: call.p99,
    statusMedian: status.median,
    statusWorst: status.worst,
  };
}

async function flood(forMs: number, rates: Readonly<Record<string, string>>): Promise<Figures> {
  const program = join(import.meta.dirname, 'fixtures', 'flooding-agent.ts');
  const agents = Object.entries(rates).map(
    ([name, rate]) =>
      `  ${name}: { runtime: command, command: ["${process.execPath}", "${program}", "${rate}"], schedule: continuous }`,
  );
  const bench = await openBench(
    `logs: { total: ${LOGS_TOTAL_BYTES / 1e6}MB }\nagents:\n${agents.join('\n')}\n`,
    CONCURRENCY,
  );
  const running = await bench.start({ watchesLoop: true });
  const urlFile = join(bench.folder, 'state', 'agents', Object.keys(rates)[0] ?? '', 'url');
  while (!existsSync(urlFile)) await sleep(20);
  const url = readFileSync(urlFile, 'utf8');
  await sleep(SETTLE_MS);

  const end = machineNow() + forMs;
  const calls: number[] = [];
  const statuses: number[] = [];
  const sizes: number[] = [];
  const repeat = async (everyMs: number, work: () => void | Promise<void>): Promise<void> => {
    while (machineNow() < end) {
      await work();
      await sleep(everyMs);
    }
  };
  await running.readLoopDelay();
  const before = { at: machineNow(), cpuMs: readCpuMs(running.pid), bytes: readBytesRead(running.pid) };
  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  await Promise.all([
    repeat(CALL_EVERY_MS, async () => void calls.push(await timeCall(url, kept))),
    repeat(SIZE_EVERY_MS, () => void sizes.push(sizeOfFolder(join(bench.folder, 'state', 'logs')))),
    repeat(STATUS_EVERY_MS, async () => {
      const answer = bench.nextCall(
        ({ method, payload }) => method === 'sendMessage' && String(payload['text']).includes('flood-'),
      );
      const askedAt = machineNow();
      bench.sandbox.userSays('/status');
      // One that never comes counts with all the time that it was waited for.
      const answeredAt = await answer.then(
        ({ at }) => at,
        () => machineNow(),
      );
      statuses.push(answeredAt - askedAt);
    }),
  ]);
  const elapsedMs = machineNow() - before.at;
  const cpuPercent = ((readCpuMs(running.pid) - before.cpuMs) / elapsedMs) * 100;
  const takenMbps = (readBytesRead(running.pid) - before.bytes) / 1_000 / elapsedMs;
  const loop = await running.readLoopDelay();
  const { peak } = readMemory(running.pid);
  kept.destroy();
  await running.stop();
  await bench.close();
  return {
    takenMbps,
    cpuPercent,
    peakMb: peak,
    logsBytes: Math.max(...sizes),
    loop,
    call: summarise(calls),
    status: summarise(statuses),
  };
}

function timeCall(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = machineNow();
    get(`${url}/v1/decisions`, { agent }, (response) =>
      response.resume().once('end', () => resolve(machineNow() - startedAt)),
    ).once('error', reject);
  });
}
