import { LOGGED_IN } from '../../storage/login-store.ts';
import type { RotationRow } from '../../storage/rotation-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock, Random } from '../ports.ts';
import type { Outbox } from '../telegram/outbox.ts';
import { createCredentialBook } from './book.ts';
import { createCandidates, type RotationOutcome } from './candidates.ts';
import { createCheckTaker } from './checks.ts';
import { type CheckVerdict, credentialsOf, decideReadiness } from './credential.ts';
import { type AuthSign, authFingerprint, canLogIn, createDeaths, mendHint } from './deaths.ts';
import { createDoubts } from './doubts.ts';
import { createRevivals } from './revivals.ts';
import { createTrials } from './trials.ts';
import type { Vault } from './vault.ts';

/** Whether an agent's credentials let it start. */
export type Readiness =
  | { readonly kind: 'ready' }
  | { readonly kind: 'checking'; readonly credential: string }
  | { readonly kind: 'dead'; readonly credential: string };

/** Who keeps the credentials: decides alive and dead, holds and frees the agents. Every call is one transaction. */
export interface Custodian {
  /** Makes a row for each credential of the fleet, and forgets new secrets that nothing waits for; called once at start. */
  start(): void;
  readiness(agent: Agent): Readiness;
  /** Generations with which a run starts now. */
  generations(agent: Agent): Readonly<Record<string, number>>;
  /**
   * Takes the first sign for the truth: the credential is dead, its agents are held, one incident is open. `doubted`: this agent's words
   * have proved wrong before, while others worked well: the check is asked first, and its run may go on.
   */
  sign(sign: AuthSign): 'believed' | 'doubted';
  /** Whether a refused run needs no further telling: a credential of its agent is dead, was renewed since the run began, or is asked about. */
  explainsRefusal(agent: Agent, generations: Readonly<Record<string, number>>): boolean;
  /** A run ended well without a sign: its credentials work. */
  proved(agent: Agent, generations: Readonly<Record<string, number>>): void;
  /** Whether a check of it that begins now has to be made with its staged secret. */
  isTrying(name: string): boolean;
  /** Takes what a check said; `wasTried`: it was made with the staged secret. */
  checked(name: string, verdict: CheckVerdict, wasTried?: boolean): void;
  /** Lets one agent try a dead credential that has no check; called when its probe is due. */
  startTrial(name: string): void;
  /** Whether a publisher's next publication may try its dead credentials: its probe is due, and nothing else holds it. */
  mayTry(agent: Agent): boolean;
  /** The try is under way: the next one waits for the next probe. */
  tried(agent: Agent): void;
  /** A trial run that started then ended well: unless it reported a refusal itself, its credential works. */
  trialEnded(agent: string, startedAt: number): void;
  /** Its answers are awaited in that chat. `rotating`: its rotation is under way, and a login beside it would end one of the two secrets. */
  wantLogin(name: string, by: string, chatId?: number): 'wanted' | 'running' | 'rotating' | 'no-login' | 'unknown';
  /** A login is over. A new secret that it brought has been staged before; one without a check takes its place at once. */
  loginEnded(
    login: { readonly id: number; readonly credential: string },
    outcome: { readonly kind: 'done' } | { readonly kind: 'failed'; readonly reason: string },
  ): void;
  /** A rotation's command is over; the same goes for what it has staged. */
  rotationEnded(rotation: RotationRow, outcome: RotationOutcome): void;
  /** Ends the incidents of credentials that kept dying and have lived for a while; gives when the next one may end. */
  settleFlapping(): number | undefined;
}

