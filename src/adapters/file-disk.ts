import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Disk, DiskFile } from '../ports.ts';
import { copyIn, digest, readWhole } from './file-copy.ts';
import { compressFile, readCompressed } from './gzip-file.ts';
import { openLogFile } from './log-file.ts';

/** Agents write files that we read: without O_NONBLOCK, a pipe put in a file's place would hold up the whole program. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** Builds the Disk port on the machine's file system. */
export function createFileDisk(): Disk {
  return {
    readText,
    writeText,
    rename,
    touch,
    ensureFolder,
    openLog: openLogFile,
    compress: compressFile,
    readLog: async (path, maxBytes) =>
      (await readEnd(path, maxBytes)) ?? (await readCompressed(`${path}.gz`, maxBytes)),
    listFiles,
    remove: (path) => rmSync(path, { force: true }),
    copyIn,
    readWhole,
    digest,
  };
}

function touch(path: string): void {
  const now = new Date();
  utimesSync(path, now, now);
}

function ensureFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
}

function readText(path: string, maxBytes: number): { text: string; modifiedAt: number } | undefined {
  let file: number;
  try {
    file = openSync(path, READ_FLAGS);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) return undefined;
    const bytes = Buffer.alloc(Math.min(maxBytes, stats.size));
    let length = 0;
    while (length < bytes.length) {
      const read = readSync(file, bytes, length, bytes.length - length, length);
      if (read === 0) break;
      length += read;
    }
    return { text: bytes.toString('utf8', 0, length), modifiedAt: Math.round(stats.mtimeMs) };
  } finally {
    closeSync(file);
  }
}

function writeText(path: string, text: string): void {
  ensureFolder(dirname(path));
  const part = `${path}.part`;
  try {
    rmSync(part, { force: true });
    // Flushed, or a power cut may leave the new name with nothing in it.
    writeFileSync(part, text, { mode: 0o600, flag: 'wx', flush: true });
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

/** The folder is flushed, too: what its caller writes down next, relying on it, must not outlive it. */
function rename(from: string, to: string): void {
  renameSync(from, to);
  const folder = openSync(dirname(to), constants.O_RDONLY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** The last `maxBytes` of a file; undefined when it cannot be read. */
async function readEnd(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  try {
    await using file = await open(path, READ_FLAGS);
    const stats = await file.stat();
    if (!stats.isFile()) return undefined;
    const bytes = Buffer.alloc(Math.min(maxBytes, stats.size));
    const from = stats.size - bytes.length;
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, from + length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return bytes.subarray(0, length);
  } catch {
    return undefined;
  }
}

function listFiles(folder: string): readonly DiskFile[] {
  const files: DiskFile[] = [];
  const folders = [folder];
  for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
    for (const entry of entriesOf(path)) {
      const below = join(path, entry.name);
      if (entry.isDirectory()) folders.push(below);
      else if (entry.isFile()) {
        const stats = lstatSync(below, { throwIfNoEntry: false });
        if (stats !== undefined)
          files.push({ path: below, sizeBytes: stats.size, modifiedAt: Math.round(stats.mtimeMs) });
      }
    }
  }
  return files;
}

/** What stands in a folder; one that is gone, or locked by whoever owns it, must not hide the others. */
function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
