import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Clock, Log } from '../ports.ts';
import type { Outbox } from './outbox.ts';
import type { Role } from '../people.ts';

/** Who may talk to us, by numeric id: names can be taken over, ids cannot. All of it is read from fleet.yaml as it is now. */
export interface Access {
  /** What somebody is to this fleet; where he stands in several lists the stronger one counts. Undefined: a stranger. */
  roleOf(userId: number): Role | undefined;
  isKnown(userId: number): boolean;
  isOwner(userId: number): boolean;
  /** A stranger wrote or pressed: he gets silence, the log a line, the owner one message a day. */
  onStranger(userId: number): void;
}

/** Builds the access list of the fleet's people. */
export function createAccess(options: {
  readonly fleet: { readonly telegram: Pick<Fleet['telegram'], 'owners' | 'approvers' | 'viewers'> };
  readonly storage: Storage;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
}): Access {
  function roleOf(userId: number): Role | undefined {
    const { owners, approvers, viewers } = options.fleet.telegram;
    if (owners.includes(userId)) return 'owner';
    if (approvers.includes(userId)) return 'approver';
    return viewers.includes(userId) ? 'viewer' : undefined;
  }

  return {
    roleOf,
    isKnown: (userId) => roleOf(userId) !== undefined,
    isOwner: (userId) => roleOf(userId) === 'owner',
    onStranger(userId) {
      options.log.warn('somebody who is not in fleet.yaml tried to talk to the bot', { user: userId });
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
