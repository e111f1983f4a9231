import Database from 'better-sqlite3';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { machineNow } from './machine-clock.ts';
import { type Bench, openBench } from './program.ts';
import { ms, type Row } from './row.ts';
import { summarise } from './statistics.ts';

/** Every command: those that only show, those that change something, and undo it, and those that ask first. */
const COMMANDS = [
  '/status',
  '/fleet',
  '/fleet a0',
  '/incidents',
  '/drafts',
  '/budget',
  '/digest',
  '/why a0',
  '/log a0',
  '/workstate',
  '/workstate a0',
  '/checklist',
  '/drill',
  '/silence',
  '/ack',
  '/run',
  '/pause a0',
  '/run a0',
  '/resume a0',
  '/stop a0',
  '/reload',
  '/help',
  '/start',
  '/reauth',
  '/restart',
  '/restart a0',
];
/** What a person waits without wondering. */
const LIMIT_MS = 200;
/** Telegram bears one message a second in a chat, and the sender keeps to it: quicker ones would measure that. */
const PAUSE_MS = 1_200;
/** What each agent has behind it: as much as is kept of one that runs every five minutes, for days. */
const RUNS_EACH = 500;

/** From a command's update, handed to the sandbox, to the request that shows its reply. */
export async function measureCommands(rounds: number): Promise<readonly Row[]> {
  return [await measureFleet(7, rounds), await measureFleet(60, rounds)];
}

async function measureFleet(agents: number, rounds: number): Promise<Row> {
  const list = Array.from(
    { length: agents },
    (_, n) => `  a${n}: { runtime: command, command: ["true"], schedule: "0 0 1 1 *" }`,
  );
  const bench = await openBench(`agents:\n${list.join('\n')}\n`);
  await (await bench.start()).stop();
  addRuns(bench, agents);
  const program = await bench.start();
  try {
    await sleep(PAUSE_MS);
    const took = new Map<string, number[]>(COMMANDS.map((command) => [command, []]));
    for (let round = 0; round < rounds; round += 1)
      for (const command of COMMANDS) {
        took.get(command)?.push(await timeToAnswer(bench, command));
        await sleep(PAUSE_MS);
      }
    return rowOf(agents, rounds, took);
  } finally {
    await program.stop();
    await bench.close();
  }
}

async function timeToAnswer(bench: Bench, command: string): Promise<number> {
  const answer = bench.nextCall(({ method }) => /^send[A-Z]/.test(method) && method !== 'sendChatAction');
  const saidAt = machineNow();
  bench.sandbox.userSays(command);
  return (await answer).at - saidAt;
}

/** What a fleet has behind it that has run for a while. */
function addRuns({ folder }: Bench, agents: number): void {
  const database = new Database(join(folder, 'state', 'nightdesk.db'));
  const insert = database.prepare<[string, number, number, number]>(
    `INSERT INTO run (agent, cause, state, wanted_at, started_at, ended_at, generations) VALUES (?, 'schedule', 'done', ?, ?, ?, '{}')`,
  );
  const now = Date.now();
  database.transaction(() => {
    for (let run = RUNS_EACH; run > 0; run -= 1)
      for (let agent = 0; agent < agents; agent += 1) {
        const at = now - run * 300_000;
        insert.run(`a${agent}`, at, at, at + 60_000);
      }
  })();
  database.close();
}

function rowOf(agents: number, rounds: number, took: ReadonlyMap<string, readonly number[]>): Row {
  const spreads = [...took].map(([command, samples]) => ({ command, ...summarise(samples) }));
  const all = summarise([...took.values()].flat());
  const slowest = spreads.toSorted((a, b) => b.median - a.median)[0];
  const each = spreads.map(({ command, median, worst }) => `${command} ${ms(median)}/${ms(worst)}`);
  return {
    what: `time to answer a command, ${agents} agents`,
    measured: `median ${ms(all.median)}, worst ${ms(all.worst)}; slowest: ${slowest?.command ?? ''} ${ms(slowest?.median ?? 0)}`,
    toReach: `each ≤ ${LIMIT_MS} ms at the median`,
    met: spreads.every(({ median }) => median <= LIMIT_MS),
    how: `from the update, handed to the sandbox, to the request with the reply, fully read; ${rounds} times each, agents that do nothing and have ${RUNS_EACH} runs each behind them. Median and worst: ${each.join(', ')}`,
    numbers: {
      median: all.median,
      worst: all.worst,
      ...Object.fromEntries(spreads.map(({ command, median }) => [command.replaceAll(/\W+/g, ' ').trim(), median])),
    },
  };
}
