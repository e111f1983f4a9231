import type { Storage } from '../../storage/storage.ts';
import type { Clock, Log } from '../ports.ts';
import { createWorker, type Worker } from '../worker.ts';

/** How often the control plane writes down that it is alive: what /status and the next start know of an outage's beginning. */
const ALIVE_EVERY_MS = 30_000;
const ALIVE_KEY = 'alive-at';
const CLEAN_KEY = 'stopped-cleanly';
const PURGE_EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Settled rows are kept for a month of /why and audit; the text of handled updates goes at once, their ids stay two days. */
const KEEP_MS = 30 * DAY_MS;
const KEEP_UPDATES_MS = 2 * DAY_MS;

/** When the last incarnation was last seen alive, and whether it ended on purpose; undefined on a first start. */
export function loadLastLife(
  storage: Storage,
): { readonly aliveAt: number; readonly stoppedCleanly: boolean } | undefined {
  const aliveAt = Number(storage.settings.get(ALIVE_KEY));
  return Number.isFinite(aliveAt) && aliveAt > 0
    ? { aliveAt, stoppedCleanly: storage.settings.get(CLEAN_KEY) === 'yes' }
    : undefined;
}

/** The housekeeper: writes down that we are alive, and drops what nobody needs any more. */
export interface Housekeeper extends Worker {
  /** Writes down that this end is on purpose; called last. */
  farewell(): void;
}

/** Builds the housekeeper. */
export function createHousekeeper(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly onFatal: (error: unknown) => void;
}): Housekeeper {
  const { storage, clock } = options;
  let purgedAt = 0;

  function purge(now: number): void {
    purgedAt = now;
    storage.inbox.purge(now - KEEP_UPDATES_MS);
    storage.outbox.purge(now - KEEP_MS);
    storage.dues.purge(now - KEEP_MS);
    storage.holds.purge(now - KEEP_MS);
    storage.credentials.purge(now - KEEP_MS);
    storage.incidents.purge(now - KEEP_MS);
    // Before the runs, which are kept as long as a question of theirs is.
    storage.questions.purge(now - KEEP_MS);
    storage.runs.purge(now - KEEP_MS);
    storage.journal.purge(now - 12 * KEEP_MS);
  }

  function writeAlive(clean: 'yes' | 'no'): void {
    storage.settings.set(ALIVE_KEY, String(clock.now()));
    storage.settings.set(CLEAN_KEY, clean);
  }

  const worker = createWorker({
    name: 'housekeeper',
    clock,
    log: options.log,
    everyMs: ALIVE_EVERY_MS,
    onFatal: options.onFatal,
    look() {
      const now = clock.now();
      storage.transaction(() => {
        writeAlive('no');
        if (now - purgedAt >= PURGE_EVERY_MS) purge(now);
      });
      return undefined;
    },
  });

  return { ...worker, farewell: () => storage.transaction(() => writeAlive('yes')) };
}
