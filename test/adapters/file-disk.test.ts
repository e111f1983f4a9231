import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { createFileDisk } from '../../src/adapters/file-disk.ts';
import { SMALL_DISK_BYTES, smallDisk } from '../fakes/small-disk.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

let folder = '';
const disk = createFileDisk();
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

beforeEach(() => {
  folder = temporaryFolder();
});

describe('reading a file', () => {
  it('gives its text and when it was changed', () => {
    writeFileSync(join(folder, 'a.md'), 'grüß');

    const file = disk.readText(join(folder, 'a.md'), 100);

    expect(file?.text).toBe('grüß');
    expect(file?.modifiedAt).toBe(Math.round(statSync(join(folder, 'a.md')).mtimeMs));
  });

  it('gives no more than was asked for', () => {
    writeFileSync(join(folder, 'long.md'), 'x'.repeat(1000));

    expect(disk.readText(join(folder, 'long.md'), 10)?.text).toBe('xxxxxxxxxx');
  });

  it('gives undefined when there is none', () => {
    writeFileSync(join(folder, 'a.md'), '');

    expect(disk.readText(join(folder, 'none.md'), 10)).toBeUndefined();
    expect(disk.readText(join(folder, 'a.md', 'below'), 10)).toBeUndefined();
  });

  it('gives undefined for a folder, and for a pipe without waiting for it', () => {
    makePipe(join(folder, 'pipe'));

    expect(disk.readText(folder, 10)).toBeUndefined();
    expect(disk.readText(join(folder, 'pipe'), 10)).toBeUndefined();
  });
});

describe('writing a file', () => {
  it('makes it private, in a private folder, and replaces an older one', () => {
    const path = join(folder, 'settings', 'a.json');

    disk.writeText(path, 'one');
    disk.writeText(path, 'zwei ü');

    expect(readFileSync(path, 'utf8')).toBe('zwei ü');
    expect([mode(path), mode(join(folder, 'settings'))]).toEqual(['600', '700']);
    expect(readdirSync(join(folder, 'settings'))).toEqual(['a.json']);
  });

  it('says why when it cannot, and leaves nothing half done', () => {
    mkdirSync(join(folder, 'a.json'));

    expect(() => disk.writeText(join(folder, 'a.json'), 'one')).toThrow(/EISDIR|ENOTEMPTY|EEXIST|directory/);
    expect(readdirSync(folder)).toEqual(['a.json']);
  });

  it('keeps the older text when the disk is full', ({ skip }) => {
    const full = smallDisk() ?? skip('a small disk can only be mounted by root on Linux');
    disk.writeText(join(full, 'a.json'), 'older');

    expect(() => disk.writeText(join(full, 'a.json'), 'x'.repeat(SMALL_DISK_BYTES))).toThrow(/ENOSPC/);
    expect(readFileSync(join(full, 'a.json'), 'utf8')).toBe('older');
    expect(readdirSync(full)).toEqual(['a.json']);
  });
});

