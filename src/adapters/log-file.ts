import { closeSync, constants, fstatSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { LogFile } from '../ports.ts';

/**
 * Opens one log file, made 0600 in a folder of 0700.
 *
 * States: open, or closed for good. A log that cannot be opened or written (disk full, folder not ours) must not end the run that it
 * tells of: what is lost is counted, and the count stands in the file before the next bytes that fit again.
 */
export function openLogFile(path: string): LogFile {
  let file: number | undefined;
  let closed = false;
  let droppedBytes = 0;
  let sizeBytes = 0;
  /** What was given to `append`, and where it ends in the file: not the same once a write has failed. */
  let appendedBytes = 0;
  let appendedEnd = 0;

  /** The file, if it can be opened by now. */
  function opened(): number | undefined {
    if (file !== undefined) return file;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      // Not O_APPEND: with it, Linux ignores the position that a write names.
      file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
      sizeBytes = fstatSync(file).size;
      appendedBytes += sizeBytes;
      appendedEnd = sizeBytes;
      return file;
    } catch {
      return file;
    }
  }

  /** Writes the mark of what is missing so far, if it fits; gives where the next byte goes. */
  function tellDropped(to: number, at: number): number {
    if (droppedBytes === 0) return at;
    const mark = Buffer.from(`\n… ${droppedBytes} bytes could not be written …\n`);
    const written = writeAll(to, mark, at);
    if (written < mark.length) return at;
    droppedBytes = 0;
    return at + written;
  }

  function append(chunk: Uint8Array): void {
    const to = opened();
    appendedBytes += chunk.length;
    const at = to === undefined ? sizeBytes : tellDropped(to, sizeBytes);
    const written = to === undefined || droppedBytes > 0 ? 0 : writeAll(to, chunk, at);
    droppedBytes += chunk.length - written;
    sizeBytes = at + written;
    appendedEnd = sizeBytes;
  }

  function replaceEnd(lengthBytes: number, chunks: readonly Uint8Array[]): void {
    const to = opened();
    if (to === undefined) return;
    let at = Math.min(lengthBytes, appendedEnd);
    if (lengthBytes >= appendedBytes) {
      appendedEnd = tellDropped(to, appendedEnd);
      at = appendedEnd;
    }
    for (const chunk of chunks) {
      const written = writeAll(to, chunk, at);
      at += written;
      sizeBytes = Math.max(sizeBytes, at);
      if (written < chunk.length) return;
    }
    // Cut last: on a full disk an older end has its place already, and is overwritten instead of lost.
    if (at < sizeBytes && cut(to, at)) sizeBytes = at;
  }

  opened();
  return {
    append(chunk) {
      if (!closed) append(chunk);
    },
    replaceEnd(lengthBytes, chunks) {
      if (!closed) replaceEnd(lengthBytes, chunks);
    },
    close() {
      if (closed) return;
      closed = true;
      if (file !== undefined) closeSync(file);
    },
  };
}

/** How many bytes of the chunk went into the file at that place: fewer than it has when the disk refused the rest. */
function writeAll(file: number, chunk: Uint8Array, at: number): number {
  let written = 0;
  try {
    while (written < chunk.length) written += writeSync(file, chunk, written, chunk.length - written, at + written);
  } catch {
    return written;
  }
  return written;
}

function cut(file: number, length: number): boolean {
  try {
    ftruncateSync(file, length);
    return true;
  } catch {
    return false;
  }
}
