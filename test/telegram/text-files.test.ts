import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createGrammyApi } from '../../src/adapters/grammy-api.ts';
import { TelegramError, type TelegramApi } from '../../src/ports.ts';
import { createTextFiles } from '../../src/telegram/text-files.ts';
import type { Content, Fetched, FetchContent } from '../../src/telegram/outbox.ts';
import { createVoidDisk } from '../fakes/void-disk.ts';
import { openStorage } from '../fakes/open-storage.ts';
import { createBotWorld, OWNER } from './bot-world.ts';
import { createSenderWorld } from './sender-world.ts';

const TOKEN = '123456:TEST-files';

describe('a file in reply to a card', () => {
  function open() {
    const world = createBotWorld();
    const id = world.submit('as it was');
    const card = world.deliver(`draft:${id}:r1`);
    let message = 900;
    async function sends(more: { fileSize?: number; replyTo?: number } = {}): Promise<number> {
      const chat = { id: OWNER, type: 'private', first_name: 'Ada' };
      const from = { id: OWNER, is_bot: false, first_name: 'Ada' };
      message += 1;
      return await world.handle({
        message: {
          message_id: message,
          date: Math.floor(world.clock.now() / 1_000),
          chat,
          from,
          document: { file_id: 'f1', file_unique_id: 'u1', file_name: 'x.txt', file_size: more.fileSize ?? 10 },
          ...('replyTo' in more && more.replyTo === undefined
            ? {}
            : { reply_to_message: { message_id: more.replyTo ?? card, chat, date: 1, from } }),
        },
      });
    }
    return { world, id, card, sends };
  }

  function received(of: ReturnType<typeof open>['world'], update: number, bytes: Uint8Array | undefined): void {
    const { storage, outbox, desk } = of.rooms;
    const files = createTextFiles({ storage, outbox, desk, scrub: (text) => text.replaceAll('SECRET', '***') });
    const wanted = of.content(`fetch:${update}`) as FetchContent;
    storage.transaction(() => files.received(wanted, { kind: 'read', bytes, chatId: OWNER, topicId: null }));
  }

  it('is a row before anything of it is read', async () => {
    const { world, id, sends } = open();

    const update = await sends();

    expect(world.content(`fetch:${update}`)).toMatchObject({ kind: 'fetch', fileId: 'f1', draftId: id, revision: 1 });
    expect(world.draft(id)?.revision).toBe(1);
  });

  it('becomes the text of the draft as it is, and once, however often it is read', async () => {
    const { world, id, sends } = open();
    const text = '\ufeff  e\u0301\r\n\u2028end \n';
    const update = await sends();

    received(world, update, Buffer.from(text));
    received(world, update, Buffer.from(text));

    expect(world.draft(id)).toMatchObject({ revision: 2, body: text });
  });

  it.each([
    ['has more than 1 MiB', undefined],
    ['is not UTF-8', Uint8Array.of(0x61, 0xc3)],
    ['is empty', Buffer.from(' \n\t')],
    ['holds a NUL', Buffer.from('a\0b')],
    ['looks like a token', Buffer.from('a SECRET b')],
  ])('changes nothing, and its owner is told why, when it %s', async (words, bytes) => {
    const { world, id, sends } = open();
    const update = await sends();

    received(world, update, bytes);

    expect(world.textOf(`reply:${update}:file`)).toContain(`Draft #${id} stays as it is: your file`);
    expect(world.textOf(`reply:${update}:file`)).toContain(words);
    expect(world.draft(id)).toMatchObject({ revision: 1, body: 'as it was' });
  });

  it('is not read when Telegram says that it is too large, or the draft is decided', async () => {
    const { world, id, sends } = open();

    const large = await sends({ fileSize: 1024 * 1024 + 1 });
    world.rooms.desk.reject(id, 1, `owner:${OWNER}`);
    const late = await sends();

    expect([large, late].map((update) => world.content(`fetch:${update}`))).toEqual([undefined, undefined]);
    expect(world.textOf(`reply:${large}:file`)).toContain('more than 1 MiB');
    expect(world.textOf(`reply:${late}:file`)).toContain('already rejected');
  });

  it('comes too late for a draft that was decided while it was read', async () => {
    const { world, id, sends } = open();
    const update = await sends();

    world.rooms.desk.approve(id, 1, `owner:${OWNER}`);
    received(world, update, Buffer.from('too late'));

    expect(world.textOf(`reply:${update}:file`)).toContain('already approved');
    expect(world.draft(id)?.body).toBe('as it was');
  });

  it('is nothing that we can read when it answers nothing', async () => {
    const { world, sends } = open();

    const update = await sends({ replyTo: undefined } as object);

    expect(world.textOf(`reply:${update}`)).toContain('I can only read text');
  });
});

