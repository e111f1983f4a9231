import type { CredentialRow } from '../../storage/credential-store.ts';
import type { JournalEntry } from '../../storage/journal-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Credential, Fleet } from '../config/fleet.ts';
import { perFile } from '../config/live-fleet.ts';
import type { Clock, Random } from '../ports.ts';
import { credentialsOf, listCredentials, probeDelayMs } from './credential.ts';

/** A credential of fleet.yaml with what is known of it. */
export interface KnownCredential {
  readonly credential: Credential;
  readonly row: CredentialRow;
}

/** What all who keep credentials read and write: every call belongs into the transaction of its decision. */
export interface CredentialBook {
  readonly names: readonly string[];
  rowOf(name: string): KnownCredential | undefined;
  agentsOf(name: string): readonly Agent[];
  /** Writes these facts into a row, if it is still in the state that was read. */
  change(row: CredentialRow, next: Partial<CredentialRow>): void;
  /** How long until the next probe of a dead credential, which was probed this often. */
  probeDelayMs(credential: Credential, probes: number): number;
  note(name: string, event: string, actor: string, detail: string | null): void;
  /** The newest of what was noted, newest first. */
  notes(name: string): readonly JournalEntry[];
  /** Whether somebody renewed it since a run was started with these generations. */
  isRenewed(name: string, generations: Readonly<Record<string, number>> | undefined): boolean;
}

/** Rows of a credential's journal that are looked back on: a flapping one writes some six for each death. */
const LOOKED_AT = 200;

/** Builds the book over the fleet. */
export function createCredentialBook(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
}): CredentialBook {
  const { fleet, storage, clock } = options;
  const credentials = perFile(
    fleet,
    (written) => new Map(listCredentials(written).map((credential) => [credential.name, credential])),
  );
  return {
    get names() {
      return [...credentials().keys()];
    },
    rowOf(name) {
      const credential = credentials().get(name);
      const row = storage.credentials.get(name);
      return credential === undefined || row === undefined ? undefined : { credential, row };
    },
    agentsOf: (name) => [...fleet.agents.values()].filter((agent) => credentialsOf(agent).includes(name)),
    change: (row, next) => void storage.credentials.change({ ...row, ...next }, row.state),
    probeDelayMs: (credential, probes) => probeDelayMs(credential.backoff, probes, options.random.fraction()),
    note: (name, event, actor, detail) =>
      storage.journal.add({ at: clock.now(), subject: `credential:${name}`, event, actor, detail }),
    notes: (name) => storage.journal.of(`credential:${name}`, LOOKED_AT),
    isRenewed(name, generations) {
      const started = generations?.[name];
      return started !== undefined && (storage.credentials.get(name)?.generation ?? started) > started;
    },
  };
}