/** Builds the custodian over the fleet. */
export function createCustodian(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
  readonly incidents: IncidentRegister;
  readonly outbox: Outbox;
  readonly vault: Vault;
}): Custodian {
  const { storage, clock, incidents, vault } = options;
  const book = createCredentialBook(options);
  const doubts = createDoubts({ ...options, book });
  const deaths = createDeaths({ ...options, book, doubts });
  const revivals = createRevivals({ ...options, book });
  const trials = createTrials({ ...options, book, revivals });
  const candidates = createCandidates({ ...options, book, deaths, doubts, revivals });
  const takeCheck = createCheckTaker({ ...options, book, deaths, doubts, revivals, candidates });

  function hasCheck(name: string): boolean {
    return book.rowOf(name)?.credential.check !== undefined;
  }

  return {
    start() {
      storage.transaction(() => {
        for (const name of book.names) storage.credentials.ensure(name, clock.now());
      });
      for (const name of candidates.orphans()) vault.discard(name);
    },

    readiness(agent) {
      const now = clock.now();
      for (const name of credentialsOf(agent)) {
        const known = book.rowOf(name);
        if (known === undefined) continue;
        const readiness = decideReadiness(known.credential, known.row, now);
        if (readiness === 'dead') return { kind: 'dead', credential: name };
        if (readiness === 'check-first') {
          if (known.row.checkWantedAt === null)
            storage.transaction(() => book.change(known.row, { checkWantedAt: now }));
          return { kind: 'checking', credential: name };
        }
      }
      return { kind: 'ready' };
    },

    generations: (agent) =>
      Object.fromEntries(credentialsOf(agent).map((name) => [name, storage.credentials.get(name)?.generation ?? 1])),

    sign: (sign) => storage.transaction(() => deaths.sign(sign)),

    explainsRefusal: (agent, generations) =>
      credentialsOf(agent).some((name) => {
        const state = storage.credentials.get(name)?.state;
        return (
          state === 'dead' ||
          state === 'logging-in' ||
          book.isRenewed(name, generations) ||
          doubts.isOpen(name, agent.name)
        );
      }),

    proved: (agent, generations) =>
      storage.transaction(() => {
        for (const name of credentialsOf(agent)) {
          const known = book.rowOf(name);
          if (known === undefined || known.row.generation !== generations[name] || known.row.state === 'logging-in')
            continue;
          if (known.row.state === 'dead') continue;
          book.change(known.row, { state: 'alive', provedAt: clock.now(), probes: 0 });
          doubts.ranWell(name, agent.name);
        }
      }),

    isTrying: candidates.isTrying,

    checked(name, verdict, wasTried = false) {
      // The file before the rows: a crash in between repeats the check, with the same secret in its new place.
      if (wasTried && verdict.kind === 'ok') vault.commit(name);
      const judgement = storage.transaction(() => takeCheck(name, verdict, wasTried));
      if (judgement === 'discard') vault.discard(name);
    },

    startTrial: (name) => storage.transaction(() => trials.start(name)),
    mayTry: trials.mayTry,
    tried: (agent) => storage.transaction(() => trials.tried(agent)),
    trialEnded: (agent, startedAt) => storage.transaction(() => trials.ended(agent, startedAt)),

    wantLogin: (name, by, chatId) =>
      storage.transaction(() => {
        const known = book.rowOf(name);
        if (known === undefined) return 'unknown';
        if (!canLogIn(known.credential)) return 'no-login';
        const rotation = storage.rotations.openOf(name);
        if (rotation !== undefined && rotation.state !== 'waiting') return 'rotating';
        if (!storage.logins.want(name, by, clock.now(), chatId ?? null)) return 'running';
        book.note(name, 'login wanted', by, null);
        incidents.note(authFingerprint(name), 'Logging in…');
        return 'wanted';
      }),

    loginEnded(login, outcome) {
      const name = login.credential;
      if (storage.logins.open().every(({ id }) => id !== login.id)) return;
      if (outcome.kind === 'failed') vault.discard(name);
      else if (!hasCheck(name)) vault.commit(name);
      storage.transaction(() => {
        const detail = outcome.kind === 'done' ? LOGGED_IN : outcome.reason;
        if (!storage.logins.end(login.id, outcome.kind, detail, clock.now())) return;
        const known = book.rowOf(name);
        if (known === undefined) return;
        book.note(name, `login ${outcome.kind}`, 'nightdesk', detail);
        if (outcome.kind === 'done') return candidates.loggedIn(known);
        incidents.note(authFingerprint(name), `Login failed: ${outcome.reason}. ${mendHint(known.credential)}`);
      });
    },

    rotationEnded(rotation, outcome) {
      const name = rotation.credential;
      if (outcome.kind === 'changed' && !hasCheck(name)) vault.commit(name);
      storage.transaction(() => candidates.rotationEnded(rotation, outcome));
      if (outcome.kind === 'failed') vault.discard(name);
    },

    settleFlapping: () => storage.transaction(revivals.settle),
  };
}
