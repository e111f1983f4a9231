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
/** Rows of a kind that go at a time: what a long absence left behind must not keep everything else waiting. */
const MOST_AT_ONCE = 2_000;
const NEXT_MS = 1_000;

/** Builds the housekeeper: it drops what nobody needs any more. */
export function createHousekeeper(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  /** Removes copies of files that no draft names any more. */
  readonly clearMedia?: () => void;
  readonly onFatal: (error: unknown) => void;
}): Worker {
  const { storage, clock } = options;

  /** True when there is more to drop. */
  function purge(now: number): boolean {
    storage.inbox.purge(now - KEEP_UPDATES_MS);
    storage.outbox.purge(now - KEEP_MS);
    const moreDues = storage.dues.purge(now - KEEP_MS, MOST_AT_ONCE);
    storage.holds.purge(now - KEEP_MS);
    storage.credentials.purge(now - KEEP_MS);
    storage.rotations.purge(now - 12 * KEEP_MS);
    storage.logins.purge(now - KEEP_MS);
    storage.incidents.purge(now - KEEP_MS);
    storage.fallbacks.purge(now - KEEP_MS);
    storage.silences.purge(now - KEEP_MS);
    // Before the runs, which are kept as long as a question of theirs is.
    storage.questions.purge(now - KEEP_MS);
    const moreRuns = storage.runs.purge(now - KEEP_RUNS_MS, MOST_AT_ONCE);
    storage.checkpoints.purge(now - 3 * KEEP_MS, MOST_CHECKPOINTS, LEAST_CHECKPOINTS);
    const moreTasks = storage.tasks.purge(now - KEEP_TASKS_MS, MOST_AT_ONCE);
    storage.drills.purge(now - 12 * KEEP_MS);
    storage.confirmations.purge(now - 12 * KEEP_MS);
    storage.selfRestarts.purge(now - 12 * KEEP_MS);
    storage.digests.purge(now - 12 * KEEP_MS);
    storage.budgets.purge(now - 12 * KEEP_MS);
    storage.journal.purge(now - 12 * KEEP_MS);
    return moreDues || moreRuns || moreTasks;
  }

  return createWorker({
    name: 'housekeeper',
    clock,
    log: options.log,
    everyMs: PURGE_EVERY_MS,
    onFatal: options.onFatal,
    look() {
      const hasMore = storage.transaction(() => purge(clock.now()));
      options.clearMedia?.();
      return hasMore ? NEXT_MS : undefined;
    },
  });
}
