import { constants, createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm, stat, unlink, utimes } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';

/** Text of agents shrinks tenfold at the lowest level already; higher ones take three times as long for a fifth less. */
const LEVEL = 1;
/** What is read and compressed at once: each piece is one turn of the thread pool. */
const PIECE_BYTES = 256 * 1024;

/**
 * Replaces PATH by PATH.gz on the thread pool; false when it could not, and then PATH stands as it was. The compressed file is as old
 * as the other was. A crash may leave PATH.gz.part, or both files: compressing again mends either.
 */
export async function compressFile(path: string): Promise<boolean> {
  const part = `${path}.gz.part`;
  try {
    const before = await stat(path);
    if (!before.isFile()) return false;
    await rm(part, { force: true });
    await pipeline(
      createReadStream(path, { highWaterMark: PIECE_BYTES }),
      createGzip({ level: LEVEL, chunkSize: PIECE_BYTES }),
      createWriteStream(part, { flags: 'wx', mode: 0o600 }),
    );
    await utimes(part, before.atime, before.mtime);
    await rename(part, `${path}.gz`);
    await unlink(path);
    return true;
  } catch {
    await rm(part, { force: true }).catch(() => undefined);
    return false;
  }
}

/** The last `maxBytes` of what a compressed file holds; undefined when it cannot be read. What is cut off at its end counts as far as it goes. */
export async function readCompressed(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  /** Only the end is wanted, whatever a compressed file pretends to hold. */
  function take(chunk: Buffer): void {
    chunks.push(chunk);
    length += chunk.length;
    while (length - (chunks[0]?.length ?? 0) >= maxBytes) length -= chunks.shift()?.length ?? 0;
  }
  try {
    // A pipe put in the file's place would keep a thread of the pool for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    await pipeline(
      file.createReadStream({ highWaterMark: PIECE_BYTES }),
      createGunzip({ chunkSize: PIECE_BYTES }),
      async (unpacked: AsyncIterable<Buffer>) => {
        for await (const chunk of unpacked) take(chunk);
      },
    );
  } catch {
    if (length === 0) return undefined;
  }
  const bytes = Buffer.concat(chunks);
  return bytes.subarray(Math.max(0, bytes.length - maxBytes));
}
