import type { CredentialState } from '../../storage/credential-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import { perFile } from '../config/live-fleet.ts';
import { credentialsOf } from '../credentials/credential.ts';
import type { Custodian } from '../credentials/custodian.ts';

/** Whether a draft could go out if it was approved now: what the credentials of its publisher say. */
export type Preflight =
  | { readonly kind: 'ready' }
  | { readonly kind: 'checking'; readonly credential: string }
  | { readonly kind: 'dead'; readonly credential: string };

/** What a preflight knows of one credential. */
export interface PreflightCredential {
  readonly name: string;
  readonly state: CredentialState;
  /** Whether something can say of it that it works, but for its use. */
  readonly hasCheck: boolean;
  /** Whether that has said something, if only that it does not work. */
  readonly hasAnswered: boolean;
  /** Whether a publication is wanted to try it, because nothing else can prove it. */
  readonly isToBeTried: boolean;
}

/**
 * Decides from what is known of a publisher's credentials. One that worked lately counts as ready while its next check is awaited: a card
 * whose Approve came and went with each check could not be pressed. One that only a publication can prove keeps its Approve for that, and so
 * does one whose check does not work: its agents run on, too.
 */
export function decidePreflight(credentials: readonly PreflightCredential[]): Preflight {
  const dead = credentials.find(
    ({ state, isToBeTried }) => state === 'logging-in' || (state === 'dead' && !isToBeTried),
  );
  if (dead !== undefined) return { kind: 'dead', credential: dead.name };
  const unproved = credentials.find(
    ({ state, hasCheck, hasAnswered }) => state === 'unknown' && hasCheck && !hasAnswered,
  );
  return unproved === undefined ? { kind: 'ready' } : { kind: 'checking', credential: unproved.name };
}

/** The look at a publisher's credentials before Approve is offered. */
export interface Preflights {
  of(draft: { readonly kind: string }): Preflight;
  /** Has what is unproved, or was proved too long ago, checked: as rows, within a transaction. */
  want(kind: string): void;
  /** Who publishes, with its kinds and how it stands: what cards are refreshed for when it changes. */
  stand(): readonly { readonly publisher: Agent; readonly preflight: Preflight }[];
  publisherOf(kind: string): Agent | undefined;
}

/** Builds the preflights over the fleet. */
export function createPreflights(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly custodian: Pick<Custodian, 'readiness'>;
}): Preflights {
  const { fleet, storage, custodian } = options;
  const publishers = perFile(fleet, ({ agents }) =>
    [...agents.values()].filter(({ publishes }) => publishes.length > 0),
  );
  const byKind = perFile(
    fleet,
    () => new Map(publishers().flatMap((agent) => agent.publishes.map((kind) => [kind, agent] as const))),
  );

  function preflightOf(publisher: Agent): Preflight {
    return decidePreflight(
      credentialsOf(publisher).flatMap((name) => {
        const row = storage.credentials.get(name);
        if (row === undefined) return [];
        const hasCheck = fleet.credentials.get(name)?.check !== undefined;
        const hasAnswered = row.checkedAt !== null;
        return [{ name, state: row.state, hasCheck, hasAnswered, isToBeTried: row.trialOpen === 1 && !hasCheck }];
      }),
    );
  }

  return {
    of({ kind }) {
      const publisher = byKind().get(kind);
      return publisher === undefined ? { kind: 'ready' } : preflightOf(publisher);
    },
    want(kind) {
      const publisher = byKind().get(kind);
      // Readiness is what wants a check, as a row, of whatever is not proved lately.
      if (publisher !== undefined) custodian.readiness(publisher);
    },
    stand: () => publishers().map((publisher) => ({ publisher, preflight: preflightOf(publisher) })),
    publisherOf: (kind) => byKind().get(kind),
  };
}