describe('a log file', () => {
  it('is private, and so is its folder', () => {
    const log = disk.openLog(join(folder, 'logs', 'scout', '1.log'));
    log.append(Buffer.from('hello'));
    log.close();

    expect(readFileSync(join(folder, 'logs', 'scout', '1.log'), 'utf8')).toBe('hello');
    expect(mode(join(folder, 'logs', 'scout', '1.log'))).toBe('600');
    expect(mode(join(folder, 'logs', 'scout'))).toBe('700');
    expect(mode(join(folder, 'logs'))).toBe('700');
  });

  it('exists as soon as it is open, and grows by appending', () => {
    const path = join(folder, '1.log');
    const first = disk.openLog(path);
    expect(existsSync(path)).toBe(true);
    first.append(Buffer.from('one '));
    first.close();
    const second = disk.openLog(path);
    second.append(Buffer.from('two'));
    second.close();

    expect(readFileSync(path, 'utf8')).toBe('one two');
  });

  it('does not throw when it cannot be written, and says how much is missing when it can again', () => {
    writeFileSync(join(folder, 'logs'), 'a file where the folder should be');
    const log = disk.openLog(join(folder, 'logs', '1.log'));
    log.append(Buffer.from('lost'));
    rmSync(join(folder, 'logs'));
    mkdirSync(join(folder, 'logs'));

    log.append(Buffer.from('kept'));
    log.close();

    expect(readFileSync(join(folder, 'logs', '1.log'), 'utf8')).toBe('\n… 4 bytes could not be written …\nkept');
  });

  it('takes a full disk as lost bytes', () => {
    const log = disk.openLog('/dev/full');

    expect(() => log.append(Buffer.from('lost'))).not.toThrow();
    log.close();
  });

  it('replaces an end that did not fit the full disk once there is room', ({ skip }) => {
    const full = smallDisk() ?? skip('a small disk can only be mounted by root on Linux');
    const path = join(full, '1.log');
    const log = disk.openLog(path);
    log.append(Buffer.from('head\n'));
    log.replaceEnd(5, [Buffer.from('older end')]);
    writeFileSync(join(full, 'other'), 'x'.repeat(SMALL_DISK_BYTES - 4096));

    log.replaceEnd(5, [Buffer.from('newer '), Buffer.from('y'.repeat(10_000))]);
    const whileFull = readFileSync(path, 'utf8');
    rmSync(join(full, 'other'));
    log.replaceEnd(5, [Buffer.from('last end')]);
    log.close();

    expect(whileFull).toMatch(/^head\nnewer y{4085}$/);
    expect(readFileSync(path, 'utf8')).toBe('head\nlast end');
  });

  it('overwrites the older end on a full disk instead of losing it', ({ skip }) => {
    const full = smallDisk() ?? skip('a small disk can only be mounted by root on Linux');
    const path = join(full, '1.log');
    const log = disk.openLog(path);
    log.append(Buffer.from('head\n'));
    log.replaceEnd(5, [Buffer.alloc(3000, 'o')]);
    writeFileSync(join(full, 'other'), 'x'.repeat(SMALL_DISK_BYTES - 4096));

    log.replaceEnd(5, [Buffer.alloc(2000, 'n')]);
    log.close();

    expect(readFileSync(path, 'utf8')).toBe(`head\n${'n'.repeat(2000)}`);
  });

  it('replaces its end as often as it is asked to, shorter or longer', () => {
    const path = join(folder, '1.log');
    const log = disk.openLog(path);
    log.append(Buffer.from('head '));
    const seen = ['tail', 'a longer tail', 'end'].map((text) => {
      log.replaceEnd(5, [Buffer.from('… '), Buffer.from(text)]);
      return readFileSync(path, 'utf8');
    });
    log.replaceEnd(2, []);
    log.close();

    expect(seen).toEqual(['head … tail', 'head … a longer tail', 'head … end']);
    expect(readFileSync(path, 'utf8')).toBe('he');
  });

  it('keeps what it appended when a lost piece made it longer or shorter than it was told', () => {
    const path = join(folder, 'logs', '1.log');
    writeFileSync(join(folder, 'logs'), 'a file where the folder should be');
    const log = disk.openLog(path);
    log.append(Buffer.from('lost'));
    rmSync(join(folder, 'logs'));
    log.append(Buffer.from('kept '));

    log.replaceEnd('lostkept '.length, [Buffer.from('tail')]);
    log.replaceEnd('lostkept '.length, [Buffer.from('end')]);
    log.close();

    expect(readFileSync(path, 'utf8')).toBe('\n… 4 bytes could not be written …\nkept end');
  });

  it('marks what was lost before its end when nothing is appended any more', () => {
    const path = join(folder, 'logs', '1.log');
    writeFileSync(join(folder, 'logs'), 'a file where the folder should be');
    const log = disk.openLog(path);
    log.append(Buffer.from('lost'));
    log.replaceEnd(4, [Buffer.from('lost, too')]);
    rmSync(join(folder, 'logs'));

    log.replaceEnd(4, [Buffer.from('tail')]);
    log.replaceEnd(4, [Buffer.from('end')]);
    log.close();

    expect(readFileSync(path, 'utf8')).toBe('\n… 4 bytes could not be written …\nend');
  });

  it('ignores what comes after its close', () => {
    const log = disk.openLog(join(folder, '1.log'));

    log.close();
    log.append(Buffer.from('late'));
    log.replaceEnd(0, [Buffer.from('late')]);
    log.close();

    expect(readFileSync(join(folder, '1.log'), 'utf8')).toBe('');
  });
});

