import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLogCommand } from '../../commands/log.ts';
import { createFileDisk } from '../../src/adapters/file-disk.ts';
import { TelegramError, type TelegramApi, type TelegramFile } from '../../src/ports.ts';
import { claudeRuntime } from '../../src/runtimes/claude/claude.ts';
import { createScrubber } from '../../src/secrets.ts';
import { createOutbox } from '../../src/telegram/outbox.ts';
import { createCallbackData } from '../../src/telegram/callback-data.ts';
import { createSender } from '../../src/telegram/sender.ts';
import type { RunEnd } from '../../storage/run-store.ts';
import { createFleetFolder } from '../config/fleet-folder.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import { openStorage } from '../fakes/open-storage.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

const MINUTE = 60_000;
const SECRET = 'hunter2-is-the-secret';

interface Sent {
  readonly method: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly files: readonly TelegramFile[];
  readonly timeoutMs: number;
}

/** The command with the outbox and the sender behind it, over real files. */
function setUp() {
  using folder = createFleetFolder();
  const { fleet } = folder.loaded(`timezone: UTC
home: ./state
telegram: { owners: [1] }
agents:
  scout: { runtime: command, command: [/bin/true], schedule: every 1h }
  writer: { runtime: command, command: [/bin/true], schedule: every 1h }
  idler: { runtime: command, command: [/bin/true], schedule: every 1h }
  thinker: { runtime: claude, prompt: ./prompts/scout.md, schedule: every 1h }
`);
  const { storage } = openStorage();
  const home = temporaryFolder();
  const clock = createManualClock();
  const { scrub } = createScrubber([SECRET]);
  const sent: Sent[] = [];
  const refused = new Set<string>();
  const fatal: unknown[] = [];
  const api: TelegramApi = {
    call: <Result>(
      method: string,
      payload: Readonly<Record<string, unknown>>,
      { files = [], timeoutMs }: Parameters<TelegramApi['call']>[2],
    ) => {
      sent.push({ method, payload, files, timeoutMs });
      return refused.has(method)
        ? Promise.reject(new TelegramError('bad-request', method, 'refused by the test'))
        : Promise.resolve({ message_id: sent.length } as Result);
    },
    downloadFile: () => Promise.resolve(undefined),
    reset: () => {},
  };
  const tails: Record<number, string> = {};
  const lineReaderOf = (agent: string) =>
    fleet.agents.get(agent)?.runtime === 'claude' ? claudeRuntime.readLogLine : undefined;
  const callbackData = createCallbackData('a key of the test');
  const command = createLogCommand({
    fleet,
    storage,
    tail: (id) => tails[id] ?? '',
    scrub,
    lineReaderOf,
    callbackData,
  });
  const outbox = createOutbox({ storage, clock, chatId: 1, scrub, isQuiet: () => false });
  const sender = createSender({
    storage,
    api,
    clock,
    log: createMemoryLog(),
    disk: createFileDisk(),
    scrub,
    lineReaderOf: (path) => lineReaderOf(basename(dirname(path))),
    ownerChatId: 1,
    onFatal: (error) => fatal.push(error),
  });
  sender.start();
  let asked = 0;

  /** Starts a run whose log holds this. */
  function runs(agent: string, output: string | Uint8Array | undefined): { id: number; path: string } {
    const id = storage.transaction(() =>
      storage.runs.add({ agent, cause: 'schedule', publicationId: null, wantedAt: clock.now(), generations: '{}' }),
    );
    const path = join(home, 'logs', agent, `${id}.log`);
    if (output !== undefined) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, output);
      const started = { startedAt: clock.now(), tokenHash: `${id}`, logPath: path };
      storage.transaction(() => {
        storage.runs.claim(id, { ...started, containment: 'group', cliVersion: null, resumeToken: null });
        if (output.length > 0) storage.runs.output(id, clock.now(), output.length);
      });
    }
    return { id, path };
  }

  function ends(id: number, state: RunEnd['state'], failure: string | null = null): void {
    const end = { state, failure, evidence: null, exit: null, endedAt: clock.now() };
    storage.transaction(() => void storage.runs.settle(id, end as RunEnd));
  }

  /** Asks, and gives what was sent. */
  async function asks(argument: string): Promise<Sent> {
    asked += 1;
    const content = command.run({ argument, actor: 'owner:1', now: clock.now() });
    const before = sent.length;
    storage.transaction(() => outbox.send({ key: `reply:${asked}`, class: 'reply', content }));
    for (let turn = 0; turn < 500 && sent.length === before; turn += 1) {
      await clock.pass(1);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(fatal).toEqual([]);
    const last = sent.at(-1);
    if (last === undefined || sent.length === before) throw new Error('nothing was sent');
    return last;
  }

  return { clock, storage, tails, runs, ends, asks, sent, refused };
}

