import type { Storage } from '../../storage/storage.ts';
import type { Clock, Log } from '../ports.ts';
import type { Outbox } from './outbox.ts';

/** Who may talk to us, by numeric id: names can be taken over, ids cannot. */
export interface Access {
  isOwner(userId: number): boolean;
  /** A stranger wrote or pressed: he gets silence, the log a line, the owner one message a day. */
  onStranger(userId: number): void;
}

/** Builds the access list of the fleet's owners. */
export function createAccess(options: {
  readonly owners: readonly number[];
  readonly storage: Storage;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
}): Access {
  const owners = new Set(options.owners);
  return {
    isOwner: (userId) => owners.has(userId),
    onStranger(userId) {
      options.log.warn('somebody who is no owner tried to talk to the bot', { user: userId });
      const day = new Date(options.clock.now()).toISOString().slice(0, 10);
      options.storage.transaction(() => {
        if (!options.storage.settings.claim('stranger-told', day)) return;
        options.outbox.send({
          key: `stranger:${day}`,
          class: 'notice',
          sound: 'never',
          content: {
            kind: 'text',
            body: {
              text: `👤 Somebody else (user id ${userId}) tried to talk to me. I did not answer. I tell you of this once a day at most.`,
              entities: [],
            },
          },
        });
      });
    },
  };
}
