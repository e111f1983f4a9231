import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Clock, Log } from '../ports.ts';
import { isPassingStorageTrouble } from '../worker.ts';
import { type Judged, SEARCH_AGAIN_MS } from './watched.ts';
import { type FindNewestWork, workSearchOf } from './workdir.ts';

/** A folder that cannot be looked through within that is taken for one without news: the owner is told, rather than never. */
const LONGEST_SEARCH_MS = 10_000;

/** Looks for work in the folders of runs, beside the looks: a slow disk must not keep others from being judged. */
export interface WorkSearches {
  /** Begins one; what it finds becomes a row, and `state` says when it is over. */
  begin(one: Judged): void;
  /** Resolves once none is under way. */
  ended(): Promise<void>;
}

/** Builds the searches; `onEnd` is called after each. */
export function createWorkSearches(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly findNewestWork: FindNewestWork;
  readonly onEnd: () => void;
  readonly onFatal: (error: unknown) => void;
}): WorkSearches {
  const { fleet, storage, clock, log } = options;
  const underWay = new Set<Promise<void>>();

  /** What cannot be written down right now is found again by the next search. */
  function report(error: unknown): void {
    if (!isPassingStorageTrouble(error)) return options.onFatal(error);
    log.error('vigil: work that was seen cannot be written down right now', { code: error.code });
  }

  return {
    begin({ run, agent, state, now }) {
      state.isSearching = true;
      const late = Promise.withResolvers<undefined>();
      const cancel = clock.after(LONGEST_SEARCH_MS, () => late.resolve(undefined));
      const search = Promise.race([options.findNewestWork(workSearchOf(agent, fleet, now)), late.promise])
        .then((newest) => {
          if (newest === undefined || newest.at <= state.provedAt) return;
          const at = Math.min(newest.at, clock.now());
          storage.transaction(() => storage.runs.worked(run.id, at));
        })
        .catch(report)
        .finally(() => {
          cancel();
          state.isSearching = false;
          state.searchedAt = clock.now() + 1;
          state.searchAgainAt = clock.now() + Math.max(SEARCH_AGAIN_MS, (agent.progressMs ?? 0) / 4);
          underWay.delete(search);
          options.onEnd();
        });
      underWay.add(search);
    },
    async ended() {
      await Promise.all(underWay);
    },
  };
}
