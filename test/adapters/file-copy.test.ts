import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createFileDisk } from '../../src/adapters/file-disk.ts';
import type { CopyRequest } from '../../src/ports.ts';
import { SMALL_DISK_BYTES, smallDisk } from '../fakes/small-disk.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

/** Node itself cannot make a pipe that has a name. */
const PIPE_MAKER = 'mkfifo';

let work = '';
let target = '';
const disk = createFileDisk();

beforeEach(() => {
  const folder = temporaryFolder();
  work = join(folder, 'work');
  target = join(folder, 'media');
  mkdirSync(work);
});

function copy(name: string, more: Partial<CopyRequest> = {}) {
  return disk.copyIn({
    from: join(work, name),
    within: work,
    keepOut: [],
    folder: target,
    maxBytes: () => 10_000_000,
    ...more,
  });
}

function put(name: string, content: string | Uint8Array): string {
  writeFileSync(join(work, name), content);
  return createHash('sha256').update(content).digest('hex');
}

describe('copying a file in', () => {
  it('keeps it under the hash of what it holds, for nobody but us, and once when it comes twice', async () => {
    const bytes = Buffer.alloc(3_500_000, 'nightdesk ');
    const sha256 = put('a.bin', bytes);
    put('b.bin', bytes);

    const first = await copy('a.bin');
    const second = await copy('b.bin');

    expect(first).toMatchObject({ kind: 'copied', sha256, sizeBytes: bytes.length });
    expect(second).toMatchObject({ kind: 'copied', sha256 });
    expect(first.kind === 'copied' && Buffer.from(first.head).equals(bytes.subarray(0, 64))).toBe(true);
    expect(readdirSync(target)).toEqual([sha256]);
    expect(readFileSync(join(target, sha256)).equals(bytes)).toBe(true);
    expect([statSync(target).mode & 0o777, statSync(join(target, sha256)).mode & 0o777]).toEqual([0o700, 0o600]);
  });

  it.each([
    ['missing', 'nothing.png'],
    ['missing', 'plain.txt/below'],
    ['not-a-file', 'folder'],
    ['not-a-file', 'pipe'],
    ['outside', 'to-device'],
    ['outside', 'to-secret'],
    ['outside', '../secret'],
    ['outside', 'kept/out.txt'],
    ['missing', 'to-nowhere'],
    ['empty', 'empty'],
  ])('refuses as %s: %s', async (why, name) => {
    mkdirSync(join(work, 'folder'));
    mkdirSync(join(work, 'kept'));
    execFileSync(PIPE_MAKER, [join(work, 'pipe')]);
    writeFileSync(join(work, '../secret'), 'secret');
    put('kept/out.txt', 'secret');
    put('plain.txt', 'x');
    put('empty', '');
    symlinkSync('/dev/zero', join(work, 'to-device'));
    symlinkSync('../secret', join(work, 'to-secret'));
    symlinkSync('nowhere', join(work, 'to-nowhere'));

    const result = await copy(name, { keepOut: [join(work, 'kept'), join(work, 'not there')] });

    expect(result).toEqual({ kind: 'refused', why });
  });

  it('takes a link that stays inside, and a folder that is itself a link', async () => {
    const sha256 = put('real.txt', 'hello');
    symlinkSync('real.txt', join(work, 'link.txt'));
    symlinkSync(work, `${work}-link`);

    expect(await copy('link.txt')).toMatchObject({ kind: 'copied', sha256 });
    expect(await copy('real.txt', { within: `${work}-link` })).toMatchObject({ kind: 'copied', sha256 });
  });

  it('refuses what is larger than a file of its beginning may be, and leaves nothing behind', async () => {
    put('large.bin', Buffer.alloc(1_000, 'P'));
    const maxBytes = (head: Uint8Array): number => (head[0] === 'P'.charCodeAt(0) ? 999 : 5_000);

    const refused = await copy('large.bin', { maxBytes });
    put('large.bin', Buffer.alloc(1_000, 'Q'));
    const taken = await copy('large.bin', { maxBytes });

    expect(refused).toEqual({ kind: 'refused', why: 'too-large', maxBytes: 999 });
    expect(taken.kind).toBe('copied');
    expect(readdirSync(target)).toHaveLength(1);
  });

  it('says so and keeps nothing half when the disk is full', async (context) => {
    const small = smallDisk();
    if (small === undefined) return context.skip();
    put('large.bin', Buffer.alloc(2 * SMALL_DISK_BYTES, 'x'));
    const folder = join(small, 'media');

    const result = await copy('large.bin', { folder });

    expect(result).toEqual({ kind: 'refused', why: 'full' });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says that it cannot be written when a file stands where the folder should be', async () => {
    put('a.txt', 'x');
    writeFileSync(target, 'in the way');

    expect(await copy('a.txt')).toEqual({ kind: 'refused', why: 'unwritable' });
  });
});

describe('reading a copy', () => {
  it('gives its bytes and their hash, and nothing of one that is larger, gone, or a link', async () => {
    const bytes = Buffer.alloc(2_300_000, 'abc');
    const sha256 = put('a', bytes);
    symlinkSync('a', join(work, 'link'));

    const read = await disk.readWhole(join(work, 'a'), bytes.length);

    expect(read?.sha256).toBe(sha256);
    expect(Buffer.from(read?.bytes ?? []).equals(bytes)).toBe(true);
    expect(await disk.digest(join(work, 'a'))).toBe(sha256);
    expect(await disk.readWhole(join(work, 'a'), bytes.length - 1)).toBeUndefined();
    expect(await disk.readWhole(join(work, 'link'), bytes.length)).toBeUndefined();
    renameSync(join(work, 'a'), join(work, 'b'));
    expect(await disk.digest(join(work, 'a'))).toBeUndefined();
  });
});
