import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { ChatMessage } from '../../src/sandbox/rendered-message.ts';
import { fixture, openStage, type Stage, until } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

interface Published {
  readonly id: number;
  readonly hash: string;
  readonly body: string;
  readonly media?: readonly {
    readonly name: string;
    readonly type: string;
    readonly size: number;
    readonly sha256: string;
    readonly path: string;
  }[];
}

function published(stage: Stage): Published[] {
  return stage
    .list('published')
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(stage.read(`published/${name}`)) as Published);
}

function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** A fleet with one agent for each text, and a publisher that keeps what it gets. */
async function open(texts: readonly (string | Uint8Array)[], options: readonly string[] = []): Promise<Stage> {
  const stage = await openStage();
  stages.push(stage);
  const writers = texts.map((text, index) => {
    const argv = [fixture('submit-draft.sh'), stage.write(`text-${index}`, text), '--kind', 'reply', '--to', '@ada'];
    const command = JSON.stringify([...argv, '--key', `text-${index}`, ...options]);
    return `  writer${index}: { runtime: command, command: ${command}, workdir: ./work, schedule: every 24h }\n`;
  });
  stage.write('work/README', 'where the agents work');
  stage.fleet(
    `agents:\n${writers.join('')}  poster: { runtime: command, command: [${fixture('record-stdin.sh')}, ${stage.path('published')}], publishes: [reply] }\n` +
      'drafts: { burst: 50, kinds: { reply: { window: 4h } } }\n',
  );
  return stage;
}

/** What its owner sees of a draft's text: the file, where there is one. */
async function seen(stage: Stage, card: ChatMessage): Promise<string> {
  return card.document === undefined
    ? card.text
    : Buffer.from(await (await fetch(`${stage.sandbox.apiRoot}${card.document.url}`)).arrayBuffer()).toString('utf8');
}

const MIB = 1024 * 1024;
const TEXTS: readonly (readonly [what: string, text: string])[] = [
  ['newlines and spaces around it', '\n\n  two before, three behind   \n\n\n'],
  ['emoji of several parts', '👩‍👩‍👧‍👦 👍🏽 🧑🏿‍🚀 🏴‍☠️ 🇩🇪 ❤️‍🔥'],
  ['Arabic and Hebrew with marks', 'مرحبا \u200fبالعالم\u200e (שלום) \u2067يمين\u2069 \u061c'],
  ['marks that turn everything behind them', 'safe\u202etxt.exe\u202c'],
  ['letters of several parts, and the same in one', 'e\u0301 Å A\u030a \u1100\u1161 가 ﬁ'],
  ['all that Markdown and HTML know', '*_[]()~>#+-=|{}.! `x` \\* <b>&amp;</b> <!-- -->'],
  ['CRLF, tabs and the ends of lines of others', 'a\r\n\tb\rc\u2028d\u2029e\u0085f\u000bg'],
  ['a byte-order mark at its beginning', '\ufeffhello \ufeff'],
  ['things that look like escapes', '\\n \\u0041 %41 &#65; {"json": "\\u0041"} ${HOME} $(id)'],
  ['4,095 characters', 'o'.repeat(4_095)],
  ['4,096 characters', `${'y'.repeat(4_095)}\n`],
  ['4,097 characters', `${'ü'.repeat(4_096)}!`],
  ['a mebibyte', `${'zß '.repeat(MIB / 4 - 1)}end\n`],
  ['emoji at the end of what a message takes', `${'a'.repeat(3_000)}${'👩‍👩‍👧'.repeat(20)}`],
];

