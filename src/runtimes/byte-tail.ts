/** The first piece of memory: a short line fits, and two hundred agents that say little cost next to nothing. */
const FIRST_BYTES = 128;

/** Memory up to this size is kept though nothing stands in it: to give it back would cost more than it does. */
const SMALL_BYTES = 1024;

/** Memory up to so many times of what is kept stays: a line without end takes it again with the next chunk. */
const SPARE_FACTOR = 128;

/** What an agent that says nothing needs. */
const NO_MEMORY = Buffer.alloc(0);

/**
 * The newest bytes of a stream, in memory that is taken when it is needed and given back when it is not.
 *
 * Plain data and no closures, of which each run would have a dozen; only the functions below touch it.
 */
export interface ByteTail {
  memory: Buffer;
  length: number;
}

/** Builds an empty tail; its user bounds it by `keepNewest`. */
export function createByteTail(): ByteTail {
  return { memory: NO_MEMORY, length: 0 };
}

/** Appends a copy of these bytes. */
export function appendBytes(tail: ByteTail, bytes: Uint8Array): void {
  const length = tail.length + bytes.length;
  if (length > tail.memory.length) move(tail, Math.max(FIRST_BYTES, 2 * tail.memory.length, length), 0);
  tail.memory.set(bytes, tail.length);
  tail.length = length;
}

/** Drops all but the newest so many bytes. */
export function keepNewest(tail: ByteTail, count: number): void {
  const from = Math.max(0, tail.length - count);
  if (tail.memory.length > Math.max(SMALL_BYTES, SPARE_FACTOR * count)) move(tail, tail.length - from, from);
  else tail.memory.copyWithin(0, from, tail.length);
  tail.length -= from;
}

/** All bytes that the tail holds, without a copy: good until the next change. */
export function readBytes(tail: ByteTail): Buffer {
  return tail.memory.subarray(0, tail.length);
}

function move(tail: ByteTail, sizeBytes: number, from: number): void {
  // Slow means: not from Node's pool, which a few bytes would hold in memory as a whole.
  const memory = sizeBytes === 0 ? NO_MEMORY : Buffer.allocUnsafeSlow(sizeBytes);
  tail.memory.copy(memory, 0, from, tail.length);
  tail.memory = memory;
}
