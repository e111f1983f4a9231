import { join } from 'node:path';
import type { Clock, Disk, Log } from '../ports.ts';

/** Room for thousands of rows, and for the database's own journal; nobody misses it on a disk of today. */
export const RESERVE_BYTES = 8_000_000;
/** A reserve that could not be written is tried again after this time. */
const RETRY_MS = 60_000;

/** A file that only takes room, to be given back when the disk is full: what has to be told can then still be written. */
export interface Reserve {
  /** Writes the file unless it is there. */
  layDown(): void;
  /** Removes the file; false when it was not there. */
  giveBack(): boolean;
}

/** Where a state folder has its reserve. */
export function reservePath(home: string): string {
  return join(home, 'reserve');
}

/** Builds the reserve of a state folder. */
export function createReserve(options: {
  readonly home: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
}): Reserve {
  const { disk, clock, log } = options;
  const path = reservePath(options.home);
  let isThere: boolean | undefined;
  let failedAt: number | undefined;

  function look(): boolean {
    return (isThere ??= disk.readText(path, 1) !== undefined);
  }

  /** Does something about the file; a state folder that forbids it must not end the process. */
  function attempt(what: string, act: () => void): boolean {
    try {
      act();
      return true;
    } catch (error) {
      log.warn(`the reserve could not be ${what}`, { path, code: (error as NodeJS.ErrnoException).code });
      return false;
    }
  }

  return {
    layDown() {
      const now = clock.now();
      if (look() || (failedAt !== undefined && Math.abs(now - failedAt) < RETRY_MS)) return;
      isThere = attempt('laid down', () => disk.writeText(path, noise()));
      failedAt = isThere ? undefined : now;
    },
    giveBack() {
      if (!look() || !attempt('given back', () => disk.remove(path))) return false;
      isThere = false;
      log.warn('the disk is full: the reserve was given back');
      return true;
    },
  };
}

/** Text that cannot be compressed, or a file system that does so would reserve nothing (xorshift, Marsaglia 2003). */
function noise(): string {
  const words = new Uint32Array((RESERVE_BYTES * 3) / 4 / 4);
  let state = 0x9e3779b9;
  for (let at = 0; at < words.length; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return Buffer.from(words.buffer).toString('base64');
}