/** The text that is shown in a fixed width. */
function shownOutput({ payload }: Sent): string | undefined {
  const text = payload['text'] as string;
  const entities = payload['entities'] as { type: string; offset: number; length: number }[];
  const pre = entities.find(({ type }) => type === 'pre');
  return pre === undefined ? undefined : text.slice(pre.offset, pre.offset + pre.length);
}

describe('/log', () => {
  it('shows the end of what the newest run said, with its number, state, age and size', async () => {
    const { clock, runs, ends, asks } = setUp();
    ends(runs('scout', 'of an older run\n').id, 'done');
    const { id } = runs('scout', 'first line\n  indented\nlast line\n');
    await clock.pass(3 * MINUTE);
    ends(id, 'failed', 'crash');
    await clock.pass(60 * MINUTE);

    const answer = await asks('scout');

    expect(answer.method).toBe('sendMessage');
    expect(answer.payload['text']).toBe(
      'scout: run 2, failed (crash) 60 min ago after 3 min, said 32 bytes, the last of it 63 min ago. All of it: /log scout full\nfirst line\n  indented\nlast line',
    );
    expect(shownOutput(answer)).toBe('first line\n  indented\nlast line');
  });

  it('shows what a living run said a moment ago, before it is in the file', async () => {
    const { clock, runs, tails, asks } = setUp();
    const { id } = runs('scout', 'head of the log\n');
    tails[id] = 'head of the log\nsaid a moment ago\n';
    await clock.pass(4 * MINUTE);

    const answer = await asks('SCOUT');

    expect(answer.payload['text']).toMatch(
      /^scout: run 1, running for 4 min, said 16 bytes, the last of it 4 min ago\./,
    );
    expect(shownOutput(answer)).toBe('head of the log\nsaid a moment ago');
  });

  it('shows what the run before said as long as the newest is silent, and says so', async () => {
    const { runs, ends, asks } = setUp();
    ends(runs('scout', 'of the run before\n').id, 'done');
    runs('scout', '');

    const [end, all] = [await asks('scout'), await asks('scout full')];

    expect(end.payload['text']).toMatch(/^scout: run 1, done 0 s ago.*; run 2 has said nothing yet\. All of it/);
    expect(shownOutput(end)).toBe('of the run before');
    expect(all.files[0]?.content).toBe('of the run before\n');
  });

  it('shows as many whole lines as a message takes', async () => {
    const { runs, ends, asks } = setUp();
    const lines = Array.from({ length: 10_000 }, (_, line) => `line ${line} of a long log 😀`);
    ends(runs('scout', lines.join('\n')).id, 'done');

    const answer = await asks('scout');

    const shown = shownOutput(answer)?.split('\n') ?? [];
    expect((answer.payload['text'] as string).length).toBeLessThanOrEqual(4_096);
    expect(shown.length).toBeGreaterThan(100);
    expect(shown).toEqual(lines.slice(-shown.length));
  });

  it('shows the end of one line that is longer than a message, beginning with a word', async () => {
    const { runs, ends, asks } = setUp();
    ends(runs('scout', `${'word '.repeat(100_000)}end`).id, 'done');

    const answer = await asks('scout');

    expect((answer.payload['text'] as string).length).toBeLessThanOrEqual(4_096);
    expect(shownOutput(answer)).toMatch(/^… word (word )+end$/);
  });

  it('lets no escape sequence, control character or hidden direction reach the message', async () => {
    const { runs, ends, asks } = setUp();
    const output = Buffer.concat([
      Buffer.from('\u001b[31mred\u001b[0m \u001b]0;title\u0007bell\u0000\ttab\r\n'),
      Buffer.from(' 10 %\r 50 %\r100 %\n\u202eturned\u202c \u009b1mbold\n'),
      Buffer.from([0xff, 0xfe, 0x41, 0x0a]),
    ]);
    ends(runs('scout', output).id, 'done');

    const shown = shownOutput(await asks('scout'));

    expect(shown).toBe('red bell\ttab\n100 %\nturned bold\n\ufffd\ufffdA');
  });

  it('says it in words when there is nothing, or nothing any more', async () => {
    const { runs, ends, asks } = setUp();
    const never = await asks('writer');
    const silent = runs('writer', '');
    const soFar = await asks('writer');
    ends(silent.id, 'done');
    const atAll = [await asks('writer'), await asks('writer full')];
    const gone = runs('scout', 'something');
    ends(gone.id, 'done');
    rmSync(gone.path);
    const removed = [await asks('scout'), await asks('scout full')];
    const waits = runs('idler', undefined);
    const notYet = await asks('idler');
    ends(waits.id, 'stopped');
    const neverStarted = await asks('idler');

    expect(never.payload['text']).toBe('writer has not run yet.');
    for (const answer of [soFar, ...atAll]) expect(answer.payload['text']).toMatch(/\n\nIt has said nothing yet\.$/);
    for (const answer of removed)
      expect(answer.payload['text']).toMatch(/\n\nIts log is gone: it was older than logs\.keep, or had to make room/);
    expect(notYet.payload['text']).toMatch(/waits for its start.*It has no log yet\.$/s);
    expect(neverStarted.payload['text']).toMatch(/It was never started, so it has no log\.$/);
  });

  it('without a name, with an unknown one or an unknown word says what can be said', async () => {
    const { asks } = setUp();

    expect((await asks('')).payload).toMatchObject({
      text: 'Which one?',
      reply_markup: {
        inline_keyboard: [
          [{ text: 'scout' }, { text: 'writer' }],
          [{ text: 'idler' }, { text: 'thinker' }],
        ],
      },
    });
    expect((await asks('nobody')).payload['text']).toMatch(/There is no agent "nobody"/);
    expect((await asks('scout all')).payload['text']).toBe('You can say: /log scout or /log scout full');
  });
});

