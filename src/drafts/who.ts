import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import { personId } from '../people.ts';

/** Where the name of a person is kept, as Telegram told it last. */
export function personKey(actor: string): string {
  return `person:${actor}`;
}

/** `Ada`, or `you` where there is nobody else who reads it: for what stays written down. */
export function nameOfPerson(
  parts: {
    readonly fleet: { readonly telegram: Pick<Fleet['telegram'], 'owners' | 'approvers' | 'viewers'> };
    readonly storage: Pick<Storage, 'settings'>;
  },
  actor: string,
): string {
  const { owners, approvers, viewers } = parts.fleet.telegram;
  if (personId(actor) === undefined || new Set([...owners, ...approvers, ...viewers]).size < 2) return 'you';
  return parts.storage.settings.get(personKey(actor)) ?? actor.replace(':', ' ');
}

/** ` by Ada`, where there are several who could have been it; ` by you`; or nothing. */
export function whoWords(
  parts: {
    readonly fleet: { readonly telegram: Pick<Fleet['telegram'], 'owners' | 'approvers'> };
    readonly storage: Pick<Storage, 'settings'>;
  },
  actor: string | null,
  asking?: string,
): string {
  if (actor === null) return '';
  if (actor.startsWith('agent:')) return ` by ${actor.slice('agent:'.length)}`;
  if (actor.startsWith('rule:')) return ' by your rule';
  const { owners, approvers } = parts.fleet.telegram;
  const id = personId(actor);
  // Somebody who may no longer decide was one of several.
  if (id === undefined || (owners.length + approvers.length < 2 && owners.includes(id))) return '';
  if (asking !== undefined && id === personId(asking)) return ' by you';
  return ` by ${parts.storage.settings.get(personKey(actor)) ?? actor.replace(':', ' ')}`;
}
