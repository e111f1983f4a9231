import type { SweptTable } from '../../storage/purge-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Clock, Log } from '../ports.ts';
import { createWorker, type Worker } from '../worker.ts';

const PURGE_EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Settled rows are kept for a month of /why and audit; the text of handled updates goes at once, their ids stay two days. */
const KEEP_MS = 30 * DAY_MS;
const KEEP_UPDATES_MS = 2 * DAY_MS;
/** What a run cost counts to the end of its calendar month, the longest of which has 31 days. */
const KEEP_RUNS_MS = 32 * DAY_MS;
/** Versions of each agent's WORKSTATE.md: the newest are kept however old they are, and more than so many of nobody. */
const MOST_CHECKPOINTS = 200;
const LEAST_CHECKPOINTS = 20;
/** Whoever handed work over may want its outputs for a season; what is open stays. */
const KEEP_TASKS_MS = 90 * DAY_MS;
/** Who did what, and what is rare: a year, for whoever looks back. */
const KEEP_YEAR_MS = 360 * DAY_MS;
/**
 * What drafts say is looked up for a year and a little (the same post of last year); after that only who decided what, when, and on which
 * text (its hash) stays, for good: some 400 bytes a draft.
 */
const KEEP_TEXTS_MS = 400 * DAY_MS;
/** Rows that are gone through at a time, so that nothing else waits for long: runs are named by six tables, each of which is asked. */
const PIECE = 500;
const PIECE_OF_RUNS = 100;
/** Versions of a WORKSTATE.md are thousands of characters each. */
const PIECE_OF_LONG_ROWS = 100;
/** Between two pieces everything else has its turn. */
const PAUSE_MS = 50;
/** A start has better things to do first. */
const FIRST_MS = 5_000;

/** Builds the housekeeper: it drops what nobody needs any more, hourly, a piece at a time. */
export function createHousekeeper(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  /** Removes copies of files that no draft names any more. */
  readonly clearMedia?: () => void;
  readonly onFatal: (error: unknown) => void;
}): Worker {
  const { storage, clock } = options;

  /** A step that goes through a table; true when it has more to do. */
  function sweep(table: SweptTable, keepMs: number, most = PIECE): (now: number) => boolean {
    let after = 0;
    return (now) => {
      const next = storage.purges.sweep(table, now - keepMs, after, most);
      after = next ?? 0;
      return next !== undefined;
    };
  }

  /** Rows that are few at any time go at once. */
  function dropRare(now: number): boolean {
    storage.holds.purge(now - KEEP_MS);
    storage.logins.purge(now - KEEP_MS);
    storage.fallbacks.purge(now - KEEP_MS);
    storage.silences.purge(now - KEEP_MS);
    storage.rotations.purge(now - KEEP_YEAR_MS);
    storage.drills.purge(now - KEEP_YEAR_MS);
    storage.confirmations.purge(now - KEEP_YEAR_MS);
    storage.selfRestarts.purge(now - KEEP_YEAR_MS);
    storage.digests.purge(now - KEEP_YEAR_MS);
    storage.budgets.purge(now - KEEP_YEAR_MS);
    return storage.backups.purge(now - KEEP_YEAR_MS, PIECE);
  }

  /** In their order: whoever names others goes before them. */
  const steps: readonly ((now: number) => boolean)[] = [
    dropRare,
    sweep('question', KEEP_MS),
    sweep('due', KEEP_MS),
    sweep('task', KEEP_TASKS_MS, PIECE_OF_RUNS),
    (now) => storage.checkpoints.purge(now - KEEP_TASKS_MS, MOST_CHECKPOINTS, LEAST_CHECKPOINTS, PIECE_OF_LONG_ROWS),
    sweep('run', KEEP_RUNS_MS, PIECE_OF_RUNS),
    sweep('inbox', KEEP_UPDATES_MS),
    sweep('review', KEEP_MS),
    sweep('outbox', KEEP_MS),
    sweep('incident', KEEP_MS, PIECE_OF_RUNS),
    sweep('credential_check', KEEP_MS),
    sweep('conversation', KEEP_MS),
    sweep('draft', KEEP_TEXTS_MS),
    sweep('fleet_load', KEEP_YEAR_MS),
    sweep('journal', KEEP_YEAR_MS),
    () => {
      options.clearMedia?.();
      return false;
    },
  ];
  let step = -1;

  return createWorker({
    name: 'housekeeper',
    clock,
    log: options.log,
    everyMs: PURGE_EVERY_MS,
    onFatal: options.onFatal,
    look() {
      const work = steps[step];
      if (work === undefined) {
        step = 0;
        return FIRST_MS;
      }
      const hasMore = storage.transaction(() => work(clock.now()));
      if (!hasMore) step += 1;
      if (step < steps.length) return PAUSE_MS;
      step = -1;
      return undefined;
    },
  });
}