describe('reading a file of an owner', () => {
  const wanted: Content = {
    kind: 'fetch',
    fileId: 'f1',
    maxBytes: 100,
    draftId: 1,
    revision: 1,
    actor: 'owner:1',
    updateId: 7,
  };

  function open(download: TelegramApi['downloadFile'], size = 5) {
    const heard: Fetched[] = [];
    const world = createSenderWorld(openStorage(), createVoidDisk(), undefined, undefined, {
      downloadFile: download,
      onFetched: (_, fetched) => void heard.push(fetched),
    });
    world.api.answerWith((call) => call.succeed({ file_path: 'documents/file_1', file_size: size }));
    world.send('fetch:7', 'card', wanted);
    return { world, heard };
  }

  it('is told of once, with its bytes', async () => {
    const { world, heard } = open(() => Promise.resolve(Buffer.from('hello')));
    await world.clock.rest();

    expect(heard).toEqual([{ kind: 'read', bytes: Buffer.from('hello'), chatId: 4242, topicId: null }]);
    expect(world.row('fetch:7')?.state).toBe('sent');
  });

  it('does not begin when Telegram says that it is too large', async () => {
    const { world, heard } = open(() => Promise.reject(new Error('it was read')), 101);
    await world.clock.rest();

    expect(heard).toEqual([{ kind: 'read', bytes: undefined, chatId: 4242, topicId: null }]);
  });

  it('is tried again when it does not come, and given up when Telegram refuses it', async () => {
    const failures: TelegramError[] = [
      new TelegramError('lost', 'downloadFile', 'the file did not come'),
      new TelegramError('bad-request', 'downloadFile', 'the answer was 404'),
    ];
    const { world, heard } = open(() => Promise.reject(failures.shift() ?? new Error('tried too often')));
    await world.clock.pass(60_000);

    expect(heard).toEqual([
      { kind: 'refused', reason: 'downloadFile: the answer was 404', chatId: 4242, topicId: null },
    ]);
    expect(world.row('fetch:7')?.state).toBe('refused');
  });
});

describe('downloading a file', () => {
  async function at(status: number, body: string | undefined, cut = false) {
    const paths: string[] = [];
    const server = createServer((request, response) => {
      paths.push(request.url ?? '');
      if (body === undefined) return void response.destroy();
      response.writeHead(status, cut ? { 'content-length': body.length + 10 } : {});
      response.write(body, () => (cut ? response.destroy() : response.end()));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const api = createGrammyApi(TOKEN, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const result = await api.downloadFile('documents/my file.txt', { maxBytes: 5, timeoutMs: 5_000 }).then(
      (bytes) => bytes && Buffer.from(bytes).toString(),
      (error: unknown) => error,
    );
    server.close();
    server.closeAllConnections();
    return { result, paths };
  }

  it('gives its bytes up to the limit, and nothing of one beyond it', async () => {
    expect(await at(200, 'hello')).toEqual({
      result: 'hello',
      paths: [`/file/bot${TOKEN}/documents/my%20file.txt`],
    });
    expect((await at(200, 'hello!')).result).toBeUndefined();
  });

  it.each([
    ['bad-request', 404, 'gone', false],
    ['server', 502, 'bad', false],
    ['lost', 200, undefined, false],
    ['lost', 200, 'hel', true],
  ] as const)('fails as %s, and never with the token, on the answer %d %s', async (code, status, body, cut) => {
    const { result } = await at(status, body, cut);

    expect(result).toBeInstanceOf(TelegramError);
    expect(result).toMatchObject({ code });
    expect(inspect(result, { depth: 9 })).not.toContain(TOKEN);
  });
});