describe('/log full', () => {
  it('sends all of a compressed log as a text file', async () => {
    const { runs, ends, asks } = setUp();
    const output = Array.from({ length: 50_000 }, (_, line) => `line ${line} \u001b[1mof\u001b[0m a log\n`).join('');
    const { id, path } = runs('scout', output);
    ends(id, 'done');
    await createFileDisk().compress(path);

    const answer = await asks('scout full');

    expect(answer.method).toBe('sendDocument');
    expect(answer.payload['caption']).toMatch(/^scout: run 1, done 0 s ago after 0 s, said 1\.\d MB/);
    expect(answer.files.map(({ field, name }) => [field, name])).toEqual([['document', 'scout-1.log.txt']]);
    expect(answer.files[0]?.content === output.replaceAll(/\u001b\[\dm/g, '')).toBe(true);
    expect(answer.timeoutMs).toBeGreaterThan(20_000);
    expect(answer.timeoutMs).toBeLessThan(120_000);
  });

  it('of a living run sends what is there so far', async () => {
    const { runs, asks } = setUp();
    runs('scout', 'so far\n');

    const answer = await asks('scout full');

    expect(answer.payload['caption']).toMatch(/^scout: run 1, running for 0 s/);
    expect(answer.files[0]?.content).toBe('so far\n');
  });

  it('takes every known secret out, wherever in the file it stands', async () => {
    const { runs, ends, asks } = setUp();
    // Secrets close to each other: whatever place is taken for a cut is inside of one, or next to it.
    const output = Array.from({ length: 20_000 }, (_, at) => `${SECRET}${'-'.repeat(at % 23)}`).join('');
    ends(runs('scout', output).id, 'done');

    const answer = await asks('scout full');
    const end = await asks('scout');

    const [file] = answer.files;
    // Compared first: the difference of two long texts takes minutes to print.
    expect(file?.content === output.replaceAll(SECRET, '[secret]')).toBe(true);
    expect(shownOutput(end)).toContain('[secret]');
    expect(end.payload['text']).not.toMatch(/hunter|-is-the/);
  });

  it('says so when Telegram refuses the file', async () => {
    const { runs, ends, asks, refused, sent, clock } = setUp();
    ends(runs('scout', 'something\n').id, 'done');
    refused.add('sendDocument');

    await asks('scout full');
    await clock.pass(5_000);

    expect(sent.map(({ method }) => method)).toEqual(['sendDocument', 'sendMessage']);
    expect(sent[1]?.payload['text']).toMatch(/^scout: run 1.*Telegram refused what stands in it\.$/s);
  });
});

describe('/log of an agent that speaks JSON', () => {
  const said = (text: string) => JSON.stringify({ type: 'assistant', message: { content: [{ type: 'text', text }] } });
  const called = (id: string, command: string) =>
    JSON.stringify({
      type: 'assistant',
      message: { content: [{ type: 'tool_use', id, name: 'Bash', input: { command } }] },
    });
  const answered = (id: string, content: string, isError = false) =>
    JSON.stringify({
      type: 'user',
      message: { content: [{ type: 'tool_result', tool_use_id: id, content, is_error: isError }] },
    });
  const DONE = JSON.stringify({ type: 'result', subtype: 'success', is_error: false, total_cost_usd: 0.0142 });
  const logOf = (...lines: readonly string[]) => lines.map((each) => `${each}\n`).join('');

  it('shows what it said, its calls and how it ended, of a compressed log, too', async () => {
    const { runs, ends, asks } = setUp();
    const { id, path } = runs(
      'thinker',
      logOf(
        JSON.stringify({ type: 'system', subtype: 'init', tools: ['Bash'] }),
        said('First I make a file.\nThen I stop.'),
        called('c1', 'touch a.txt'),
        answered('c1', 'Read-only file system', true),
        'a word on stderr',
        DONE,
      ),
    );
    ends(id, 'done');
    const expected =
      'First I make a file.\nThen I stop.\n🔧 Bash: touch a.txt\n✖ Bash: Read-only file system\na word on stderr\n✔ done, $0.01';

    expect(shownOutput(await asks('thinker'))).toBe(expected);
    await createFileDisk().compress(path);
    expect(shownOutput(await asks('thinker'))).toBe(expected);
  });

  it('gives the raw lines as a file all the same', async () => {
    const { runs, ends, asks } = setUp();
    const raw = logOf(said('hello'), called('c1', 'touch a.txt'), DONE);
    ends(runs('thinker', raw).id, 'done');

    const answer = await asks('thinker full');

    expect(answer.files[0]?.content).toBe(raw);
  });

  it('of a living run shows the file, until memory has newer words than fill a message', async () => {
    const { runs, tails, asks } = setUp();
    const { id } = runs('thinker', logOf(said('in the file'), called('c1', 'sleep 60')));
    tails[id] = logOf(called('c1', 'sleep 60'));
    const early = await asks('thinker');
    tails[id] = logOf(...Array.from({ length: 300 }, (_, at) => said(`words of memory ${at}`)));
    const late = await asks('thinker');

    expect(shownOutput(early)).toBe('in the file\n🔧 Bash: sleep 60');
    expect(shownOutput(late)).toMatch(/\nwords of memory 299$/);
  });

  it('fills a message from behind results of megabytes, with the newest at its end', async () => {
    const { runs, ends, asks } = setUp();
    const words = Array.from({ length: 300 }, (_, at) => said(`words number ${at}`));
    const long = answered('c1', 'x'.repeat(1_000_000));
    ends(runs('thinker', logOf(...words, called('c1', 'cat big'), long, DONE)).id, 'done');

    const answer = await asks('thinker');

    const text = answer.payload['text'] as string;
    expect(text.length).toBeGreaterThan(3_900);
    expect(text.length).toBeLessThanOrEqual(4_096);
    expect(shownOutput(answer)).toMatch(
      /^words number \d+\n[^]*\nwords number 299\n🔧 Bash: cat big\n✔ done, \$0\.01$/,
    );
  });

  it('shows no secret, whole or cut, and no control character that JSON hides', async () => {
    const { runs, ends, asks } = setUp();
    // Wherever a line is shortened, one of the secrets stands across the cut, and all of them fit into the message.
    const cuts = Array.from({ length: 18 }, (_, at) => called(`c${at}`, `${'x'.repeat(175 + at)}${SECRET}`));
    ends(runs('thinker', logOf(...cuts, said(`\u001b[31mred\u202e ${SECRET}`))).id, 'done');

    const shown = shownOutput(await asks('thinker'));

    expect(shown).toMatch(/\nred \[secret\]$/);
    expect(shown).not.toMatch(/hunt|-is-the/);
  });
});
