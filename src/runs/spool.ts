import type { Clock, LogFile } from '../ports.ts';
import { createRing } from './ring.ts';

/** The most that one run's log keeps, in bytes: hours of ordinary talk, and it still opens on a phone. */
const RUN_LOG_BYTES = 5_000_000;
/** The most of it that is kept of the newest output: last words of a flood, together with what led to them. */
const TAIL_BYTES = 512 * 1024;
/** What the newest output of all runs together may take of our memory; fewer runs at a time have longer tails. */
const ALL_TAILS_BYTES = 32 * 1024 * 1024;
/** Until the head is full the file has everything: memory keeps only what one message shows. */
const SMALL_TAIL_BYTES = 16 * 1024;
/** How old the tail in the file may be: what a crash of ours costs of a run's last words. */
const TAIL_EVERY_MS = 5_000;
/** Written even when the disk has too little room: without it nobody knows how the run ended, and a file takes a block anyway. */
const LAST_WORDS_BYTES = 4_096;

/** Where the output of one run goes: a log that keeps the beginning and the end of it, in bounded space. */
export interface Spool {
  /** Takes output in, of stdout unless said otherwise; never throws. The chunk may be reused afterwards. */
  append(chunk: Uint8Array, stream?: 'stdout' | 'stderr'): void;
  /** The newest output, at most this many bytes, and never more than memory keeps: 16 KiB, or a longer tail once the log's head is full. */
  tail(maxBytes: number): Uint8Array;
  /** Writes the newest output behind a mark that tells how much was dropped before it, and closes the log. */
  close(): void;
}

/** What bounds a spool. */
export interface SpoolLimits {
  /** Bytes of the log, without the mark. */
  readonly capBytes: number;
  /** How many of them are kept for the newest output, which is held in memory, too. */
  readonly tailBytes: number;
}

/**
 * Decides how much of its output each run's log keeps: with a quarter of the total all runs alive fit in at any time, and three quarters
 * are left for the logs of those that have ended.
 */
export function decideSpoolLimits(totalBytes: number, concurrency: number): SpoolLimits {
  const capBytes = Math.floor(Math.min(RUN_LOG_BYTES, totalBytes / (4 * concurrency)));
  return { capBytes, tailBytes: Math.floor(Math.min(TAIL_BYTES, ALL_TAILS_BYTES / concurrency, capBytes / 2)) };
}

/**
 * Builds a spool on a log that was just opened. The head goes to the file as it comes; what comes later is only copied into a ring, and
 * the ring is written behind the head every few seconds, so that a crash of ours leaves the run's last words, too.
 *
 * States: filling the head → keeping the tail → closed. The head ends early when `mayWrite` says that the disk has too little room.
 */
export function createSpool(
  log: LogFile,
  options: SpoolLimits & { readonly clock: Clock; readonly mayWrite: () => boolean },
): Spool {
  const { clock, mayWrite, tailBytes } = options;
  const headCap = options.capBytes - tailBytes;
  const ring = createRing();
  let state: 'head' | 'tail' | 'closed' = 'head';
  let totalBytes = 0;
  let headBytes = 0;
  /** How much of the newest output stands in the file behind the head. */
  let writtenTail = 0;
  let writtenAt = 0;
  let wasDiskLow = false;
  let cancelTimer: (() => void) | undefined;

  function fillHead(chunk: Uint8Array): void {
    if (!mayWrite()) {
      wasDiskLow = true;
      state = 'tail';
      return;
    }
    const head = chunk.length <= headCap - headBytes ? chunk : chunk.subarray(0, headCap - headBytes);
    if (head.length > 0) log.append(head);
    headBytes += head.length;
    if (headBytes >= headCap) state = 'tail';
  }

  /** The newest of the last `ofBytes`; where some were left out, it begins at a whole character: half of one would show as rubbish. */
  function newest(ofBytes: number, maxBytes: number): Uint8Array {
    const bytes = ring.newest(Math.min(ofBytes, maxBytes));
    return bytes.length < ofBytes ? bytes.subarray(continuationBytes(bytes)) : bytes;
  }

  function writeTail(maxBytes: number): void {
    if (writtenAt === totalBytes) return;
    const tail = newest(totalBytes - headBytes, maxBytes);
    const droppedBytes = totalBytes - headBytes - tail.length;
    const reason = wasDiskLow ? ', since the disk was nearly full' : '';
    const mark = droppedBytes > 0 ? [Buffer.from(`\n… ${droppedBytes} bytes dropped${reason} …\n`)] : [];
    log.replaceEnd(headBytes, [...mark, tail]);
    writtenTail = tail.length;
    writtenAt = totalBytes;
  }

  function keepWriting(): void {
    cancelTimer ??= clock.after(TAIL_EVERY_MS, () => {
      cancelTimer = undefined;
      if (mayWrite()) return writeTail(tailBytes);
      wasDiskLow = true;
      keepWriting();
    });
  }

  return {
    append(chunk) {
      if (state === 'closed') return;
      totalBytes += chunk.length;
      if (state === 'head') fillHead(chunk);
      ring.push(chunk, state === 'head' ? Math.min(SMALL_TAIL_BYTES, tailBytes) : tailBytes);
      if (totalBytes > headBytes) keepWriting();
    },
    tail: (maxBytes) => newest(totalBytes, maxBytes),
    close() {
      if (state === 'closed') return;
      state = 'closed';
      cancelTimer?.();
      const isLow = totalBytes > headBytes && !mayWrite();
      wasDiskLow ||= isLow;
      // As much as stands there already takes no further room.
      if (totalBytes > headBytes) writeTail(isLow ? Math.max(LAST_WORDS_BYTES, writtenTail) : tailBytes);
      log.close();
    },
  };
}

/** How many bytes at the beginning belong to a UTF-8 character that began before (10xxxxxx, at most three). */
function continuationBytes(bytes: Uint8Array): number {
  let count = 0;
  while (count < 3 && count < bytes.length && ((bytes[count] ?? 0) & 0xc0) === 0x80) count += 1;
  return count;
}
