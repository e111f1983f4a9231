import Database from 'better-sqlite3';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { machineNow } from './machine-clock.ts';
import { readCpuMs } from './process-figures.ts';
import { type Bench, openBench, type Program } from './program.ts';
import { ms, type Row } from './row.ts';
import { type Spread, summarise } from './statistics.ts';
import { writePast } from './year.ts';

const DAY_MS = 86_400_000;
const AGENTS = 12;
const PAST = { runs: 200_000, drafts: 30_000, tasks: 20_000, agents: AGENTS } as const;
/** Telegram bears one message a second in a chat, and the sender keeps to it. */
const PAUSE_MS = 1_200;
/** What start-up left to do is over by then. */
const SETTLE_MS = 5_000;
/** What is dropped goes step by step; a year of it takes a while. */
const PURGED_WITHIN_MS = 300_000;

/** More would be noticed after a /restart. */
const LATER_MS = 1_000;

/** Commands and words that only their answers have. */
const COMMANDS = [
  ['/status', 'Runs are contained by'],
  ['/drafts', 'Next \\('],
  ['/budget', '💰'],
  ['/workstate', 'publisher: none'],
  ['/workstate agent-1', 'Write now'],
] as const;

/** How the program does with many rows. */
interface Figures {
  readonly readyMs: number;
  readonly answers: readonly Spread[];
  readonly idlePercent: number;
}

/** A year's rows: as housekeeping leaves them, and as many of an age at which none is dropped; Linux only, since /proc is read. */
export async function measureFullDatabase(count: number, idleMs: number): Promise<readonly Row[]> {
  if (process.platform !== 'linux') return [];
  const empty = await withPast(0, async (bench) => await measure(bench, 0, idleMs));
  const purging = await withPast(365 * DAY_MS, async (bench) => {
    const { loopWorstMs, tookMs, left } = await purge(bench);
    return { ...(await measure(bench, count, idleMs)), loopWorstMs, tookMs, left };
  });
  const whole = await withPast(29 * DAY_MS, async (bench) => ({
    ...(await measure(bench, count, idleMs)),
    ...(await startAgain(bench, Math.max(2, count))),
  }));
  return [
    describe('a year, purged', purging, empty, `${purging.left} runs and all drafts are left`),
    {
      what: 'a year that was never purged: the first purge',
      measured: `${ms(purging.tookMs)}; the loop stood still for ${ms(purging.loopWorstMs)} at most`,
      how: 'start of the program in a state folder whose 200,000 runs are up to a year old, until nothing more is dropped',
      numbers: { tookMs: purging.tookMs, loopWorstMs: purging.loopWorstMs, left: purging.left },
    },
    describe('the same rows, none old enough to go', whole, empty, 'all of it happened within 29 days'),
    {
      what: 'start with a year’s rows → ready',
      measured: `median ${ms(whole.trusted.median)}, worst ${ms(whole.trusted.worst)} (${whole.trusted.count}); after a crash ${ms(whole.crashed.median)}`,
      toReach: `≤ ${LATER_MS / 1_000} s more than an empty one`,
      met: whole.trusted.median <= empty.readyMs + LATER_MS,
      how: `a database of ${Math.round(whole.bytes / 1e6)} MB, ended in order, with a copy of the last two days that was verified; after a SIGKILL every page is looked at first; empty: ${ms(empty.readyMs)}`,
      numbers: { trusted: whole.trusted.median, crashed: whole.crashed.median, bytes: whole.bytes },
    },
  ];
}

function describe(what: string, figures: Figures, empty: Figures, which: string): Row {
  const { readyMs, answers, idlePercent } = figures;
  const medians = answers.map(({ median }) => median);
  return {
    what,
    measured: `${COMMANDS.map(([command], index) => `${command} ${ms(medians[index] ?? 0)}`).join(', ')}; ready ${ms(readyMs)} (empty ${ms(empty.readyMs)}); idle ${idlePercent.toFixed(2)} % (empty ${empty.idlePercent.toFixed(2)} %)`,
    toReach: '/status ≤ 100 ms',
    met: (medians[0] ?? Infinity) <= 100,
    how: `${PAST.runs} runs, ${PAST.drafts} drafts, ${PAST.tasks} tasks and what belongs to them, ${which}; a command: written in the chat → its answer was read by the server, median; ready: start → \`ready\`; idle: CPU of one core, ${AGENTS} sleeping agents`,
    numbers: {
      readyMs,
      idlePercent,
      emptyReadyMs: empty.readyMs,
      emptyIdlePercent: empty.idlePercent,
      ...Object.fromEntries(COMMANDS.map(([command], index) => [command, medians[index] ?? 0])),
    },
  };
}

