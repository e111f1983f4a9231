import type { LogFile } from '../ports.ts';

/** How much of one run's output its log keeps, in bytes: hours of ordinary talk, and a fleet of 25 fits into a gigabyte for a day. */
const RUN_LOG_BYTES = 5_000_000;

/** The newest output is kept in memory up to this many bytes per run: enough for the last words, small beside 25 agents. */
const RING_BYTES = 64 * 1024;

/** Where the output of one run goes: a log that keeps the beginning and the end of it, in bounded space. */
export interface Spool {
  /** Takes output in; never throws. */
  append(chunk: Uint8Array): void;
  /** The newest output, at most this many bytes (and never more than 64 KiB), whether it is in the file yet or not. */
  tail(maxBytes: number): Uint8Array;
  /** Writes the newest output behind a mark that tells how much was dropped before it, and closes the log. */
  close(): void;
}

/** Builds a spool on an open log: the first half of `capBytes` goes to it as it comes, the rest is held back for the newest tail. */
export function createSpool(log: LogFile, capBytes: number = RUN_LOG_BYTES): Spool {
  const headCap = Math.floor(capBytes / 2);
  const ring = createRing(Math.min(RING_BYTES, capBytes - headCap));
  let totalBytes = 0;
  let headBytes = 0;
  let closed = false;
  return {
    append(chunk) {
      if (closed) return;
      const head = chunk.subarray(0, headCap - headBytes);
      if (head.length > 0) log.append(head);
      headBytes += head.length;
      totalBytes += chunk.length;
      ring.push(chunk);
    },
    tail: (maxBytes) => ring.newest(maxBytes),
    close() {
      if (closed) return;
      closed = true;
      const tail = ring.newest(totalBytes - headBytes);
      const droppedBytes = totalBytes - headBytes - tail.length;
      if (droppedBytes > 0) log.append(Buffer.from(`\n… ${droppedBytes} bytes dropped …\n`));
      if (tail.length > 0) log.append(tail);
      log.close();
    },
  };
}

/** The newest `size` bytes of a stream. */
function createRing(size: number): { push(chunk: Uint8Array): void; newest(maxBytes: number): Uint8Array } {
  const bytes = Buffer.alloc(size);
  let end = 0;
  let length = 0;
  return {
    push(chunk) {
      const kept = chunk.subarray(Math.max(0, chunk.length - size));
      const first = Math.min(kept.length, size - end);
      bytes.set(kept.subarray(0, first), end);
      bytes.set(kept.subarray(first), 0);
      end = size === 0 ? 0 : (end + kept.length) % size;
      length = Math.min(size, length + kept.length);
    },
    newest(maxBytes) {
      const wanted = Math.max(0, Math.min(maxBytes, length));
      const start = end - wanted;
      const copy =
        start >= 0
          ? Buffer.from(bytes.subarray(start, end))
          : Buffer.concat([bytes.subarray(size + start), bytes.subarray(0, end)]);
      // A character that was cut in two would show as rubbish; when nothing was left out, the first byte stands as it came.
      return wanted === length && length < size ? copy : copy.subarray(continuationBytes(copy));
    },
  };
}

/** How many bytes at the beginning belong to a UTF-8 character that began before (10xxxxxx, at most three). */
function continuationBytes(bytes: Uint8Array): number {
  let count = 0;
  while (count < 3 && count < bytes.length && ((bytes[count] ?? 0) & 0xc0) === 0x80) count += 1;
  return count;
}