describe('a text, byte for byte', () => {
  it('is what its owner sees and what its publisher gets, whatever is in it', async () => {
    const stage = await open(TEXTS.map(([, text]) => text));
    const program = await stage.startReady();
    const cards = await Promise.all(TEXTS.map((_, index) => stage.says(' by ', `writer${index}\n`)));

    const texts = await Promise.all(cards.map(async (card) => await seen(stage, card)));
    for (const card of cards) await stage.press(card, 'Approve');
    await until(() => published(stage).length === TEXTS.length, 'all went out');

    const bodies = new Map(published(stage).map((draft) => [draft.body, draft.hash]));
    expect(TEXTS.filter(([, text], index) => texts[index]?.includes(text) !== true).map(([what]) => what)).toEqual([]);
    expect(TEXTS.filter(([, text]) => bodies.get(text) !== hashOf(text)).map(([what]) => what)).toEqual([]);
    expect(TEXTS.map(([, text]) => text).filter((text) => Buffer.byteLength(text) === MIB)).toHaveLength(1);
    expect(await program.stop()).toBe(0);
  });

  it('is what its owner made of it, in a message or in a file', async () => {
    const inMessage = 'e\u0301 👩‍👩‍👧 \u200fשלום *_[]()~`>#+-=|{}.! <b>&amp;\nline  two';
    const inFile = `\ufeff  leading\r\n\ttabs\u2028${'long '.repeat(2_000)}\n trailing  \n\n`;
    const stage = await open(['first', 'second']);
    const program = await stage.startReady();
    const [first, second] = await Promise.all([stage.says('by writer0', 'reply'), stage.says('by writer1', 'reply')]);

    stage.sandbox.userSays(inMessage, { replyTo: first.id });
    stage.sandbox.userSendsFile({ name: 'text.txt', content: inFile }, { replyTo: second.id });
    const edited = await Promise.all([stage.says('by writer0 · revision 2'), stage.says('by writer1 · revision 2')]);
    const texts = await Promise.all(edited.map(async (card) => await seen(stage, card)));
    for (const card of edited) await stage.press(card, 'Approve');
    await until(() => published(stage).length === 2, 'both went out');

    expect(texts[0]).toContain(inMessage);
    expect(texts[1]).toBe(inFile);
    expect(new Set(published(stage).map(({ body }) => body))).toEqual(new Set([inMessage, inFile]));
    expect(await program.stop()).toBe(0);
  });

  it.each([
    ['not UTF-8', new Uint8Array([0x66, 0xff, 0xfe]), 'is not UTF-8 text'],
    ['empty', ' \n', 'is empty'],
    ['larger than a draft', 'x'.repeat(MIB + 1), 'has more than 1 MiB'],
    ['a secret', 'the key is sk-ant-oat01-TESTTESTTESTTESTTESTTESTTEST', 'looks like a token'],
  ])('stays as it is when the file of its owner is %s, and he is told why', async (_, content, words) => {
    const stage = await open(['as it was']);
    const program = await stage.startReady();
    const card = await stage.says('Draft #1', 'as it was');

    stage.sandbox.userSendsFile({ name: 'text.txt', content }, { replyTo: card.id });
    const answer = await stage.says('Draft #1 stays as it is', words);
    await stage.press(card, 'Approve');
    await until(() => published(stage).length === 1, 'it went out');

    expect(answer.text).not.toContain('sk-ant');
    expect(published(stage)[0]?.body).toBe('as it was');
    expect(await program.stop()).toBe(0);
  });
});

describe('files that go out with a draft', () => {
  const png = Buffer.alloc(200_000, 7);
  png.write('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1');
  png.writeUInt32BE(90, 16);
  png.writeUInt32BE(60, 20);
  const notes = 'notes, "quoted"\n';

  it('are seen below the card and handed on as they were when they were handed in', async () => {
    const stage = await open(['Look at this\n'], ['--media', 'out/cover.png', '--media', 'my notes (1).txt']);
    stage.write('work/out/cover.png', png);
    stage.write('work/my notes (1).txt', notes);
    const program = await stage.startReady();
    const card = await stage.says('Draft #1', 'Look at this');
    const picture = await stage.message((message) => message.media?.name === 'cover.png');
    const text = await stage.message((message) => message.document?.name === 'my notes (1).txt');
    const shown = Buffer.from(await (await fetch(`${stage.sandbox.apiRoot}${picture.media?.url}`)).arrayBuffer());

    // Its agent works on: what was handed in is what goes out.
    stage.write('work/out/cover.png', 'another picture');
    await stage.press(card, 'Approve');
    await until(() => published(stage).length === 1, 'it went out');

    const [draft] = published(stage);
    const media = [
      { name: 'cover.png', type: 'image/png', size: png.length, sha256: hashOf(png) },
      { name: 'my notes (1).txt', type: 'application/octet-stream', size: notes.length, sha256: hashOf(notes) },
    ].map((file) => ({ ...file, path: stage.path(`state/media/${file.sha256}`) }));
    expect(card.text).toContain('📎 2 files, below');
    expect([picture.reply_to, text.reply_to]).toEqual([card.id, card.id]);
    expect([picture.text, text.text]).toEqual(['cover.png · 200 kB', 'my notes (1).txt · 16 B']);
    expect(shown.equals(png)).toBe(true);
    expect(draft?.media).toEqual(media);
    expect(stage.read(`state/media/${hashOf(notes)}`)).toBe(notes);
    expect(await program.stop()).toBe(0);
  });

  it('are not published when a copy was changed after they were seen: the draft comes back with the reason', async () => {
    const stage = await open(['Look at this\n'], ['--media', 'cover.png']);
    stage.write('work/cover.png', png);
    const program = await stage.startReady();
    const card = await stage.says('Draft #1', 'Look at this');
    await stage.message((message) => message.media?.name === 'cover.png');

    stage.write(`state/media/${hashOf(png)}`, 'something else');
    await stage.press(card, 'Approve');
    const failure = await stage.says('Draft #1 was not published', 'cover.png has been changed');

    expect(failure.reply_to).toBe(card.id);
    expect(published(stage)).toEqual([]);
    expect(await program.stop()).toBe(0);
  });

  it('are refused as a whole when one of them cannot be taken, and its agent reads why', async () => {
    const stage = await open(['Look at this\n'], ['--media', 'cover.png', '--media', '../fleet.yaml']);
    stage.write('work/cover.png', png);
    const program = await stage.startReady();

    const log = (): string => {
      const [name] = stage.list('state/logs/writer0');
      return name === undefined ? '' : stage.read(`state/logs/writer0/${name}`);
    };
    await until(() => log().includes('exit 1'), 'the command was refused');

    expect(log()).toContain("fleet.yaml: it does not lie in this agent's folder");
    expect(stage.sandbox.messages().filter(({ text }) => text.includes('Draft #'))).toEqual([]);
    expect(await program.stop()).toBe(0);
  });
});
