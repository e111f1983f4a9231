import type { DraftRow } from '../../storage/draft-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Clock } from '../ports.ts';
import type { Preflights } from './preflight.ts';
import { DESK_SETTINGS, type Outages } from './withholding.ts';

/** What came within it came at once. */
const AT_ONCE_MS = 60_000;
/** Cards that are taken back at a time: more than `burst` never wait, but where the limit was changed or an outage begins. */
const MOST_TAKEN_BACK = 200;
/** Messages with the files of one draft: more than any draft has. */
const MOST_MEDIA = 50;

/** What decides how a new draft is told of. */
export interface ArrivalFacts {
  /** Undecided drafts that came lately, this one included. */
  readonly recent: number;
  /** Cards of drafts that wait to be sent. */
  readonly unsent: number;
  readonly burst: number;
  /** Whether what the desk has to say is told in one message later. */
  readonly isWithheld: boolean;
}

/** Decides whether a new draft gets a card of its own, or is told of in one message for many. */
export function decideArrival({ recent, unsent, burst, isWithheld }: ArrivalFacts): 'card' | 'queued' {
  return isWithheld || recent > burst || unsent >= burst ? 'queued' : 'card';
}

/** Takes cards that nobody has seen back into the queue, but for the first so many; belongs into a transaction. */
export function takeBackCards(storage: Storage, spared: number): void {
  for (const { key } of storage.deskWatch.unshown('draft:*:r*', MOST_TAKEN_BACK).slice(spared)) {
    const [, id, revision] = /^draft:(\d+):r(\d+)$/.exec(key) ?? [];
    const draft = id === undefined ? undefined : storage.drafts.get(Number(id));
    if (draft?.state !== 'pending' || draft.revision !== Number(revision) || !storage.outbox.withdraw(key)) continue;
    storage.deskWatch.setQueued(draft.id, true);
    // Its files come with whatever shows its text.
    for (const media of storage.deskWatch.unshown(`draft:${draft.id}:media:*`, MOST_MEDIA))
      storage.outbox.withdraw(media.key);
  }
}

/** Builds what admits new drafts to the desk; a call belongs into the transaction of the submission. */
export function createArrivals(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly preflights: Pick<Preflights, 'want'>;
  readonly outages: Pick<Outages, 'withheldSince'>;
}): { admit(draft: DraftRow): 'card' | 'queued' } {
  const { fleet, storage, clock } = options;
  return {
    admit(draft) {
      const now = clock.now();
      const { burst } = fleet.drafts;
      options.preflights.want(draft.kind);
      storage.deskWatch.plan(draft.id, 0);
      const arrival = decideArrival({
        recent: storage.deskWatch.countRecent(now - AT_ONCE_MS, now),
        unsent: storage.deskWatch.unshown('draft:*:r*', burst).length,
        burst,
        isWithheld: options.outages.withheldSince(now) !== undefined,
      });
      if (arrival === 'card') return arrival;
      storage.deskWatch.setQueued(draft.id, true);
      storage.settings.set(DESK_SETTINGS.queue, '1');
      // The first of them may be on its way right now.
      takeBackCards(storage, 1);
      return arrival;
    },
  };
}
