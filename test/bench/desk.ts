import Database from 'better-sqlite3';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadCall } from '../../src/sandbox/bot-endpoint.ts';
import type { ChatMessage } from '../../src/sandbox/rendered-message.ts';
import { machineNow, wallToMachine } from './machine-clock.ts';
import { type Bench, openBench } from './program.ts';
import { openPrompter, type Prompter } from './prompter.ts';
import { ms, type Row } from './row.ts';
import { summarise } from './statistics.ts';

const DRAFTS = 19;
const WAITING = 1_000;
/** Telegram bears one message a second in a chat, and the sender keeps to it: quicker ones would measure that. */
const PAUSE_MS = 1_200;
/** A thumb that needs no time to read. */
const TAP_PAUSE_MS = 400;
/** What follows from a tap is shown by then. */
const PATIENCE_MS = 20_000;
/** As long as nothing is said, everything has been. */
const QUIET_MS = 4_000;

/** The desk at the speed of a thumb. */
export async function measureDesk(looks: number, publications: number): Promise<readonly Row[]> {
  return [
    await withWriter('["true"]', reviewMany),
    await withWriter('["true"]', async (bench, prompter) => await openTheDesk(bench, prompter, looks)),
    await withWriter(
      '["sh", "-c", "date +%s%N >> ../../../begun"]',
      async (bench, prompter) => await publish(bench, prompter, publications),
    ),
  ];
}

async function withWriter(publisher: string, work: (bench: Bench, prompter: Prompter) => Promise<Row>): Promise<Row> {
  const prompter = await openPrompter();
  const command = JSON.stringify([process.execPath, join(import.meta.dirname, 'fixtures', 'prompted-agent.ts')]);
  const bench = await openBench(`
agents:
  writer: { runtime: command, command: ${command}, schedule: every 1h, env: { BENCH_PORT: "${prompter.port}" } }
  publisher: { runtime: command, command: ${publisher}, publishes: [reply] }
`);
  const program = await bench.start();
  try {
    await prompter.waitFor(1);
    return await work(bench, prompter);
  } finally {
    await program.stop();
    prompter.close();
    await bench.close();
  }
}

/** 19 drafts at once, each approved with a tap on what is shown. */
async function reviewMany(bench: Bench, prompter: Prompter): Promise<Row> {
  const calls: ReadCall[] = [];
  bench.sandbox.onCall((call) => {
    if (call.method !== 'getUpdates') calls.push(call);
  });
  await prompter.prompt('writer', `drafts ${DRAFTS}`).answer;
  await quiet(calls);
  const shownCalls = calls.length;
  const used = new Set<number>();
  const steps: number[] = [];
  let taps = 0;
  for (let message = newestWith(bench, 'Approve'); message !== undefined && taps < 2 * DRAFTS; ) {
    const { id, text } = message;
    const label = message.buttons.flat().find((button) => button.text.includes('Approve'))?.text ?? '';
    used.add(id);
    taps += 1;
    const moved = bench.nextCall(
      ({ method, payload }) => method === 'editMessageText' && payload['message_id'] === id && payload['text'] !== text,
    );
    const tappedAt = machineNow();
    void bench.sandbox.userPresses(id, label);
    steps.push((await moved).at - tappedAt);
    await sleep(TAP_PAUSE_MS);
    message = newestWith(bench, 'Approve');
  }
  await quiet(calls);
  const since = calls.slice(shownCalls);
  const perTap = since.length / taps;
  const answers = since.filter(({ method }) => method === 'answerCallbackQuery').length;
  const edits = since.filter(({ payload }) => used.has(Number(payload['message_id']))).length;
  const buzzes = calls.filter(
    ({ method, payload }) => /^(send|copy|forward)/.test(method) && payload['disable_notification'] !== true,
  ).length;
  const published = countPublished(bench);
  const step = summarise(steps);
  return {
    what: `${DRAFTS} drafts at once, reviewed: taps, messages used`,
    measured: `${taps} taps in ${used.size} message${used.size === 1 ? '' : 's'}; ${perTap.toFixed(2)} calls a tap; ${buzzes} messages with a sound in all; next draft after ${ms(step.median)}, worst ${ms(step.worst)}`,
    toReach: '19 taps, 1 message; ≤ 2 calls; ≤ 6 with a sound',
    met: taps === DRAFTS && used.size === 1 && perTap <= 2 && buzzes <= 6 && published === DRAFTS,
    how: `handed in within a second, then Approve on the newest message that offers it, ${TAP_PAUSE_MS} ms after the next draft is shown, until none is left; ${published} were published. Calls: every request of the Bot API from the first tap until ${QUIET_MS / 1_000} s after the last one, but getUpdates: ${answers} answers to taps, ${edits} edits of that message, ${since.length - answers - edits} others, such as edits of the card that the first draft got before the others came`,
    numbers: {
      taps,
      messages: used.size,
      perTap,
      answers,
      edits,
      buzzes,
      published,
      stepMedian: step.median,
      stepWorst: step.worst,
    },
  };
}

