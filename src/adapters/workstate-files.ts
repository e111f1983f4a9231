import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import { MAX_WORKSTATE_BYTES, WORKSTATE_FILE, type WorkstateSource } from '../work/workstate.ts';
import type { WorkstateFiles } from '../work/workstate-files.ts';
import { createFileDisk } from './file-disk.ts';

/** A pipe of that name must not keep anybody waiting for its other end. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** Builds the WORKSTATE.md files on the disk of this machine. */
export function createWorkstateFiles(): WorkstateFiles {
  const disk = createFileDisk();
  return { mark, read, write: (workdir, text) => disk.writeText(join(workdir, WORKSTATE_FILE), text) };
}

function mark(workdir: string): string | undefined {
  try {
    const { ino, size, mtimeMs, ctimeMs } = lstatSync(join(workdir, WORKSTATE_FILE));
    return `${ino}:${size}:${mtimeMs}:${ctimeMs}`;
  } catch {
    return undefined;
  }
}

function read(workdir: string): WorkstateSource {
  try {
    const path = realpathSync(join(workdir, WORKSTATE_FILE));
    if (!path.startsWith(realpathSync(workdir) + sep)) return { kind: 'outside' };
    const file = openSync(path, READ_FLAGS);
    try {
      const stats = fstatSync(file);
      if (!stats.isFile()) return { kind: 'no-file' };
      const bytes = Buffer.alloc(Math.min(stats.size, MAX_WORKSTATE_BYTES) + 1);
      let length = 0;
      while (length < bytes.length) {
        const count = readSync(file, bytes, length, bytes.length - length, length);
        if (count === 0) break;
        length += count;
      }
      return { kind: 'file', bytes: bytes.subarray(0, length), modifiedAt: Math.round(stats.mtimeMs) };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return code === 'ENOENT' || code === 'ENOTDIR' ? { kind: 'missing' } : { kind: 'unreadable', code };
  }
}
