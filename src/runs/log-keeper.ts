import { join } from 'node:path';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Clock, Disk, DiskFile, Log, Machine } from '../ports.ts';
import { createWorker, type Worker } from '../worker.ts';
import { decideSpoolLimits } from './spool.ts';

/** How often all logs are looked at. */
const EVERY_MS = 60_000;
/** Smaller logs stay as they are: compressed, they would take a block of the disk as well. */
const WORTH_COMPRESSING_BYTES = 16 * 1024;
/** What a file takes at least, on most file systems. */
const BLOCK_BYTES = 4_096;
/** This part of the total may end between two looks at all files before the next one is due at once. */
const SLACK_PART = 16;
/** Logs kept at most, whatever they weigh: a look at so many takes some 30 ms of the event loop. */
const MOST_LOGS = 5_000;
/** A log that could not be compressed is tried again after this time. */
const REFUSED_MS = 3_600_000;
const PART = '.gz.part';

/** What was removed to make room. */
export interface Removed {
  readonly files: number;
  readonly bytes: number;
}

/** Keeps the logs of runs within their bounds. */
export interface LogKeeper extends Worker {
  /** Says that a run is over and its log closed, and how much the run had said. */
  ended(path: string, outputBytes: number): void;
  /** Removes closed logs, oldest first, until so many bytes are free again or none is left. */
  makeRoom(bytes: number): Removed;
}

interface Listing {
  /** Closed logs, oldest first. */
  readonly closed: readonly DiskFile[];
  /** What the logs of living runs take by now. */
  readonly liveBytes: number;
}

/**
 * Builds the keeper of the logs: files under HOME/logs. What belongs to a run that is alive counts, and is never touched.
 *
 * Each look: 1. removes what a crash left half compressed, what is older than `logs.keep`, and then the oldest until all fit into
 * `logs.total` and the disk keeps `logs.keep_free`; 2. compresses what is closed, one after the other. All files are looked at every
 * minute, and at once when what ended meanwhile could reach over the total; what ended is compressed at once in any case.
 */
export function createLogKeeper(options: {
  readonly fleet: Pick<Fleet, 'home' | 'logs' | 'concurrency'>;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly disk: Disk;
  readonly machine: Machine;
  readonly onFatal: (error: unknown) => void;
}): LogKeeper {
  const { fleet, storage, clock, log, disk, machine } = options;
  const folder = join(fleet.home, 'logs');
  const toCompress = new Set<string>();
  const refusedAt = new Map<string, number>();
  let compressing: string | undefined;
  let tidiedAt: number | undefined;
  let endedBytes = 0;
  let stopping = false;

  function limits() {
    const { totalBytes } = fleet.logs;
    const { capBytes } = decideSpoolLimits(totalBytes, fleet.concurrency);
    return { totalBytes, capBytes, slackBytes: totalBytes / SLACK_PART };
  }

  function alive(): ReadonlySet<string> {
    return new Set(storage.runs.alive().flatMap((run) => run.logPath ?? []));
  }

  function list(): Listing {
    const live = alive();
    const files = disk.listFiles(folder);
    return {
      closed: files
        .filter(({ path }) => !live.has(path) && path !== compressing && path !== `${compressing}${PART}`)
        .sort((a, b) => a.modifiedAt - b.modifiedAt || a.path.localeCompare(b.path)),
      liveBytes: files.filter(({ path }) => live.has(path)).reduce((sum, file) => sum + roomOf(file), 0),
    };
  }

  /** Removes from the first one on for as long as it is wanted. */
  function removeWhile(files: readonly DiskFile[], isWanted: (file: DiskFile, removed: Removed) => boolean): Removed {
    let removed: Removed = { files: 0, bytes: 0 };
    for (const file of files) {
      if (!isWanted(file, removed)) break;
      if (remove(file.path)) removed = { files: removed.files + 1, bytes: removed.bytes + roomOf(file) };
    }
    return removed;
  }

  function remove(path: string): boolean {
    try {
      disk.remove(path);
      return true;
    } catch (error) {
      log.warn('a log could not be removed', { path, code: (error as NodeJS.ErrnoException).code });
      return false;
    }
  }

  function makeRoom(bytes: number): Removed {
    const removed = removeWhile(list().closed, (_file, so) => so.bytes < bytes);
    if (removed.files > 0) log.warn('logs were removed, since the disk is nearly full', { ...removed });
    return removed;
  }

  function tidy(now: number): void {
    tidiedAt = now;
    endedBytes = 0;
    for (const [path, at] of refusedAt) if (now - at >= REFUSED_MS) refusedAt.delete(path);
    const { totalBytes, capBytes, slackBytes } = limits();
    const { keepMs, keepFreeBytes } = fleet.logs;
    const { closed, liveBytes } = list();
    const logs = closed.filter(({ path }) => !path.endsWith(PART) || !remove(path));
    // Room for what the living ones may still write, for what ends until the next look, and for one that is being compressed.
    const budget = totalBytes - Math.max(liveBytes, fleet.concurrency * capBytes) - slackBytes - capBytes;
    const allBytes = logs.reduce((sum, file) => sum + roomOf(file), 0);
    const removed = removeWhile(
      logs,
      (file, so) =>
        now - file.modifiedAt > keepMs || allBytes - so.bytes > budget || logs.length - so.files > MOST_LOGS,
    );
    if (removed.files > 0) log.info('logs were removed, oldest first', { ...removed });
    const free = machine.freeDiskBytes(fleet.home);
    if (free !== undefined && free < keepFreeBytes) makeRoom(keepFreeBytes - free);
    for (const file of logs.slice(removed.files)) {
      if (file.path.endsWith('.log') && file.sizeBytes >= WORTH_COMPRESSING_BYTES && !refusedAt.has(file.path))
        toCompress.add(file.path);
    }
  }

  function isTidyDue(now: number): boolean {
    return tidiedAt === undefined || now - tidiedAt >= EVERY_MS || now < tidiedAt || endedBytes > limits().slackBytes;
  }

  async function compress(path: string): Promise<void> {
    toCompress.delete(path);
    if (alive().has(path)) return;
    compressing = path;
    const done = await disk.compress(path);
    compressing = undefined;
    if (!done) refusedAt.set(path, clock.now());
  }

  async function look(): Promise<number> {
    if (isTidyDue(clock.now())) tidy(clock.now());
    for (const path of toCompress) {
      if (stopping) break;
      await compress(path);
      if (isTidyDue(clock.now())) return 0;
    }
    return EVERY_MS;
  }

  const worker = createWorker({ name: 'log keeper', clock, log, everyMs: EVERY_MS, look, onFatal: options.onFatal });
  return {
    ...worker,
    makeRoom,
    ended(path, outputBytes) {
      endedBytes += Math.min(outputBytes, limits().capBytes) + BLOCK_BYTES;
      if (outputBytes >= WORTH_COMPRESSING_BYTES) toCompress.add(path);
      worker.nudge();
    },
    async stop() {
      stopping = true;
      await worker.stop();
    },
  };
}

/** What a file takes of the disk. */
function roomOf(file: DiskFile): number {
  return Math.max(BLOCK_BYTES, Math.ceil(file.sizeBytes / BLOCK_BYTES) * BLOCK_BYTES);
}
