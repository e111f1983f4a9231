import type { CredentialRow } from '../../storage/credential-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { Clock } from '../ports.ts';
import type { CredentialBook } from './book.ts';
import { credentialsOf } from './credential.ts';
import { authFingerprint } from './deaths.ts';
import type { Revivals } from './revivals.ts';

/** Trial runs, the probes of dead credentials that have no check: every call belongs into the transaction of its decision. */
export interface Trials {
  /** Lets one agent try a dead credential that has no check; called when its probe is due. */
  start(name: string): void;
  /** Whether a publisher's next publication may try its dead credentials: its probe is due, and nothing else holds it. */
  mayTry(agent: Agent): boolean;
  /** The try is under way: the next one waits for the next probe. */
  tried(agent: Agent): void;
  /** A trial run that started then ended well: unless it reported a refusal itself, its credential works. */
  ended(agent: string, startedAt: number): void;
}

/** Builds the trials. */
export function createTrials(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly book: CredentialBook;
  readonly revivals: Revivals;
}): Trials {
  const { fleet, storage, clock, book } = options;

  /**
   * Whether something besides its credentials holds the agent; for a trial of one of them, a dead one with a check of its own counts, too:
   * it would refuse the trial. Of two without a check either may be tried.
   */
  function isHeldOtherwise(agent: string, tried?: string): boolean {
    return storage.holds
      .active()
      .filter((hold) => hold.agent === '' || hold.agent === agent)
      .some(
        ({ kind, subject }) =>
          kind !== 'credential' ||
          (tried !== undefined && subject !== tried && book.rowOf(subject)?.credential.check !== undefined),
      );
  }

  /** The other dead credentials that a trial run of this agent calls as well. */
  function triedBeside(agent: Agent, tried: string): readonly CredentialRow[] {
    return credentialsOf(agent)
      .filter((name) => name !== tried)
      .map((name) => storage.credentials.get(name))
      .filter((row) => row !== undefined)
      .filter(({ state }) => state === 'dead');
  }

  function isDue(row: CredentialRow, now: number): boolean {
    return row.checkWantedAt !== null && row.checkWantedAt <= now;
  }

  function noteProbe(row: CredentialRow, now: number): void {
    const credential = book.rowOf(row.name)?.credential;
    if (credential === undefined) return;
    const probes = row.probes + 1;
    book.change(row, { probes, checkWantedAt: now + book.probeDelayMs(credential, probes) });
  }

  return {
    start(name) {
      const known = book.rowOf(name);
      if (known === undefined || known.row.state !== 'dead') return;
      const now = clock.now();
      const candidates = book
        .agentsOf(name)
        .filter((agent) => agent.publishes.length === 0 && !isHeldOtherwise(agent.name, name));
      const candidate = candidates.find((agent) => triedBeside(agent, name).every((row) => isDue(row, now)));
      // It stays due, so that it is due as well when the other credential is.
      if (candidate === undefined && candidates.length > 0) return;
      const isPublishersOnly = book.agentsOf(name).every((agent) => agent.publishes.length > 0);
      // Where something else holds all who could try, nothing was tried: the probe stays due, and the next one does not grow rarer.
      if (candidate === undefined && !isPublishersOnly)
        return book.change(known.row, { checkWantedAt: now + known.credential.backoff.firstMs });
      const probes = known.row.probes + 1;
      book.change(known.row, {
        probes,
        checkWantedAt: now + book.probeDelayMs(known.credential, probes),
        trialOpen: isPublishersOnly ? 1 : 0,
      });
      if (candidate === undefined) return;
      for (const row of triedBeside(candidate, name)) noteProbe(row, now);
      storage.dues.wait(candidate.name, now, 'trial');
    },

    mayTry: (agent) =>
      !isHeldOtherwise(agent.name) &&
      credentialsOf(agent).every((name) => {
        const row = storage.credentials.get(name);
        return row?.state !== 'logging-in' && (row?.state !== 'dead' || row.trialOpen === 1);
      }),

    tried(agent) {
      for (const name of credentialsOf(agent)) {
        const known = book.rowOf(name);
        if (known?.row.trialOpen === 1) book.change(known.row, { trialOpen: 0 });
      }
    },

    ended(agentName, startedAt) {
      const agent = fleet.agents.get(agentName);
      if (agent === undefined) return;
      for (const name of credentialsOf(agent)) {
        const known = book.rowOf(name);
        const seenAt = storage.incidents.unresolved(authFingerprint(name))?.lastSeenAt ?? 0;
        if (known?.row.state === 'dead' && known.credential.check === undefined && seenAt < startedAt)
          options.revivals.revive(known.credential, known.row, {
            how: `A try of ${agentName} went well.`,
            by: 'again',
            isProved: true,
          });
      }
    },
  };
}