describe('compressing a log', () => {
  it('replaces it by a private one of the same age that holds the same', async () => {
    const path = join(folder, '1.log');
    const text = 'a line of output\n'.repeat(50_000);
    writeFileSync(path, text);
    utimesSync(path, 1_700_000_000, 1_700_000_000);

    expect(await disk.compress(path)).toBe(true);

    expect(readdirSync(folder)).toEqual(['1.log.gz']);
    expect(gunzipSync(readFileSync(`${path}.gz`)).toString()).toBe(text);
    expect(mode(`${path}.gz`)).toBe('600');
    expect(statSync(`${path}.gz`).mtimeMs).toBe(1_700_000_000_000);
    expect(statSync(`${path}.gz`).size).toBeLessThan(text.length / 50);
  });

  it('leaves it as it was when there is no room for the other', async ({ skip }) => {
    const full = smallDisk() ?? skip('a small disk can only be mounted by root on Linux');
    const noise = randomBytes(SMALL_DISK_BYTES / 2);
    writeFileSync(join(full, '1.log'), noise);
    writeFileSync(join(full, 'other'), 'x'.repeat(SMALL_DISK_BYTES / 4));

    expect(await disk.compress(join(full, '1.log'))).toBe(false);

    expect(readdirSync(full).toSorted()).toEqual(['1.log', 'other']);
    expect(readFileSync(join(full, '1.log')).equals(noise)).toBe(true);
  });

  it('gives false for what is not there, and for a folder', async () => {
    expect(await disk.compress(join(folder, 'none.log'))).toBe(false);
    expect(await disk.compress(folder)).toBe(false);
  });

  it('mends what a crash left half done', async () => {
    const path = join(folder, '1.log');
    writeFileSync(path, 'whole');
    writeFileSync(`${path}.gz`, gzipSync('older'));
    writeFileSync(`${path}.gz.part`, 'half');

    expect(await disk.compress(path)).toBe(true);

    expect(readdirSync(folder)).toEqual(['1.log.gz']);
    expect(gunzipSync(readFileSync(`${path}.gz`)).toString()).toBe('whole');
  });
});

describe('reading the end of a log', () => {
  const read = async (path: string, maxBytes: number) => {
    const bytes = await disk.readLog(path, maxBytes);
    return bytes === undefined ? undefined : Buffer.from(bytes).toString();
  };

  it('gives the last bytes, compressed or not', async () => {
    const path = join(folder, '1.log');
    const text = Array.from({ length: 100_000 }, (_, line) => `line ${line}\n`).join('');
    writeFileSync(path, text);
    const plain = [await read(path, 12), await read(path, 500_000), (await read(path, 1e9))?.length];
    await disk.compress(path);

    const packed = [await read(path, 12), await read(path, 500_000), (await read(path, 1e9))?.length];

    expect(plain[0]).toBe(text.slice(-12));
    expect(plain[1]).toBe(text.slice(-500_000));
    expect(plain[2]).toBe(text.length);
    expect(packed).toEqual(plain);
  });

  it('gives nothing of an empty one, and undefined when there is none', async () => {
    writeFileSync(join(folder, '1.log'), '');
    writeFileSync(join(folder, '2.log.gz'), gzipSync(''));
    makePipe(join(folder, '3.log'));
    writeFileSync(join(folder, '4.log.gz'), 'not compressed at all');

    expect(await read(join(folder, '1.log'), 10)).toBe('');
    expect(await read(join(folder, '2.log'), 10)).toBe('');
    expect(await read(join(folder, '3.log'), 10)).toBeUndefined();
    expect(await read(join(folder, '4.log'), 10)).toBeUndefined();
    expect(await read(join(folder, '5.log'), 10)).toBeUndefined();
  });

  it('gives what can still be read of one that is cut off', async () => {
    const whole = gzipSync(Array.from({ length: 200_000 }, (_, line) => `line ${line * 7919}\n`).join(''));
    writeFileSync(join(folder, '1.log.gz'), whole.subarray(0, whole.length - 1000));

    expect(await read(join(folder, '1.log'), 1e9)).toMatch(/^line 0\nline 7919\n/);
  });
});

describe('listing files', () => {
  it('gives every file below, with size and age, and follows no link', () => {
    mkdirSync(join(folder, 'scout'));
    writeFileSync(join(folder, 'scout', '1.log'), 'four');
    utimesSync(join(folder, 'scout', '1.log'), 1_700_000_000, 1_700_000_000);
    writeFileSync(join(folder, 'top'), '');
    symlinkSync('/', join(folder, 'root'));
    symlinkSync(join(folder, 'top'), join(folder, 'again'));

    const files = disk.listFiles(folder).toSorted((a, b) => a.path.localeCompare(b.path));

    expect(files.map((file) => [file.path.slice(folder.length), file.sizeBytes])).toEqual([
      ['/scout/1.log', 4],
      ['/top', 0],
    ]);
    expect(files[0]?.modifiedAt).toBe(1_700_000_000_000);
  });

  it('gives none of a folder that is not there', () => {
    expect(disk.listFiles(join(folder, 'none'))).toEqual([]);
  });
});

describe('removing a file', () => {
  it('does nothing when it is gone', () => {
    writeFileSync(join(folder, 'a'), '');

    disk.remove(join(folder, 'a'));
    disk.remove(join(folder, 'a'));

    expect(readdirSync(folder)).toEqual([]);
  });
});

function makePipe(path: string): void {
  const program = 'mkfifo'; // Node itself cannot make one.
  execFileSync(program, [path]);
}
