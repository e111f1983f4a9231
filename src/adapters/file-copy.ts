import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { CopyRequest, CopyResult } from '../ports.ts';

/** Read, hashed and written at once: about a millisecond of the event loop, and few enough turns for fifty megabytes. */
const PIECE_BYTES = 1024 * 1024;
/** As much of a file's beginning as tells what it is. */
const HEAD_BYTES = 64;
/** Without O_NONBLOCK a pipe in a file's place would hold a thread for ever; without O_NOFOLLOW a link could lead anywhere. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
/** The disk, or what we may use of it, is full. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/**
 * The Disk port's `copyIn`: 1. resolves links, and looks whether the file lies where it may; 2. opens it, and looks whether that still is
 * the same file, since its folders are its agent's; 3. copies it under a name of its own; 4. flushes it, and only then gives it its name.
 */
export async function copyIn(request: CopyRequest): Promise<CopyResult> {
  let file: FileHandle | undefined;
  try {
    const path = await realpath(request.from);
    if (!(await mayComeFrom(path, request))) return { kind: 'refused', why: 'outside' };
    // Looked at before it is opened: opening a device may already do something.
    if (!(await lstat(path)).isFile()) return { kind: 'refused', why: 'not-a-file' };
    file = await open(path, READ_FLAGS);
    const stats = await file.stat();
    const again = await lstat(await realpath(request.from));
    if (!stats.isFile() || again.ino !== stats.ino || again.dev !== stats.dev)
      return { kind: 'refused', why: 'not-a-file' };
    if (stats.size === 0) return { kind: 'refused', why: 'empty' };
    return await copy(file, stats.size, request);
  } catch (error) {
    return { kind: 'refused', why: whyUnreadable(error) };
  } finally {
    await file?.close().catch(() => undefined);
  }
}

async function copy(file: FileHandle, sizeBytes: number, request: CopyRequest): Promise<CopyResult> {
  const head = Buffer.alloc(HEAD_BYTES);
  const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
  const maxBytes = request.maxBytes(head.subarray(0, bytesRead));
  if (sizeBytes > maxBytes) return { kind: 'refused', why: 'too-large', maxBytes };
  const part = join(request.folder, `part-${randomBytes(8).toString('hex')}`);
  let target: FileHandle | undefined;
  try {
    await mkdir(request.folder, { recursive: true, mode: 0o700 });
    target = await open(part, 'wx', 0o600);
    const hash = createHash('sha256');
    let copied = 0;
    for await (const piece of pieces(file, maxBytes + 1)) {
      copied += piece.length;
      // It grows while it is read.
      if (copied > maxBytes) return { kind: 'refused', why: 'too-large', maxBytes };
      hash.update(piece);
      await target.writeFile(piece);
    }
    if (copied === 0) return { kind: 'refused', why: 'empty' };
    await target.sync();
    const sha256 = hash.digest('hex');
    await rename(part, join(request.folder, sha256));
    await flushFolder(request.folder);
    return { kind: 'copied', sha256, sizeBytes: copied, head: Uint8Array.from(head.subarray(0, bytesRead)) };
  } catch (error) {
    if (error instanceof ReadFailure) return { kind: 'refused', why: 'unreadable' };
    return { kind: 'refused', why: FULL.has(codeOf(error)) ? 'full' : 'unwritable' };
  } finally {
    await target?.close().catch(() => undefined);
    await rm(part, { force: true }).catch(() => undefined);
  }
}

/** The Disk port's `readWhole`. */
export async function readWhole(
  path: string,
  maxBytes: number,
): Promise<{ readonly bytes: Uint8Array; readonly sha256: string } | undefined> {
  const parts: Uint8Array[] = [];
  const sha256 = await hashOf(path, maxBytes, (piece) => parts.push(Uint8Array.from(piece)));
  return sha256 === undefined ? undefined : { bytes: Buffer.concat(parts), sha256 };
}

/** The Disk port's `digest`. */
export async function digest(path: string): Promise<string | undefined> {
  return await hashOf(path, Number.MAX_SAFE_INTEGER, () => undefined);
}

async function hashOf(path: string, maxBytes: number, take: (piece: Uint8Array) => void): Promise<string | undefined> {
  try {
    await using file = await open(path, READ_FLAGS);
    if (!(await file.stat()).isFile()) return undefined;
    const hash = createHash('sha256');
    let length = 0;
    for await (const piece of pieces(file, maxBytes + 1)) {
      length += piece.length;
      if (length > maxBytes) return undefined;
      hash.update(piece);
      take(piece);
    }
    return hash.digest('hex');
  } catch {
    return undefined; // The caller says what it could not read.
  }
}

/** Tells a failure to read the source from one to write the copy. */
class ReadFailure extends Error {}

/** A file from its beginning, up to `mostBytes`; a piece is gone once the next one is asked for. */
async function* pieces(file: FileHandle, mostBytes: number): AsyncGenerator<Uint8Array> {
  const piece = Buffer.alloc(PIECE_BYTES);
  for (let from = 0; from < mostBytes; ) {
    const { bytesRead } = await file
      .read(piece, 0, Math.min(PIECE_BYTES, mostBytes - from), from)
      .catch((error: unknown) => {
        throw new ReadFailure('the file cannot be read', { cause: error });
      });
    if (bytesRead === 0) return;
    from += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
}

async function mayComeFrom(path: string, { within, keepOut }: CopyRequest): Promise<boolean> {
  if (!liesIn(path, await realpath(within))) return false;
  for (const place of keepOut) {
    const real = await realpath(place).catch(() => place);
    if (liesIn(path, real)) return false;
  }
  return true;
}

function liesIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}

/** A row that names the copy must not outlive its name. */
async function flushFolder(folder: string): Promise<void> {
  await using handle = await open(folder, constants.O_RDONLY);
  await handle.sync();
}

function whyUnreadable(error: unknown): 'missing' | 'not-a-file' | 'unreadable' {
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
  return code === 'ELOOP' || code === 'ENXIO' ? 'not-a-file' : 'unreadable';
}

function codeOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : '';
}
