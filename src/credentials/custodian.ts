import type { CredentialRow } from '../../storage/credential-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Credential, Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock, Random } from '../ports.ts';
import { count } from '../telegram/cards/words.ts';
import type { Outbox } from '../telegram/outbox.ts';
import {
  type CheckVerdict,
  credentialsOf,
  credentialHeading,
  credentialTitle,
  decideReadiness,
  listCredentials,
  probeDelayMs,
} from './credential.ts';

/** A sign of a dead credential, as a run or an agent's report showed it. */
export interface AuthSign {
  readonly agent: string;
  readonly evidence: string;
  /** The credential, where the agent said which. */
  readonly credential?: string;
  /** Generations that the run was started with: a refusal of an older one says nothing about the present one. */
  readonly generations?: Readonly<Record<string, number>>;
}

/** Whether an agent's credentials let it start. */
export type Readiness =
  | { readonly kind: 'ready' }
  | { readonly kind: 'checking'; readonly credential: string }
  | { readonly kind: 'dead'; readonly credential: string };

/** Who keeps the credentials: decides alive and dead, holds and frees the agents. */
export interface Custodian {
  /** Makes a row for each credential of the fleet; called once at start. */
  start(): void;
  readiness(agent: Agent): Readiness;
  /** Generations with which a run starts now. */
  generations(agent: Agent): Readonly<Record<string, number>>;
  /** Takes the first sign for the truth: the credential is dead, its agents are held, one incident is open. */
  sign(sign: AuthSign): void;
  /** Whether a refused run needs no further telling: a credential of its agent is dead, or was renewed since the run began. */
  explainsRefusal(agent: Agent, generations: Readonly<Record<string, number>>): boolean;
  /** A run ended well without a sign: its credentials work. */
  proved(agent: Agent, generations: Readonly<Record<string, number>>): void;
  checked(name: string, verdict: CheckVerdict): void;
  /** Lets one agent try a dead credential that has no check; called when its probe is due. */
  startTrial(name: string): void;
  /** Whether a publisher's next publication may try its dead credentials: its probe is due, and nothing else holds it. */
  mayTry(agent: Agent): boolean;
  /** The try is under way: the next one waits for the next probe. */
  tried(agent: Agent): void;
  /** A trial run that started then ended well: unless it reported a refusal itself, its credential works. */
  trialEnded(agent: string, startedAt: number): void;
  wantLogin(name: string, by: string): 'wanted' | 'running' | 'no-login' | 'unknown';
  loginEnded(
    login: { readonly id: number; readonly credential: string },
    outcome: { readonly kind: 'done' } | { readonly kind: 'failed'; readonly reason: string },
  ): void;
}

