import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createFileDisk } from '../../src/adapters/file-disk.ts';

let folder = '';
const disk = createFileDisk();
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nightdesk-disk-'));
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

  it('ignores what comes after its close', () => {
    const log = disk.openLog(join(folder, '1.log'));

    log.close();
    log.append(Buffer.from('late'));
    log.close();

    expect(readFileSync(join(folder, '1.log'), 'utf8')).toBe('');
  });
});

function makePipe(path: string): void {
  const program = 'mkfifo'; // Node itself cannot make one.
  execFileSync(program, [path]);
}
