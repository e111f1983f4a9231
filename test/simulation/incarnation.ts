import type { Storage } from '../../storage/storage.ts';
import type { Clock, Log } from '../../src/ports.ts';
import type { Host } from './machine.ts';

/** Thrown through the code of a control plane that has just died: nothing that it does from here on has an effect. */
class Died extends Error {
  override readonly name = 'Died';
}

/** What SQLite says when it cannot write for want of room. */
class DiskFull extends Error {
  override readonly name = 'SqliteError';
  readonly code = 'SQLITE_FULL';
}

/** A crash that waits for its row: at the `writes`-th commit from now that writes anything, just before or just after it. */
export interface ArmedCrash {
  writes: number;
  readonly when: 'before' | 'after';
}

/** The clock as one incarnation has it: its timers die with it. */
export function clockFor(host: Host, clock: Clock): Clock {
  return {
    now: clock.now,
    monotonic: clock.monotonic,
    after: (delayMs, task) => (host.isAlive ? clock.after(delayMs, () => host.isAlive && task()) : () => undefined),
  };
}

/** The storage as one incarnation has it: a crash may be armed to happen at a commit. */
export function storageFor(
  host: Host,
  storage: Storage,
  crash: {
    /** Rows written by this connection so far. */
    readonly countWrites: () => number;
    /** The disk takes nothing more: whatever is written is refused. */
    readonly isFull: () => boolean;
    readonly armed: () => ArmedCrash | undefined;
    readonly die: (why: string) => void;
  },
): Storage {
  let depth = 0;

  function transaction<Result>(change: () => Result): Result {
    if (!host.isAlive) throw new Died();
    if (depth > 0) return storage.transaction(change);
    depth = 1;
    let isFatal = false;
    let wrote = false;
    try {
      const result = storage.transaction(() => {
        const before = crash.countWrites();
        const changed = change();
        wrote = crash.countWrites() > before;
        if (wrote && crash.isFull()) throw new DiskFull('database or disk is full');
        const armed = crash.armed();
        if (wrote && armed !== undefined) {
          armed.writes -= 1;
          isFatal = armed.writes <= 0;
          if (isFatal && armed.when === 'before') throw new Died();
        }
        return changed;
      });
      if (!isFatal) return result;
    } catch (error) {
      if (!isFatal) throw error;
    } finally {
      depth = 0;
    }
    crash.die(`at a commit, just ${crash.armed()?.when ?? 'at'} it`);
    throw new Died();
  }

  return { ...storage, transaction };
}

/** A log that only the trace shows. */
export function logFor(host: Host, write: (line: string) => void): Log {
  const at =
    (level: string) =>
    (message: string, fields?: object): void => {
      if (host.isAlive) write(`${level} ${message}${fields === undefined ? '' : ` ${JSON.stringify(fields)}`}`);
    };
  return { debug: () => undefined, info: at('info'), warn: at('warn'), error: at('error') };
}
