import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Disk, LogFile } from '../ports.ts';

/** Builds the Disk port on the machine's file system. */
export function createFileDisk(): Disk {
  return { readText, ensureFolder, openLog };
}

function ensureFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
}

function readText(path: string, maxBytes: number): { text: string; modifiedAt: number } | undefined {
  let file: number;
  try {
    // Agents write the files that we read: without O_NONBLOCK, a pipe put in a file's place would hold up the whole program.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
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

/**
 * States: open, or closed for good. A log that cannot be opened or written (disk full, folder not ours) must not end the run that it
 * tells of: what is lost is counted, and the count stands in the file before the next bytes that fit again.
 */
function openLog(path: string): LogFile {
  let file: number | undefined;
  let closed = false;
  let droppedBytes = 0;

  function open(): number {
    ensureFolder(dirname(path));
    return openSync(path, 'a', 0o600);
  }
  function write(chunk: Uint8Array): void {
    let written = 0;
    try {
      file ??= open();
      if (droppedBytes > 0) {
        writeSync(file, `\n… ${droppedBytes} bytes could not be written …\n`);
        droppedBytes = 0;
      }
      while (written < chunk.length) written += writeSync(file, chunk, written);
    } catch {
      droppedBytes += chunk.length - written;
    }
  }

  write(new Uint8Array(0));
  return {
    append(chunk) {
      if (!closed) write(chunk);
    },
    close() {
      if (closed) return;
      closed = true;
      if (file !== undefined) closeSync(file);
    },
  };
}
