import type { CredentialRow } from '../../storage/credential-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Credential, Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import { dateAndTime } from '../loop/wall-clock.ts';
import type { Clock } from '../ports.ts';
import type { CredentialBook } from './book.ts';
import { credentialHeading, credentialsOf, credentialTitle } from './credential.ts';
import type { Doubts } from './doubts.ts';
import { endOfSecret } from './expiry.ts';
import { describeFlapping, NOTED } from './flapping.ts';

/** A sign of a dead credential, as a run or an agent's report showed it. */
export interface AuthSign {
  readonly agent: string;
  readonly evidence: string;
  /** The credential, where the agent said which. */
  readonly credential?: string;
  /** Generations that the run was started with: a refusal of an older one says nothing about the present one. */
  readonly generations?: Readonly<Record<string, number>>;
}

/** How credentials die: every call belongs into the transaction of its decision. */
export interface Deaths {
  /** Takes a sign for the truth; `doubted`: its credential is asked first, and the agent that gave it waits for the answer. */
  sign(sign: AuthSign): 'believed' | 'doubted';
  declareDead(credential: Credential, row: CredentialRow, evidence: string, seenBy: string): void;
  /** Tells of a dead credential, or adds to what is told. */
  report(credential: Credential, evidence: string, note: string | undefined, title?: string): void;
  hold(credential: Credential): void;
}

/** Fingerprint of the incident of a dead credential. */
export function authFingerprint(credential: string): string {
  return `auth:${credential}`;
}

/** Fingerprint of the incident of a secret whose end is near. */
export function expiryFingerprint(credential: string): string {
  return `expiry:${credential}`;
}

/** Fingerprint of the incident of a rotation that failed. */
export function rotationFingerprint(credential: string): string {
  return `rotation:${credential}`;
}

/** Whether the owner can log in from the phone. */
export function canLogIn({ login }: Credential): boolean {
  return login !== undefined;
}

/** What the owner can do about a dead credential, and what goes on by itself. */
export function mendHint(credential: Credential): string {
  const probe = credential.check === undefined ? 'one trial run now and then' : 'its check';
  const mend = canLogIn(credential) ? 'Press Re-auth to log in' : 'Mend it on the host';
  return `Nobody calls it now but ${probe}, ever more rarely. ${mend}; the agents go on by themselves.`;
}

/** Builds what takes credentials for dead. */
export function createDeaths(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly incidents: IncidentRegister;
  readonly book: CredentialBook;
  readonly doubts: Doubts;
}): Deaths {
  const { fleet, storage, clock, incidents, book, doubts } = options;

  function declareDead(credential: Credential, row: CredentialRow, evidence: string, seenBy: string): void {
    const { name } = credential;
    // The first sign stays what the alert shows: later ones are often a bare exit code.
    if (row.state === 'dead' || row.state === 'logging-in')
      return report(credential, row.evidence ?? evidence, undefined);
    const now = clock.now();
    // Only a good run clears the probes: a check that lies, or agents that seldom run, must not start the backoff anew each time.
    book.change(row, {
      state: 'dead',
      since: now,
      evidence,
      checkWantedAt: now + book.probeDelayMs(credential, row.probes),
      trialOpen: 0,
    });
    hold(credential);
    book.note(name, NOTED.dead, seenBy, evidence);
    incidents.close(expiryFingerprint(name));
    doubts.forget(name);
    const how = describeFlapping(book.notes(name), now);
    const again = storage.incidents.unresolved(authFingerprint(name)) !== undefined && how !== undefined;
    const end = endOfSecret(credential, row);
    const title = again
      ? `${credentialHeading(name)} is dead again: ${how}`
      : end !== undefined && end <= now
        ? `${credentialHeading(name)} is dead: it expired on ${dateAndTime(end, fleet.timezone, now)}`
        : undefined;
    report(credential, evidence, `Seen by ${seenBy}. ${mendHint(credential)}`, title);
    worsenRotation(name);
  }

  /** A rotation that failed is only a warning as long as the old secret works. */
  function worsenRotation(name: string): void {
    const incident = storage.incidents.unresolved(rotationFingerprint(name));
    if (incident === undefined || incident.severity === 'critical') return;
    incidents.report({
      kind: 'rotation',
      fingerprint: rotationFingerprint(name),
      subject: name,
      severity: 'critical',
      title: `The rotation of ${name} failed, and the old secret is dead`,
      evidence: incident.evidence,
      agents: book.agentsOf(name).map((agent) => agent.name),
    });
  }

  function hold(credential: Credential): void {
    for (const agent of book.agentsOf(credential.name)) {
      storage.holds.place({
        agent: agent.name,
        kind: 'credential',
        subject: credential.name,
        reason: `${credentialTitle(credential.name)} is dead`,
        since: clock.now(),
        until: null,
      });
    }
  }

  function report(credential: Credential, evidence: string, note: string | undefined, title?: string): void {
    const { name } = credential;
    incidents.report({
      kind: 'auth',
      fingerprint: authFingerprint(name),
      subject: name,
      severity: 'critical',
      // A title that says more than the first words stays while it lasts.
      title: title ?? lastingTitle(name) ?? `${credentialHeading(name)} is dead`,
      evidence,
      agents: book.agentsOf(name).map((agent) => agent.name),
      ...(note === undefined ? {} : { note }),
    });
  }

  function lastingTitle(name: string): string | undefined {
    const open = storage.incidents.unresolved(authFingerprint(name));
    return open?.title.startsWith(`${credentialHeading(name)} is dead`) === true ? open.title : undefined;
  }

  /** Nobody knows which of several credentials was refused: those with a check are asked now, and one without counts as dead. */
  function suspectAll(names: readonly string[], sign: AuthSign): void {
    const known = names.map(book.rowOf).filter((entry) => entry !== undefined);
    const dead = known.find((entry) => entry.row.state === 'dead' || entry.row.state === 'logging-in');
    const unchecked = known.find((entry) => entry.credential.check === undefined);
    const blamed = dead ?? unchecked;
    if (blamed !== undefined) return declareDead(blamed.credential, blamed.row, sign.evidence, sign.agent);
    for (const entry of known) book.change(entry.row, { checkWantedAt: clock.now() });
    storage.journal.add({
      at: clock.now(),
      subject: `agent:${sign.agent}`,
      event: 'auth sign',
      actor: sign.agent,
      detail: sign.evidence,
    });
  }

  /** Which credentials a sign means: the one it names, or, as long as nobody knows, all of its agent's. */
  function meant(agent: Agent, hint: string | undefined): readonly string[] {
    const names = credentialsOf(agent);
    return hint !== undefined && names.includes(hint) ? [hint] : names;
  }

  return {
    declareDead,
    report,
    hold,
    sign(sign) {
      const agent = fleet.agents.get(sign.agent);
      if (agent === undefined) return 'believed';
      const names = meant(agent, sign.credential);
      const current = names.filter((name) => !book.isRenewed(name, sign.generations));
      // Where one of several was renewed meanwhile, it may have been that one: the others are only suspected.
      if (names.length > 1) {
        suspectAll(current, sign);
        return 'believed';
      }
      const [only] = current;
      const known = only === undefined ? undefined : book.rowOf(only);
      if (known === undefined) return 'believed';
      const doubt = doubts.raise(known, sign);
      if (doubt === 'believed') declareDead(known.credential, known.row, sign.evidence, sign.agent);
      return doubt === 'stops' ? 'believed' : doubt;
    },
  };
}
