import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openBench } from './program.ts';
import { openPrompter } from './prompter.ts';
import { type Bare, ms, type Row, timesBare } from './row.ts';
import { summarise } from './statistics.ts';

/** Between two lines, so that each is taken alone: the run before has ended and is settled. */
const PAUSE_MS = 150;
const AT = /\(at ([\d.]+)\)/;

/** So many criticals in a minute have a message each; the next would share one, and wait for its turn to be shown there. */
const LINES_OF_ONE_LIFE = 4;

/**
 * Failing lines, one after another, each of another agent with a credential of its own, since a dead credential is told once; a few in each
 * life of the program, which starts in a new folder each time. The line carries the machine's time just before its write, and the alert
 * quotes the line.
 */
export async function measureFailingLines(count: number, bare: Bare): Promise<readonly Row[]> {
  const samples: number[] = [];
  while (samples.length < count) samples.push(...(await live(Math.min(LINES_OF_ONE_LIFE, count - samples.length))));
  const { median, p99, worst } = summarise(samples);
  return [
    {
      what: 'failing line → alert on the wire',
      measured: `median ${ms(median)}, p99 ${ms(p99)} (${count} lines); ${timesBare(median, bare)}`,
      toReach: 'median ≤ 10 ms, p99 ≤ 50 ms',
      met: median <= 10 && p99 <= 50,
      others: 'PM2 with a chat module 5.9 s, monit 2.5 s',
      how: "the agent's clock just before it writes the line → the server has read the whole sendMessage that quotes it; one line at a time, each from another running process, four in each life of the program, which has not been busy before",
      numbers: { median, p99, worst, count },
    },
  ];
}

async function live(count: number): Promise<readonly number[]> {
  const prompter = await openPrompter();
  const names = Array.from({ length: count }, (_, index) => `agent-${index + 1}`);
  const command = JSON.stringify([process.execPath, join(import.meta.dirname, 'fixtures', 'prompted-agent.ts')]);
  const bench = await openBench(`
credentials:
${names.map((name) => `  login-of-${name}: {}`).join('\n')}
defaults: { env: { BENCH_PORT: "${prompter.port}" } }
agents:
${names.map((name) => `  ${name}: { runtime: command, command: ${command}, schedule: every 1h, credentials: [login-of-${name}] }`).join('\n')}
`);
  const program = await bench.start();
  await prompter.waitFor(count);
  const samples: number[] = [];
  for (const name of names) {
    await sleep(PAUSE_MS);
    const alert = bench.nextCall(
      ({ method, payload }) => method === 'sendMessage' && String(payload['text']).includes(`login-of-${name} `),
    );
    prompter.prompt(name, 'fail');
    const { call, at } = await alert;
    samples.push(at - Number(AT.exec(String(call.payload['text']))?.[1]));
  }
  await program.stop();
  prompter.close();
  await bench.close();
  return samples;
}
