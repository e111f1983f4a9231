/** What a ring begins with, in bytes: a few lines. */
const FIRST_BYTES = 4_096;

/** The newest bytes of a stream: it grows with what comes, up to the limit of each push, and allocates nothing once it has grown. */
export interface Ring {
  /** Takes bytes in and keeps the newest `limit` of all; a limit below an earlier one changes nothing. */
  push(chunk: Uint8Array, limit: number): void;
  /** A copy of the newest bytes, at most `maxBytes`. */
  newest(maxBytes: number): Uint8Array;
}

/** Builds an empty ring: a stream that says nothing costs nothing. */
export function createRing(): Ring {
  let bytes = Buffer.alloc(0);
  /** Where the next byte goes. */
  let end = 0;
  let length = 0;

  function grow(wanted: number, limit: number): void {
    if (bytes.length >= Math.min(wanted, limit)) return;
    const kept = newest(length);
    let size = Math.max(FIRST_BYTES, bytes.length);
    while (size < wanted) size *= 2;
    bytes = Buffer.alloc(Math.min(size, limit));
    bytes.set(kept, 0);
    end = kept.length;
  }

  /** Writes what does not fit before the end of the memory; gives how many bytes that are. */
  function wrap(chunk: Uint8Array): number {
    const kept = chunk.subarray(Math.max(0, chunk.length - bytes.length));
    const first = Math.min(kept.length, bytes.length - end);
    bytes.set(kept.subarray(0, first), end);
    bytes.set(kept.subarray(first), 0);
    return kept.length;
  }

  function newest(maxBytes: number): Buffer {
    const start = end - Math.max(0, Math.min(maxBytes, length));
    return start >= 0
      ? Buffer.from(bytes.subarray(start, end))
      : Buffer.concat([bytes.subarray(bytes.length + start), bytes.subarray(0, end)]);
  }

  return {
    newest,
    push(chunk, limit) {
      grow(length + chunk.length, limit);
      if (bytes.length === 0) return;
      let taken = chunk.length;
      // The common case is one copy, and makes no object.
      if (taken <= bytes.length - end) bytes.set(chunk, end);
      else taken = wrap(chunk);
      end = (end + taken) % bytes.length;
      length = Math.min(bytes.length, length + taken);
    },
  };
}
