import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import { isSameFilter, type PlaceGroup, placeGroups } from './place-groups.ts';
import type { Reviews } from './review.ts';
import { DESK_SETTINGS, queueToldKey } from './withholding.ts';

/** Drafts of the queue that are looked at for where they are told of, and reviews for whether they were: far more than wait. */
const MOST_QUEUED = 1_000;
const MOST_TOLD = 20;

/** Tells of drafts that came into the queue, in each place of those that belong there. */
export interface QueueNews {
  /** Tells of what came since the last look, and writes down what was shown by now. */
  look(now: number): void;
}

/** Builds it. */
export function createQueueNews(options: {
  readonly fleet: Pick<Fleet, 'agents'>;
  readonly storage: Storage;
  readonly reviews: Pick<Reviews, 'tellQueue'>;
}): QueueNews {
  const { fleet, storage, reviews } = options;
  const { deskWatch, settings } = storage;

  function tell(now: number): void {
    if (settings.get(DESK_SETTINGS.queue) !== '1') return;
    storage.transaction(() => {
      for (const group of groupsOfQueue()) {
        reviews.tellQueue(group);
        settings.set(queueToldKey(group.place), String(now));
      }
      settings.set(DESK_SETTINGS.queue, '');
    });
  }

  /** Where something is in the queue. */
  function groupsOfQueue(): readonly PlaceGroup[] {
    const groups = placeGroups(fleet);
    if (groups.length === 1) return groups;
    const agents = deskWatch.queued(MOST_QUEUED).map((id) => storage.drafts.get(id)?.agent ?? '');
    return groups.filter((group) => agents.some((agent) => group.has(agent)));
  }

  function isShown({ filter }: PlaceGroup): boolean {
    const told = storage.reviews
      .newest(MOST_TOLD)
      .find((review) => review.origin !== 'command' && isSameFilter(review.filter, filter));
    const message = told === undefined ? undefined : storage.outbox.get(told.messageKey);
    return message?.state === 'sent' && message.shown === message.wanted;
  }

  /** Writes down that what is in the queue was shown, once each message that tells of it was. */
  function noteShown(now: number): void {
    if (!deskWatch.hasUnshownQueued() || !groupsOfQueue().every(isShown)) return;
    storage.transaction(() => {
      for (const id of deskWatch.showQueued(now)) deskWatch.plan(id, 0);
    });
  }

  return {
    look(now) {
      tell(now);
      noteShown(now);
    },
  };
}