async function withPast<Result>(spanMs: number, work: (bench: Bench) => Promise<Result>): Promise<Result> {
  const agents = Array.from(
    { length: AGENTS },
    (_, index) => `  agent-${index + 1}: { runtime: command, command: ["sleep", "3600"], schedule: continuous }`,
  );
  const bench = await openBench(`
budget: { monthly: 100000 }
drafts: { kinds: { reply: { window: 4h } } }
agents:
${agents.join('\n')}
  publisher: { runtime: command, command: ["true"], publishes: [reply] }
`);
  try {
    if (spanMs > 0) writePast(join(bench.folder, 'state'), { ...PAST, spanMs });
    return await work(bench);
  } finally {
    await bench.close();
  }
}

async function measure(bench: Bench, count: number, idleMs: number): Promise<Figures> {
  const program = await bench.start();
  await sleep(SETTLE_MS);
  const answers: Spread[] = [];
  for (const [command, words] of COMMANDS) {
    const took: number[] = [];
    for (let index = 0; index < count; index += 1) took.push(await timeCommand(bench, command, new RegExp(words)));
    if (count > 0) answers.push(summarise(took));
  }
  const idlePercent = await measureIdle(program, idleMs);
  await program.stop();
  return { readyMs: program.readyMs, answers, idlePercent };
}

/** Starts in order, as after the daily copy, and after a crash. */
async function startAgain(
  { start, folder }: Bench,
  count: number,
): Promise<{ readonly trusted: Spread; readonly crashed: Spread; readonly bytes: number }> {
  const file = join(folder, 'state', 'nightdesk.db');
  const database = new Database(file);
  const now = Date.now();
  database
    .prepare<[number, number]>("INSERT INTO backup (due_at, state, ended_at) VALUES (?, 'done', ?)")
    .run(now, now);
  database.close();
  const trusted: number[] = [];
  const crashed: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const program = await start();
    trusted.push(program.readyMs);
    await program.stop();
  }
  for (let index = 0; index < count; index += 1) {
    await (await start()).kill();
    const program = await start();
    crashed.push(program.readyMs);
    await program.stop();
  }
  return { trusted: summarise(trusted), crashed: summarise(crashed), bytes: statSync(file).size };
}

async function timeCommand(bench: Bench, command: string, words: RegExp): Promise<number> {
  const answer = bench.nextCall(
    ({ method, payload }) => method.startsWith('send') && words.test(JSON.stringify(payload)),
  );
  const askedAt = machineNow();
  bench.sandbox.userSays(command);
  const { at } = await answer;
  await sleep(PAUSE_MS);
  return at - askedAt;
}

async function measureIdle(program: Program, forMs: number): Promise<number> {
  const before = { cpuMs: readCpuMs(program.pid), at: machineNow() };
  await sleep(forMs);
  return ((readCpuMs(program.pid) - before.cpuMs) / (machineNow() - before.at)) * 100;
}

/** Lets the program drop what is too old, and tells how long that took and kept everything else waiting. */
async function purge(bench: Bench): Promise<{ loopWorstMs: number; tookMs: number; left: number }> {
  const startedAt = machineNow();
  const program = await bench.start({ watchesLoop: true });
  let left = countRuns(bench);
  let changedAt = machineNow();
  while (machineNow() - changedAt < 2 * SETTLE_MS && machineNow() - startedAt < PURGED_WITHIN_MS) {
    await sleep(500);
    const now = countRuns(bench);
    // New runs of sleeping agents do not come within this time.
    if (now !== left) changedAt = machineNow();
    left = now;
  }
  const { worst } = await program.readLoopDelay();
  await program.stop();
  return { loopWorstMs: worst, tookMs: changedAt - startedAt, left };
}

function countRuns(bench: Bench): number {
  const database = new Database(join(bench.folder, 'state', 'nightdesk.db'), { readonly: true });
  try {
    return database.prepare<[], { n: number }>('SELECT count(*) AS n FROM run').get()?.n ?? 0;
  } finally {
    database.close();
  }
}
