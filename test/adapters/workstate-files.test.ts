import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createWorkstateFiles } from '../../src/adapters/workstate-files.ts';
import { MAX_WORKSTATE_BYTES } from '../../src/work/workstate.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

const files = createWorkstateFiles();

/** A workdir beside a file that is not its own. */
function open() {
  const folder = temporaryFolder();
  const workdir = join(folder, 'scout');
  mkdirSync(workdir);
  writeFileSync(join(folder, 'other.md'), 'of somebody else');
  return { folder, workdir, path: join(workdir, 'WORKSTATE.md') };
}

function textIn(workdir: string): string {
  const source = files.read(workdir);
  return source.kind === 'file' ? Buffer.from(source.bytes).toString() : source.kind;
}

describe('the WORKSTATE.md files on the disk', () => {
  it('are read and written as a whole, and their mark changes with them', () => {
    const { workdir, path } = open();
    expect([files.mark(workdir), files.read(workdir)]).toEqual([undefined, { kind: 'missing' }]);

    files.write(workdir, 'one');
    const first = files.mark(workdir);
    files.write(workdir, 'two');

    expect(textIn(workdir)).toBe('two');
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(files.mark(workdir)).not.toBe(first);
  });

  it('are not read through a link that leads out, and are written in its place', () => {
    const { folder, workdir, path } = open();
    symlinkSync('../other.md', path);
    expect(files.read(workdir)).toEqual({ kind: 'outside' });

    files.write(workdir, 'my own');

    expect(textIn(workdir)).toBe('my own');
    expect(readFileSync(join(folder, 'other.md'), 'utf8')).toBe('of somebody else');
  });

  it('are read through a link that stays inside, also where the workdir itself is a link', () => {
    const { folder, workdir, path } = open();
    writeFileSync(join(workdir, 'state.md'), 'mine');
    symlinkSync('state.md', path);
    symlinkSync(workdir, join(folder, 'alias'));

    expect([textIn(workdir), textIn(join(folder, 'alias'))]).toEqual(['mine', 'mine']);
  });

  it('are none when a folder, a pipe, or a link to nowhere has their name', () => {
    const [one, two, three] = [open(), open(), open()];
    mkdirSync(one.path);
    execFileSync('mkfifo', [two.path]);
    symlinkSync('nowhere.md', three.path);

    expect([one, two, three].map(({ workdir }) => textIn(workdir))).toEqual(['no-file', 'no-file', 'missing']);
  });

  it('are read no further than one byte beyond what may be kept', () => {
    const { workdir, path } = open();
    writeFileSync(path, Buffer.alloc(3 * MAX_WORKSTATE_BYTES, 'x'));

    expect(textIn(workdir)).toHaveLength(MAX_WORKSTATE_BYTES + 1);
  });

  it.skipIf(process.getuid?.() === 0)('say why they cannot be read', () => {
    const { workdir, path } = open();
    writeFileSync(path, 'x');
    chmodSync(path, 0);

    expect(files.read(workdir)).toEqual({ kind: 'unreadable', code: 'EACCES' });
  });

  it('count a hard link as a file of the workdir', () => {
    const { folder, workdir, path } = open();
    linkSync(join(folder, 'other.md'), path);

    expect(textIn(workdir)).toBe('of somebody else');
  });
});