/** Builds the custodian over the fleet. */
export function createCustodian(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
  readonly incidents: IncidentRegister;
  readonly outbox: Outbox;
}): Custodian {
  const { fleet, storage, clock, incidents } = options;
  const credentials = new Map(listCredentials(fleet).map((credential) => [credential.name, credential]));

  function agentsOf(name: string): readonly Agent[] {
    return [...fleet.agents.values()].filter((agent) => credentialsOf(agent).includes(name));
  }

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
          (tried !== undefined && subject !== tried && credentials.get(subject)?.check !== undefined),
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
    const credential = credentials.get(row.name);
    if (credential !== undefined)
      change(row, { probes: row.probes + 1, checkWantedAt: now + delay(credential, row.probes + 1) });
  }

  function delay(credential: Credential, probes: number): number {
    return probeDelayMs(credential.backoff, probes, options.random.fraction());
  }

  function change(row: CredentialRow, next: Partial<CredentialRow>): void {
    storage.credentials.change({ ...row, ...next }, row.state);
  }

  function declareDead(credential: Credential, row: CredentialRow, evidence: string, seenBy: string): void {
    const now = clock.now();
    const agents = agentsOf(credential.name).map((agent) => agent.name);
    if (row.state !== 'dead' && row.state !== 'logging-in') {
      // Only a good run clears the probes: a check that lies, or agents that seldom run, must not start the backoff anew each time.
      change(row, {
        state: 'dead',
        since: now,
        evidence,
        checkWantedAt: now + delay(credential, row.probes),
        trialOpen: 0,
      });
      hold(credential, agents, now);
      storage.journal.add({
        at: now,
        subject: `credential:${credential.name}`,
        event: 'dead',
        actor: seenBy,
        detail: evidence,
      });
    }
    // The first sign stays what the alert shows: later ones are often a bare exit code.
    if (row.state === 'dead' || row.state === 'logging-in') {
      return reportDead(credential, row.evidence ?? evidence, agents, undefined);
    }
    reportDead(credential, evidence, agents, `Seen by ${seenBy}. ${mendHint(credential)}`);
  }

  function hold(credential: Credential, agents: readonly string[], since: number): void {
    for (const agent of agents) {
      storage.holds.place({
        agent,
        kind: 'credential',
        subject: credential.name,
        reason: `${credentialTitle(credential.name)} is dead`,
        since,
        until: null,
      });
    }
  }

  function reportDead(
    credential: Credential,
    evidence: string,
    agents: readonly string[],
    note: string | undefined,
  ): void {
    incidents.report({
      kind: 'auth',
      fingerprint: fingerprint(credential.name),
      subject: credential.name,
      severity: 'critical',
      title: `${credentialHeading(credential.name)} is dead`,
      evidence,
      agents,
      ...(note === undefined ? {} : { note }),
    });
  }

  /** Every revival is a new generation, also one that somebody brought about on the host: runs of before tell nothing about it. */
  function revive(
    credential: Credential,
    row: CredentialRow,
    how: string,
    by: { readonly login: boolean; readonly proof: boolean },
  ): void {
    const now = clock.now();
    const diedAt = row.since;
    change(row, {
      state: 'alive',
      since: now,
      ...(by.proof ? { provedAt: now, checkedAt: now } : {}),
      checkWantedAt: null,
      evidence: null,
      trialOpen: 0,
      probes: by.login ? 0 : row.probes + 1,
      generation: row.generation + 1,
    });
    const agents = agentsOf(credential.name);
    let missed = 0;
    for (const agent of agents) {
      storage.holds.release(agent.name, 'credential', credential.name, now);
      const lost = storage.dues.lostSince(agent.name, diedAt);
      missed += lost;
      if (lost > 0 && agent.schedule.kind !== 'none') storage.dues.wait(agent.name, now, 'resumed');
    }
    const expired = storage.drafts.expiredSince(
      agents.map((agent) => agent.name),
      diedAt,
    );
    storage.journal.add({
      at: now,
      subject: `credential:${credential.name}`,
      event: 'alive',
      actor: 'nightdesk',
      detail: how,
    });
    const resolved = incidents.resolve(
      fingerprint(credential.name),
      `${how} ${count(agents.length, 'agent')} back at work. Missed: ${count(missed, 'run')}, ${count(expired, 'draft')} expired.`,
    );
    // A login that no incident asked for still wants its answer.
    if (resolved === undefined && by.login) {
      options.outbox.send({
        key: `login:${credential.name}:${now}`,
        class: 'notice',
        content: {
          kind: 'text',
          body: { text: `🔑 ${credentialTitle(credential.name)}: logged in again, and it works.`, entities: [] },
        },
      });
    }
  }

  function rowOf(name: string): { credential: Credential; row: CredentialRow } | undefined {
    const credential = credentials.get(name);
    const row = storage.credentials.get(name);
    return credential === undefined || row === undefined ? undefined : { credential, row };
  }

  /** Which credential a sign means: the one it names, the only one, or, as long as nobody knows, the agent's first that has no check. */
  function meant(agent: Agent, hint: string | undefined): readonly string[] {
    const names = credentialsOf(agent);
    if (hint !== undefined && names.includes(hint)) return [hint];
    return names;
  }

  function isRenewed(name: string, generations: Readonly<Record<string, number>> | undefined): boolean {
    const started = generations?.[name];
    return started !== undefined && (storage.credentials.get(name)?.generation ?? started) > started;
  }

  return {
    start: () =>
      storage.transaction(() => {
        for (const name of credentials.keys()) storage.credentials.ensure(name, clock.now());
      }),

    readiness(agent) {
      const now = clock.now();
      for (const name of credentialsOf(agent)) {
        const known = rowOf(name);
        if (known === undefined) continue;
        const readiness = decideReadiness(known.credential, known.row, now);
        if (readiness === 'dead') return { kind: 'dead', credential: name };
        if (readiness === 'check-first') {
          if (known.row.checkWantedAt === null) storage.transaction(() => change(known.row, { checkWantedAt: now }));
          return { kind: 'checking', credential: name };
        }
      }
      return { kind: 'ready' };
    },

    generations: (agent) =>
      Object.fromEntries(credentialsOf(agent).map((name) => [name, storage.credentials.get(name)?.generation ?? 1])),

    sign: (sign) =>
      storage.transaction(() => {
        const agent = fleet.agents.get(sign.agent);
        if (agent === undefined) return;
        const names = meant(agent, sign.credential);
        const current = names.filter((name) => !isRenewed(name, sign.generations));
        const [only] = current;
        // Where one of several was renewed meanwhile, it may have been that one: the others are only suspected.
        if (names.length > 1) return suspectAll(current, sign);
        const known = only === undefined ? undefined : rowOf(only);
        if (known !== undefined) declareDead(known.credential, known.row, sign.evidence, sign.agent);
      }),

    explainsRefusal: (agent, generations) =>
      credentialsOf(agent).some((name) => {
        const state = storage.credentials.get(name)?.state;
        return state === 'dead' || state === 'logging-in' || isRenewed(name, generations);
      }),

    proved: (agent, generations) =>
      storage.transaction(() => {
        for (const name of credentialsOf(agent)) {
          const known = rowOf(name);
          if (known === undefined || known.row.generation !== generations[name] || known.row.state === 'logging-in')
            continue;
          if (known.row.state === 'dead') continue;
          change(known.row, { state: 'alive', provedAt: clock.now(), probes: 0 });
        }
      }),

    checked: (name, verdict) =>
      storage.transaction(() => {
        const known = rowOf(name);
        if (known === undefined) return;
        const { credential, row } = known;
        const now = clock.now();
        const detail = verdict.kind === 'ok' ? 'AUTH_OK' : verdict.reason;
        storage.credentials.recordCheck({ credential: name, at: now, verdict: verdict.kind, detail });
        const dead = row.state === 'dead' || row.state === 'logging-in';
        if (verdict.kind === 'ok') {
          incidents.close(checkFingerprint(name));
          if (dead)
            revive(credential, row, row.state === 'logging-in' ? 'Logged in again.' : 'The check passed again.', {
              login: row.state === 'logging-in',
              proof: true,
            });
          else
            change(row, {
              state: 'alive',
              since: row.state === 'alive' ? row.since : now,
              provedAt: now,
              checkedAt: now,
              checkWantedAt: null,
              checkDetail: detail,
            });
          return;
        }
        if (dead) {
          const wantedAt = now + delay(credential, row.probes + 1);
          change(row, {
            state: 'dead',
            probes: row.probes + 1,
            checkedAt: now,
            checkDetail: detail,
            checkWantedAt: wantedAt,
          });
          if (row.state === 'logging-in') {
            // The login may have been of a living credential, by /reauth: then nobody is held yet, and no incident is open.
            const agents = agentsOf(name).map((agent) => agent.name);
            hold(credential, agents, now);
            const note = `The login ended well, but the check still says: ${detail}. ${mendHint(credential)}`;
            reportDead(credential, detail, agents, note);
          }
          return;
        }
        if (verdict.kind === 'failed') return declareDead(credential, { ...row, checkedAt: now }, detail, 'the check');
        change(row, { checkedAt: now, checkWantedAt: null, checkDetail: detail });
        incidents.report({
          kind: 'check',
          fingerprint: checkFingerprint(name),
          subject: name,
          severity: 'warning',
          title: `The check of ${name} does not work`,
          evidence: detail,
          agents: agentsOf(name).map((agent) => agent.name),
          note: 'Its agents run on; nobody knows whether the credential is good until one of them is refused.',
        });
      }),

    startTrial: (name) =>
      storage.transaction(() => {
        const known = rowOf(name);
        if (known === undefined || known.row.state !== 'dead') return;
        const now = clock.now();
        const candidates = agentsOf(name).filter(
          (agent) => agent.publishes.length === 0 && !isHeldOtherwise(agent.name, name),
        );
        const candidate = candidates.find((agent) => triedBeside(agent, name).every((row) => isDue(row, now)));
        // It stays due, so that it is due as well when the other credential is.
        if (candidate === undefined && candidates.length > 0) return;
        const isPublishersOnly = agentsOf(name).every((agent) => agent.publishes.length > 0);
        // Where something else holds all who could try, nothing was tried: the probe stays due, and the next one does not grow rarer.
        if (candidate === undefined && !isPublishersOnly)
          return change(known.row, { checkWantedAt: now + known.credential.backoff.firstMs });
        change(known.row, {
          probes: known.row.probes + 1,
          checkWantedAt: now + delay(known.credential, known.row.probes + 1),
          trialOpen: isPublishersOnly ? 1 : 0,
        });
        if (candidate === undefined) return;
        for (const row of triedBeside(candidate, name)) noteProbe(row, now);
        storage.dues.wait(candidate.name, now, 'trial');
      }),

    mayTry: (agent) =>
      !isHeldOtherwise(agent.name) &&
      credentialsOf(agent).every((name) => {
        const row = storage.credentials.get(name);
        return row?.state !== 'logging-in' && (row?.state !== 'dead' || row.trialOpen === 1);
      }),

    tried: (agent) =>
      storage.transaction(() => {
        for (const name of credentialsOf(agent)) {
          const known = rowOf(name);
          if (known?.row.trialOpen === 1) change(known.row, { trialOpen: 0 });
        }
      }),

    trialEnded: (agentName, startedAt) =>
      storage.transaction(() => {
        const agent = fleet.agents.get(agentName);
        if (agent === undefined) return;
        for (const name of credentialsOf(agent)) {
          const known = rowOf(name);
          const seenAt = storage.incidents.unresolved(fingerprint(name))?.lastSeenAt ?? 0;
          if (known?.row.state === 'dead' && known.credential.check === undefined && seenAt < startedAt)
            revive(known.credential, known.row, `A try of ${agentName} went well.`, {
              login: false,
              proof: true,
            });
        }
      }),

    wantLogin: (name, by) =>
      storage.transaction(() => {
        const known = rowOf(name);
        if (known === undefined) return 'unknown';
        if (!Array.isArray(known.credential.login)) return 'no-login';
        if (!storage.credentials.wantLogin(name, by, clock.now())) return 'running';
        storage.journal.add({
          at: clock.now(),
          subject: `credential:${name}`,
          event: 'login wanted',
          actor: by,
          detail: null,
        });
        incidents.note(fingerprint(name), 'Logging in…');
        return 'wanted';
      }),

    loginEnded: (login, outcome) =>
      storage.transaction(() => {
        const now = clock.now();
        const detail = outcome.kind === 'done' ? 'logged in' : outcome.reason;
        if (!storage.credentials.endLogin(login.id, outcome.kind, detail, now)) return;
        const known = rowOf(login.credential);
        if (known === undefined) return;
        storage.journal.add({
          at: now,
          subject: `credential:${login.credential}`,
          event: `login ${outcome.kind}`,
          actor: 'nightdesk',
          detail,
        });
        if (outcome.kind === 'failed') {
          incidents.note(
            fingerprint(login.credential),
            `Login failed: ${outcome.reason}. ${mendHint(known.credential)}`,
          );
          return;
        }
        if (known.credential.check === undefined)
          return revive(known.credential, known.row, 'Logged in again.', { login: true, proof: true });
        const since = known.row.state === 'dead' ? known.row.since : now;
        change(known.row, { state: 'logging-in', since, checkWantedAt: now });
        incidents.note(fingerprint(login.credential), 'Logged in; checking…');
      }),
  };

  /** Nobody knows which of several credentials was refused: those with a check are asked now, and one without counts as dead. */
  function suspectAll(names: readonly string[], sign: AuthSign): void {
    const known = names.map(rowOf).filter((entry) => entry !== undefined);
    const dead = known.find((entry) => entry.row.state === 'dead' || entry.row.state === 'logging-in');
    const unchecked = known.find((entry) => entry.credential.check === undefined);
    const blamed = dead ?? unchecked;
    if (blamed !== undefined) return declareDead(blamed.credential, blamed.row, sign.evidence, sign.agent);
    for (const entry of known) change(entry.row, { checkWantedAt: clock.now() });
    storage.journal.add({
      at: clock.now(),
      subject: `agent:${sign.agent}`,
      event: 'auth sign',
      actor: sign.agent,
      detail: sign.evidence,
    });
  }
}

function fingerprint(credential: string): string {
  return `auth:${credential}`;
}

function checkFingerprint(credential: string): string {
  return `check:${credential}`;
}

function mendHint(credential: Credential): string {
  const probe = credential.check === undefined ? 'one trial run now and then' : 'its check';
  const mend = Array.isArray(credential.login) ? 'Press Re-auth to log in' : 'Mend it on the host';
  return `Nobody calls it now but ${probe}, ever more rarely. ${mend}; the agents go on by themselves.`;
}