/** /drafts while a thousand wait. */
async function openTheDesk(bench: Bench, prompter: Prompter, count: number): Promise<Row> {
  const calls: ReadCall[] = [];
  bench.sandbox.onCall((call) => {
    if (call.method !== 'getUpdates') calls.push(call);
  });
  const submittedMs = Number(await prompter.prompt('writer', `drafts ${WAITING}`).answer);
  await quiet(calls);
  const took: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const answer = bench.nextCall(
      ({ method, payload }) => method === 'sendMessage' && /Next \(\d+ of 1000\)/.test(JSON.stringify(payload)),
    );
    const askedAt = machineNow();
    bench.sandbox.userSays('/drafts');
    took.push((await answer).at - askedAt);
    await sleep(PAUSE_MS);
  }
  const spread = summarise(took);
  return {
    what: `/drafts with ${WAITING} waiting`,
    measured: `median ${ms(spread.median)}, worst ${ms(spread.worst)} (${spread.count})`,
    toReach: '≤ 200 ms',
    met: spread.worst <= 200,
    how: `written in the chat → the server has read the whole sendMessage with the first draft; they had been handed in within ${ms(submittedMs)}`,
    numbers: { ...spread, submittedMs },
  };
}

/** A press of Approve → the publisher runs. */
async function publish(bench: Bench, prompter: Prompter, count: number): Promise<Row> {
  const begun = join(bench.folder, 'begun');
  const pressed: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const card = bench.nextCall(
      ({ method, payload }) => method === 'sendMessage' && /\(at /.test(String(payload['text'])),
    );
    await prompter.prompt('writer', 'draft').answer;
    await card;
    await sleep(PAUSE_MS);
    const message = newestWith(bench, 'Approve');
    if (message === undefined) throw new Error('no draft waits');
    const label = message.buttons.flat().find((button) => button.text.includes('Approve'))?.text ?? '';
    const pressedAt = machineNow();
    void bench.sandbox.userPresses(message.id, label);
    while (linesOf(begun).length <= index && machineNow() - pressedAt < PATIENCE_MS) await sleep(20);
    pressed.push(pressedAt);
  }
  const took = linesOf(begun).map((line, index) => {
    // Nanoseconds since 1970.
    return wallToMachine(Number(BigInt(line) / 1_000n) / 1_000) - (pressed[index] ?? Infinity);
  });
  const spread = summarise(took);
  return {
    what: 'press of Approve → its publisher runs',
    measured: `median ${ms(spread.median)}, p99 ${ms(spread.p99)} (${spread.count})`,
    toReach: 'median ≤ 50 ms, undo 0',
    met: spread.median <= 50,
    how: "the server hands the update to the waiting poll → what the publisher's shell gets of `date`, its first command; the answer to the press, the decision, the run, its containment and the start of both programs are in it",
    numbers: { ...spread },
  };
}

function linesOf(file: string): readonly string[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.length > 0);
}

function newestWith(bench: Bench, label: string): ChatMessage | undefined {
  return bench.sandbox.messages().findLast(({ buttons }) => buttons.flat().some(({ text }) => text.includes(label)));
}

/** Waits until nothing was said for a while. */
async function quiet(calls: readonly ReadCall[]): Promise<void> {
  let before = -1;
  while (calls.length !== before) {
    before = calls.length;
    await sleep(QUIET_MS);
  }
}

function countPublished(bench: Bench): number {
  const database = new Database(join(bench.folder, 'state', 'nightdesk.db'), { readonly: true });
  try {
    return (
      database.prepare<[], { n: number }>(`SELECT count(*) AS n FROM draft WHERE state = 'published'`).get()?.n ?? 0
    );
  } finally {
    database.close();
  }
}
