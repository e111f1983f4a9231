/** The first piece of memory: a short line fits, and two hundred agents that say little cost next to nothing. */
const FIRST_BYTES = 128;

/** Memory up to this size is kept when little stands in it: to give it back would cost more than it does. */
const SMALL_BYTES = 1024;

/** What an agent that says nothing needs. */
const NO_MEMORY = Buffer.alloc(0);

/** The newest bytes of a stream, in memory that is taken when it is needed and given back when it is not. */
export interface ByteTail {
  length(): number;
  append(bytes: Uint8Array): void;
  /** Drops all but the newest so many. */
  keep(count: number): void;
  /** What is held, without a copy: good until the next change. */
  bytes(): Buffer;
}

/** Builds an empty tail; its user bounds it by `keep`. */
export function createByteTail(): ByteTail {
  let memory = NO_MEMORY;
  let length = 0;

  function move(sizeBytes: number, from: number): void {
    // Not from Node's pool, which a few bytes would hold in memory as a whole.
    const larger = Buffer.alloc(sizeBytes);
    memory.copy(larger, 0, from, length);
    memory = larger;
  }

  return {
    length: () => length,
    append(bytes) {
      if (length + bytes.length > memory.length)
        move(Math.max(FIRST_BYTES, 2 * memory.length, length + bytes.length), 0);
      memory.set(bytes, length);
      length += bytes.length;
    },
    keep(count) {
      const from = Math.max(0, length - count);
      if (memory.length > Math.max(SMALL_BYTES, 4 * count)) move(length - from, from);
      else memory.copyWithin(0, from, length);
      length -= from;
    },
    bytes: () => memory.subarray(0, length),
  };
}
