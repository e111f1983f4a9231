import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createFileDisk } from '../../src/adapters/file-disk.ts';
import { groupMedia, hashDraft, type MediaFile, mediaPath, sizeWords } from '../../src/drafts/media.ts';
import { createMediaRoom } from '../../src/drafts/media-room.ts';
import type { MediaType } from '../../src/media-type.ts';
import type { MediaContent } from '../../src/telegram/outbox.ts';
import { createRoomWorld, SECOND, type RoomWorld } from '../loop/room-world.ts';

const PNG = Buffer.from('\x89PNG\r\n\x1a\n and a picture', 'latin1');
const DAY = 86_400_000;

function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function file(name: string, type: MediaType, sizeBytes = 1_000): MediaFile {
  return { name, type, sizeBytes, sha256: hashOf(name) };
}

describe('the files of a draft', () => {
  it('are bound by its hash, which is that of the text alone without them', () => {
    const [first, second] = [file('a', 'image/png'), file('b', 'image/png')];

    expect(hashDraft('hello\n')).toBe(hashOf('hello\n'));
    expect(hashDraft('hello', [first])).toBe(hashOf(`hello\0${first.sha256}`));
    expect(
      new Set([hashDraft('x', [first, second]), hashDraft('x', [second, first]), hashDraft('x', [first])]).size,
    ).toBe(3);
  });

  it('are shown together where Telegram lets them, and no more at once than one request takes', () => {
    const media = [
      file('a.png', 'image/png'),
      file('notes.pdf', 'application/pdf'),
      file('film.mp4', 'video/mp4'),
      file('song.mp3', 'audio/mpeg'),
      file('anim.gif', 'image/gif'),
      file('long.mp4', 'video/mp4', 44_999_000),
    ];

    expect(groupMedia('/home', media).map((group) => group.map(({ name, as }) => `${as} ${name}`))).toEqual([
      ['photo a.png', 'video film.mp4'],
      ['document notes.pdf', 'document anim.gif'],
      ['audio song.mp3'],
      ['video long.mp4'],
    ]);
  });

  it.each([
    [640, '640 B'],
    [12_400, '12 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [10_485_760, '10.5 MB'],
  ])('have a size that is read as a person reads it: %d is %s', (bytes, words) => {
    expect(sizeWords(bytes)).toBe(words);
  });
});

describe('a draft with files', () => {
  let world: RoomWorld | undefined;

  afterEach(() => {
    world?.close();
    world = undefined;
  });

  async function open() {
    const fleet = createRoomWorld(`timezone: UTC
home: ./state
telegram: { owners: [1] }
agents:
  writer: { runtime: command, command: [/bin/writer], schedule: every 24h }
  poster: { runtime: command, command: [/bin/poster], publishes: [reply] }
`);
    world = fleet;
    fleet.behaviours['writer'] = (program) => program.exits(0);
    await fleet.begin();
    const workdir = fleet.fleet.agents.get('writer')?.workdir ?? '';
    mkdirSync(workdir, { recursive: true });
    return { fleet, workdir, home: fleet.fleet.home };
  }

  async function take(fleet: RoomWorld, ...paths: readonly string[]): Promise<readonly MediaFile[]> {
    const taken = await fleet.rooms.media.take('writer', paths);
    if (taken.kind === 'refused') throw new Error(taken.reason);
    return taken.media;
  }

  function submit(fleet: RoomWorld, body: string, more: { media?: readonly MediaFile[]; key?: string } = {}) {
    const run = fleet.storage.runs.lastOf('writer')?.id ?? 0;
    return fleet.rooms.desk.submit({ agent: 'writer', run, kind: 'reply', to: '@ada', body, ...more });
  }

  function mediaRows(fleet: RoomWorld): MediaContent[] {
    return fleet.storage.outbox
      .due(Number.MAX_SAFE_INTEGER, 100)
      .map((row) => JSON.parse(row.content) as MediaContent)
      .filter(({ kind }) => kind === 'media');
  }

  /** Lets the disk do its work, and then the world its own. */
  async function until(fleet: RoomWorld, isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      await fleet.advance(SECOND);
    }
  }

  it('names its files as they are, not as they are called, from wherever its agent says that they lie', async () => {
    const { fleet, workdir, home } = await open();
    mkdirSync(join(workdir, 'out'));
    writeFileSync(join(workdir, 'out/cover.jpg'), PNG);

    const relative = await take(fleet, 'out/../out/cover.jpg');
    const absolute = await take(fleet, join(workdir, 'out/cover.jpg'));

    expect(relative).toEqual([{ name: 'cover.jpg', type: 'image/png', sizeBytes: PNG.length, sha256: hashOf(PNG) }]);
    expect(absolute).toEqual(relative);
    expect(readdirSync(join(home, 'media'))).toEqual([hashOf(PNG)]);
  });

  it.each([
    ['nothing.png', 'there is no such file'],
    ['.', 'no file'],
    ['/etc/hostname', 'does not lie in'],
    ['link', 'does not lie in'],
    ['empty.txt', 'is empty'],
    ['huge.png', 'has more than 10.5 MB'],
  ])('is refused in a sentence when one of them cannot be taken: %s', async (name, words) => {
    const { fleet, workdir } = await open();
    symlinkSync('/etc/hostname', join(workdir, 'link'));
    writeFileSync(join(workdir, 'empty.txt'), '');
    writeFileSync(join(workdir, 'huge.png'), Buffer.concat([PNG, Buffer.alloc(10_485_760)]));
    writeFileSync(join(workdir, 'fine.png'), PNG);

    const taken = await fleet.rooms.media.take('writer', ['fine.png', name]);

    expect(taken).toEqual({ kind: 'refused', reason: expect.stringContaining(`${name}: `) as string });
    expect(taken.kind === 'refused' && taken.reason).toContain(words);
  });

  it('shows them below its card, once, also when its text is edited, and keeps them then', async () => {
    const { fleet, workdir, home } = await open();
    writeFileSync(join(workdir, 'cover.png'), PNG);
    writeFileSync(join(workdir, 'notes.txt'), 'some notes');
    const media = await take(fleet, 'cover.png', 'notes.txt');

    submit(fleet, 'hello', { media });
    fleet.rooms.desk.edit(1, 1, 'hello you', 'owner:1');

    const cards = [1, 2].map((revision) => fleet.shown().find(({ key }) => key === `draft:1:r${revision}`)?.text);
    expect(cards[0]).toContain('📎 2 files, below');
    expect(cards[1]).toContain('📎 2 files, above');
    expect(mediaRows(fleet)).toEqual([
      {
        kind: 'media',
        files: [
          {
            as: 'photo',
            path: mediaPath(home, hashOf(PNG)),
            name: 'cover.png',
            sha256: hashOf(PNG),
            caption: 'cover.png · 22 B',
          },
        ],
      },
      { kind: 'media', files: [expect.objectContaining({ as: 'document', name: 'notes.txt' }) as object] },
    ]);
    expect(fleet.storage.drafts.get(1)).toMatchObject({
      hash: hashDraft('hello you', media),
      media: JSON.stringify(media),
    });
  });

  it('takes a version with files of its own, or keeps those that there are', async () => {
    const { fleet, workdir } = await open();
    writeFileSync(join(workdir, 'cover.png'), PNG);
    writeFileSync(join(workdir, 'notes.txt'), 'some notes');
    const media = await take(fleet, 'cover.png');
    const others = await take(fleet, 'notes.txt');
    submit(fleet, 'hello', { media });
    const run = fleet.storage.runs.lastOf('writer')?.id ?? 0;
    const version = { agent: 'writer', run, draft: 1 };

    fleet.rooms.desk.wantVersion(1, 1, 'shorter', 'owner:1');
    fleet.rooms.desk.submitVersion({ ...version, body: 'hi' });
    const kept = fleet.storage.drafts.get(1)?.media;
    fleet.rooms.desk.wantVersion(1, 2, 'another picture', 'owner:1');
    const other = fleet.rooms.desk.submitVersion({ ...version, body: 'hi', media: others });

    expect(kept).toBe(JSON.stringify(media));
    expect(other).toMatchObject({ kind: 'accepted', existing: false });
    expect(fleet.storage.drafts.get(1)).toMatchObject({ revision: 3, media: JSON.stringify(others) });
    expect(mediaRows(fleet)).toHaveLength(2);
  });

  it('tells its publisher what they are and where', async () => {
    const { fleet, workdir, home } = await open();
    writeFileSync(join(workdir, 'cover.png'), PNG);
    submit(fleet, 'hello', { media: await take(fleet, 'cover.png') });
    submit(fleet, 'without');

    fleet.rooms.desk.approve(1, 1, 'owner:1');
    await until(fleet, () => fleet.named('poster').length === 1);
    const [first] = fleet.named('poster');
    first?.exits(0);
    fleet.rooms.desk.approve(2, 1, 'owner:1');
    await until(fleet, () => fleet.named('poster').length === 2);

    const [given, other] = fleet.named('poster').map(({ request }) => JSON.parse(request.stdin ?? '') as object);
    const path = mediaPath(home, hashOf(PNG));
    expect(given).toMatchObject({
      body: 'hello',
      media: [{ name: 'cover.png', type: 'image/png', size: PNG.length, sha256: hashOf(PNG), path }],
    });
    expect(other).not.toHaveProperty('media');
  });

  it.each([
    ['gone', (path: string) => rmSync(path)],
    ['changed', (path: string) => writeFileSync(path, 'another picture')],
  ])('is not published, and waits for its owner again, when a copy is %s', async (words, harm) => {
    const { fleet, workdir, home } = await open();
    writeFileSync(join(workdir, 'cover.png'), PNG);
    submit(fleet, 'hello', { media: await take(fleet, 'cover.png') });

    harm(mediaPath(home, hashOf(PNG)));
    fleet.rooms.desk.approve(1, 1, 'owner:1');
    await until(fleet, () => fleet.storage.drafts.get(1)?.state === 'pending');

    expect(fleet.named('poster')).toEqual([]);
    expect(fleet.storage.drafts.get(1)?.reason).toContain('cover.png');
    expect(fleet.storage.drafts.get(1)?.reason).toContain(words);
  });

  it('is refused when a text among them holds a secret, which is not kept then', async () => {
    const { fleet, workdir, home } = await open();
    writeFileSync(join(workdir, 'log.txt'), `${'.'.repeat(65_530)}sk-ant-oat01-${'TEST'.repeat(10)}\n`);
    writeFileSync(join(workdir, 'long.txt'), 'nothing '.repeat(20_000));

    const refused = await fleet.rooms.media.take('writer', ['log.txt']);
    let taken: unknown;
    void fleet.rooms.media.take('writer', ['long.txt']).then((result) => (taken = result));
    await until(fleet, () => taken !== undefined);

    expect(refused).toMatchObject({ kind: 'refused', reason: expect.stringContaining('log.txt: it holds') as string });
    expect(taken).toMatchObject({ kind: 'taken' });
    expect(readdirSync(join(home, 'media'))).toEqual([hashOf('nothing '.repeat(20_000))]);
  });

  it('is told that there is no room as long as the disk is full', async () => {
    const { fleet, workdir } = await open();
    writeFileSync(join(workdir, 'cover.png'), PNG);
    const { storage } = fleet;
    const clock = { now: fleet.now, monotonic: fleet.now, after: () => () => {} };
    const media = createMediaRoom({
      fleet: fleet.fleet,
      storage,
      clock,
      disk: createFileDisk(),
      mayWrite: () => false,
      scrub: (text) => text,
    });

    const taken = await media.take('writer', ['cover.png']);

    expect(taken).toMatchObject({ kind: 'refused', reason: expect.stringContaining('disk is full') as string });
  });

  it('lets its files go a month after nobody needs them any more', async () => {
    const { fleet, workdir, home } = await open();
    for (const name of ['kept', 'old', 'open']) writeFileSync(join(workdir, name), name);
    for (const name of ['old', 'open']) submit(fleet, name, { media: await take(fleet, name) });
    fleet.rooms.desk.reject(1, 1, 'owner:1');
    fleet.jump(31 * DAY);
    submit(fleet, 'kept', { media: await take(fleet, 'kept') });
    writeFileSync(join(home, 'media/part-0123'), 'half');
    writeFileSync(join(home, 'media/just-copied'), 'x');
    const longAgo = new Date(fleet.now() - 2 * DAY);
    for (const name of [...['kept', 'old', 'open'].map(hashOf), 'part-0123'])
      utimesSync(join(home, 'media', name), longAgo, longAgo);
    utimesSync(join(home, 'media/just-copied'), new Date(fleet.now()), new Date(fleet.now()));

    fleet.rooms.media.clear();

    const left = (name: string): boolean => existsSync(join(home, 'media', name));
    expect(['kept', 'old', 'open'].map((name) => left(hashOf(name)))).toEqual([true, false, true]);
    expect([left('part-0123'), left('just-copied')]).toEqual([false, true]);
  });
});
