import Database from 'better-sqlite3';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadCall } from '../../src/sandbox/bot-endpoint.ts';
import { machineNow, toMachineTime } from './machine-clock.ts';
import { type Bench, openBench } from './program.ts';
import { ms, type Row } from './row.ts';

const AGENTS = 100;
/** Starts are spread, since each new run counts as memory that is not yet seen. */
const STARTED_WITHIN_MS = 240_000;
/** By then the phone shows what it will show: edits wait for their turn, a second each. */
const SHOWN_WITHIN_MS = 60_000;
/** After that a message would be one that still comes. */
const AFTERMATH_MS = 5_000;

/** What an owner saw and heard of a storm. */
interface Storm {
  readonly incidents: number;
  readonly messages: number;
  readonly buzzes: number;
  readonly edits: number;
  /** From the first failing line to the first alert, and from the last one to the phone showing all of it. */
  readonly firstMs: number;
  readonly allMs: number;
}

/** A hundred agents with a login each, all of which fail within `spanMs`; and again all of them at once. */
export async function measureStorm(spanMs: number): Promise<readonly Row[]> {
  const spread = await blow(spanMs);
  const atOnce = await blow(0);
  return [
    describe(`${AGENTS} incidents in ${Math.round(spanMs / 1_000)} s: messages`, spread),
    describe(`${AGENTS} incidents at once: messages`, atOnce),
  ];
}

function describe(what: string, storm: Storm): Row {
  const { incidents, messages, buzzes, edits, firstMs, allMs } = storm;
  return {
    what,
    measured: `${messages}, ${buzzes} of them with a sound; ${edits} edits; first after ${ms(firstMs)}, all shown after ${ms(allMs)}`,
    toReach: '≤ 5',
    met: incidents === AGENTS && messages <= 5,
    others: 'Alertmanager 1 after 30 s, or 2 in 10 s',
    how: `as many running agents, each with a credential of its own, print a failing line; ${incidents} incidents came of it; first: from the first line to the first alert, all: from the last line to when Telegram shows the newest content of every message`,
    numbers: { ...storm },
  };
}

async function blow(spanMs: number): Promise<Storm> {
  const names = Array.from({ length: AGENTS }, (_, index) => `agent-${index + 1}`);
  const command = '["sh", "-c", "read -r _ < \\"$GATE\\"; echo \\"HTTP 401 Unauthorized\\"; exec sleep 3600"]';
  const bench = await openBench(`
credentials:
${names.map((name) => `  login-of-${name}: {}`).join('\n')}
defaults: { env: { GATE: "\${BENCH_GATE}" } }
agents:
${names.map((name) => `  ${name}: { runtime: command, command: ${command}, schedule: every 24h, credentials: [login-of-${name}] }`).join('\n')}
`);
  // Each agent waits at one pipe: a byte lets one of them go on.
  const pipe = join(bench.folder, 'gate');
  execFileSync('sh', ['-c', 'mkfifo "$1"', 'sh', pipe]);
  const gate = openSync(pipe, 'r+');
  const program = await bench.start({ env: { BENCH_GATE: pipe } });
  try {
    const deadline = machineNow() + STARTED_WITHIN_MS;
    while (program.agents().length < AGENTS && machineNow() < deadline) await sleep(100);
    // An agent that was just forked does not wait at the pipe yet.
    await sleep(500);
    return await watch(bench, async () => {
      for (let index = 0; index < AGENTS; index += 1) {
        writeSync(gate, '\n');
        if (spanMs > 0) await sleep(spanMs / AGENTS);
      }
    });
  } finally {
    await program.stop();
    closeSync(gate);
    await bench.close();
  }
}

async function watch(bench: Bench, letFail: () => Promise<void>): Promise<Storm> {
  const calls: { readonly method: string; readonly isLoud: boolean; readonly at: number }[] = [];
  const stopWatching = bench.sandbox.onCall(({ method, payload, readAt }: ReadCall) => {
    const isLoud = payload['disable_notification'] !== true;
    calls.push({ method, isLoud, at: toMachineTime(readAt) });
  });
  const startedAt = machineNow();
  await letFail();
  const lastAt = machineNow();
  while (!isShown(bench) && machineNow() - lastAt < SHOWN_WITHIN_MS) await sleep(20);
  const allMs = machineNow() - lastAt;
  await sleep(AFTERMATH_MS);
  stopWatching();
  const messages = calls.filter(({ method }) => method === 'sendMessage');
  return {
    incidents: countIncidents(bench).all,
    messages: messages.length,
    buzzes: messages.filter(({ isLoud }) => isLoud).length,
    edits: calls.filter(({ method }) => method === 'editMessageText').length,
    firstMs: (messages[0]?.at ?? Infinity) - startedAt,
    allMs,
  };
}

function isShown(bench: Bench): boolean {
  const { all, told } = countIncidents(bench);
  return all === AGENTS && told === AGENTS;
}

/** How many incidents there are, and of how many the phone shows what is to be shown. */
function countIncidents(bench: Bench): { readonly all: number; readonly told: number } {
  const database = new Database(join(bench.folder, 'state', 'nightdesk.db'), { readonly: true });
  try {
    const row = database
      .prepare<[], { all: number; told: number }>(
        `SELECT count(*) AS "all", count(*) FILTER (WHERE outbox.message_id IS NOT NULL AND outbox.shown = outbox.wanted) AS told
         FROM incident LEFT JOIN outbox ON outbox.key = incident.message_key`,
      )
      .get();
    return row ?? { all: 0, told: 0 };
  } finally {
    database.close();
  }
}
