import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { machineNow } from './machine-clock.ts';
import { openBench } from './program.ts';
import { openPrompter } from './prompter.ts';
import { type Bare, ms, type Row, timesBare } from './row.ts';
import { summarise } from './statistics.ts';

/** Telegram bears one message a second in a chat, and the sender keeps to it: quicker drafts would measure that. */
const PAUSE_MS = 1_100;
const PRESS_PAUSE_MS = 400;
const AT = /\(at ([\d.]+)\)/;

/** Drafts one by one, then a press of Approve on each of their cards; a publisher runs for each. */
export async function measureDrafts(count: number, commands: number, bare: Bare): Promise<readonly Row[]> {
  const prompter = await openPrompter();
  const command = JSON.stringify([process.execPath, join(import.meta.dirname, 'fixtures', 'prompted-agent.ts')]);
  // A card each, however many wait: more than `burst` at once would be one message for all.
  const bench = await openBench(`
drafts: { burst: 100 }
agents:
  writer: { runtime: command, command: ${command}, schedule: every 1h, env: { BENCH_PORT: "${prompter.port}" } }
  publisher: { runtime: command, command: ["true"], publishes: [reply] }
`);
  const program = await bench.start();
  await prompter.waitFor(1);

  async function submit(line: string): Promise<{ readonly cardMs: number; readonly answerMs: number }> {
    const card = bench.nextCall(({ method, payload }) => method === 'sendMessage' && AT.test(String(payload['text'])));
    const { answer } = prompter.prompt('writer', line);
    const { call, at } = await card;
    const cardMs = at - Number(AT.exec(String(call.payload['text']))?.[1]);
    const answerMs = Number(await answer);
    await sleep(PAUSE_MS);
    return { cardMs, answerMs };
  }

  const cards: number[] = [];
  for (let index = 0; index < count; index += 1) cards.push((await submit('draft')).cardMs);
  const whole: number[] = [];
  for (let index = 0; index < commands; index += 1) whole.push((await submit('draft-command')).cardMs);

  const presses: number[] = [];
  const shown = bench.sandbox.messages().filter((message) => AT.test(message.text));
  for (const message of shown) {
    const label = message.buttons.flat().find((button) => button.text.includes('Approve'))?.text ?? 'Approve';
    const answered = bench.nextCall(({ method }) => method === 'answerCallbackQuery');
    const pressedAt = machineNow();
    void bench.sandbox.userPresses(message.id, label);
    presses.push((await answered).at - pressedAt);
    await sleep(PRESS_PAUSE_MS);
  }
  await program.stop();
  prompter.close();
  await bench.close();

  const card = summarise(cards);
  const press = summarise(presses);
  const wholeCommand = summarise(whole);
  return [
    {
      what: 'draft submitted → card on the wire',
      measured: `median ${ms(card.median)}, p99 ${ms(card.p99)} (${card.count}); ${timesBare(card.median, bare)}`,
      toReach: 'median ≤ 20 ms',
      met: card.median <= 20,
      how: "the agent's clock just before its request to the gateway → the server has read the whole sendMessage; a new connection each time, as the nightdesk command makes it",
      numbers: { ...card },
    },
    {
      what: '… by the nightdesk draft command',
      measured: `median ${ms(wholeCommand.median)} (${wholeCommand.count})`,
      how: 'the same, from just before the command is started: it contains the start of Node',
      numbers: { ...wholeCommand },
    },
    {
      what: 'press → answerCallbackQuery on the wire',
      measured: `median ${ms(press.median)}, p99 ${ms(press.p99)} (${press.count}); ${timesBare(press.median, bare)}`,
      toReach: 'median ≤ 10 ms',
      met: press.median <= 10,
      how: 'the server hands the update to the waiting poll → it has read answerCallbackQuery; one press each 0.4 s, while the publishers of the earlier ones run',
      numbers: { ...press },
    },
  ];
}
