import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { createGrammyApi } from '../../src/adapters/grammy-api.ts';
import type { Content, MediaForm } from '../../src/telegram/outbox.ts';
import { createVoidDisk } from '../fakes/void-disk.ts';
import { createSenderWorld, OWNER, text } from './sender-world.ts';
import { openStorage } from '../fakes/open-storage.ts';

/** A picture of so many dots: its sides are all that anybody looks at here. */
function png(width: number, height: number): Buffer {
  const bytes = Buffer.alloc(24);
  bytes.write('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1');
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return bytes;
}

const FILES: Readonly<Record<string, Buffer>> = {
  'cover.png': png(90, 90),
  'other.png': png(40, 80),
  'wide.png': png(9_000, 40),
  'clip.mp4': Buffer.from('\0\0\0\x20ftypisom', 'latin1'),
  'notes.pdf': Buffer.from('%PDF-1.7\n', 'latin1'),
};

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function media(...files: readonly (readonly [string, MediaForm])[]): Content {
  return {
    kind: 'media',
    files: files.map(([name, as]) => ({
      as,
      name,
      path: `/media/${name}`,
      sha256: hashOf(FILES[name] ?? Buffer.alloc(0)),
      caption: `${name} · 1 kB`,
    })),
  };
}

const disk = (files: Readonly<Record<string, Buffer>> = FILES) => ({
  ...createVoidDisk(),
  readWhole: (path: string) => {
    const bytes = files[path.replace('/media/', '')];
    return Promise.resolve(bytes === undefined ? undefined : { bytes, sha256: hashOf(bytes) });
  },
});

describe('a message with files', () => {
  it('waits for the message that it answers, and does not hold up the next card', async () => {
    const world = createSenderWorld(openStorage(), disk());
    world.send('card', 'card');
    world.send('card:media', 'card', media(['cover.png', 'photo']), { replyToKey: 'card' });
    world.send('next', 'card');
    await world.clock.rest();

    expect(world.api.calls.map(({ method }) => method)).toEqual(['sendMessage']);
    world.api.calls[0]?.succeed({ message_id: 7 });
    await world.clock.rest();
    const upload = world.api.calls.find(({ method }) => method === 'sendPhoto');
    expect(upload?.payload).toMatchObject({ caption: 'cover.png · 1 kB', reply_parameters: { message_id: 7 } });
    expect(world.api.calls.map(world.shown)).toContain('next');
  });

  it('is known by the first of several messages that it is shown as', async () => {
    const world = createSenderWorld(openStorage(), disk());
    world.send('m', 'card', media(['cover.png', 'photo'], ['clip.mp4', 'video']));
    await world.clock.rest();

    expect(world.api.calls[0]).toMatchObject({
      method: 'sendMediaGroup',
      payload: { media: [{ type: 'photo' }, { type: 'video' }] },
    });
    world.api.calls[0]?.succeed([{ message_id: 11 }, { message_id: 12 }]);
    await world.clock.rest();
    expect(world.row('m')).toMatchObject({ state: 'sent', messageId: 11 });
  });

  it('goes as documents when Telegram refuses its form, and as words when it refuses those', async () => {
    const world = createSenderWorld(openStorage(), disk());
    world.send('m', 'card', media(['wide.png', 'photo']));
    await world.clock.rest();
    world.api.calls[0]?.fail('bad-request');
    await world.clock.rest();
    world.api.calls[1]?.fail('bad-request');
    await world.clock.rest();

    expect(world.api.calls.map(({ method }) => method)).toEqual(['sendPhoto', 'sendDocument', 'sendMessage']);
    expect(world.shown(world.api.calls[2])).toContain('wide.png');
  });

  it.each([
    ['is gone', {}],
    ['has been changed', { 'cover.png': Buffer.from('another picture') }],
  ])('says that a copy %s instead of showing it', async (words, files) => {
    const world = createSenderWorld(openStorage(), disk(files));
    world.send('m', 'card', media(['cover.png', 'photo']));
    await world.clock.rest();

    expect(world.api.calls.map(({ method }) => method)).toEqual(['sendMessage']);
    expect(world.shown(world.api.calls[0])).toContain(words);
  });
});

describe('files at the sandbox', () => {
  let sandbox: Sandbox | undefined;

  afterEach(async () => {
    await sandbox?.close();
    sandbox = undefined;
  });

  async function send(contents: readonly Content[]) {
    sandbox = await createSandbox({ token: '123456:TEST-media', owner: { id: OWNER, firstName: 'Ada' } });
    sandbox.userSays('/start');
    const api = createGrammyApi('123456:TEST-media', sandbox.apiRoot);
    const world = createSenderWorld(openStorage(), disk(), undefined, api);
    world.send('card', 'card', text('the card'));
    for (const [index, content] of contents.entries()) world.send(`m${index}`, 'card', content, { replyToKey: 'card' });
    return sandbox;
  }

  it('arrive byte for byte, each as what it is, below the card', async () => {
    const at = await send([
      media(['cover.png', 'photo'], ['other.png', 'photo'], ['clip.mp4', 'video']),
      media(['notes.pdf', 'document']),
    ]);

    const pdf = await at.waitForMessage((message) => message.document?.name === 'notes.pdf');
    const shown = at.messages().filter((message) => message.media !== undefined);
    const card = at.messages().find((message) => message.text === 'the card');
    const bytes = await Promise.all(
      [...shown.map(({ media: file }) => file), pdf.document].map(async (file) =>
        Buffer.from(await (await fetch(`${at.apiRoot}${file?.url}`)).arrayBuffer()),
      ),
    );

    expect(shown.map(({ media: file, text: caption }) => [file?.form, file?.name, caption])).toEqual([
      ['photo', 'cover.png', 'cover.png · 1 kB'],
      ['photo', 'other.png', 'other.png · 1 kB'],
      ['video', 'clip.mp4', 'clip.mp4 · 1 kB'],
    ]);
    expect(new Set(shown.map(({ group }) => group)).size).toBe(1);
    expect([...shown, pdf].map(({ reply_to }) => reply_to)).toEqual(Array.from({ length: 4 }, () => card?.id));
    expect(bytes).toEqual([FILES['cover.png'], FILES['other.png'], FILES['clip.mp4'], FILES['notes.pdf']]);
  });

  it('come as a document when a picture has sides that Telegram does not show', async () => {
    const at = await send([media(['wide.png', 'photo'])]);

    await at.waitForCall(({ method }) => method === 'sendDocument');

    expect(at.messages().find(({ document }) => document?.name === 'wide.png')?.text).toBe('wide.png · 1 kB');
    expect(at.calls.map(({ method, outcome }) => [method, outcome.kind])).toEqual([
      ['sendMessage', 'ok'],
      ['sendPhoto', 'refused'],
      ['sendDocument', 'ok'],
    ]);
  });
});
