import type { RotationRow } from '../../storage/rotation-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Credential, Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import { dateAndTime } from '../loop/wall-clock.ts';
import type { Clock } from '../ports.ts';
import type { Outbox } from '../telegram/outbox.ts';
import type { CredentialBook, KnownCredential } from './book.ts';
import { type CheckVerdict, credentialTitle } from './credential.ts';
import { authFingerprint, type Deaths, mendHint, rotationFingerprint } from './deaths.ts';
import type { Doubts } from './doubts.ts';
import { COUNTED_ROTATIONS, nextRotationAt } from './rotation.ts';
import type { Revivals } from './revivals.ts';
import type { Vault } from './vault.ts';

/** How a rotation's command ended. */
export type RotationOutcome =
  /** Well: a new secret is staged, or the command has put it where it belongs itself. */
  { readonly kind: 'changed' } | { readonly kind: 'failed'; readonly reason: string };

/** What a verdict meant to a new secret that was waiting for it. */
export type Judgement =
  /** None waited, or it had its answer and the verdict goes on to be what it says of the credential. */
  | 'not-ours'
  /** The verdict has done its work; the candidate is in place, or waits for another check. */
  | 'settled'
  /** The same, and the candidate has to go, once this is written down. */
  | 'discard';

/**
 * New secrets until they are proved. Who brought one is what the rows say: a credential that is `logging-in`, or a rotation that is
 * `checking`. A file is changed before the rows that say so, and what is refused goes after them: a crash in between only repeats the check.
 * Every call belongs into the transaction of its decision.
 */
export interface Candidates {
  /** Whether a check is to be made with the staged secret. */
  isTrying(name: string): boolean;
  /** Whose staged secret belongs to nobody: nothing that brought it is still open. */
  orphans(): readonly string[];
  loggedIn(known: KnownCredential): void;
  judge(known: KnownCredential, verdict: CheckVerdict, wasTried: boolean): Judgement;
  rotationEnded(rotation: RotationRow, outcome: RotationOutcome): void;
}

/** How long a new secret waits for a check that answers; then it counts as refused. */
const PATIENCE_MS = 10 * 60_000;

/** Builds the keeper of new secrets. */
export function createCandidates(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly incidents: IncidentRegister;
  readonly outbox: Outbox;
  readonly vault: Vault;
  readonly book: CredentialBook;
  readonly deaths: Deaths;
  readonly doubts: Doubts;
  readonly revivals: Revivals;
}): Candidates {
  const { fleet, storage, clock, incidents, vault, book, revivals } = options;

  function rotationOf(name: string): RotationRow | undefined {
    const rotation = storage.rotations.openOf(name);
    return rotation?.state === 'waiting' ? undefined : rotation;
  }

  function say(key: string, text: string): void {
    options.outbox.send({ key, class: 'notice', content: { kind: 'text', body: { text, entities: [] } } });
  }

  /** Since when the new secret waits: the login's end, or the rotation's begin. */
  function waitingSince(name: string): number {
    return (
      rotationOf(name)?.startedAt ??
      book.notes(name).find(({ event }) => event === 'login done')?.at ??
      Number.NEGATIVE_INFINITY
    );
  }

  /** A check that does not work says nothing about the new secret: it is asked again for a while. */
  function mayAskAgain({ credential, row }: KnownCredential, verdict: CheckVerdict): boolean {
    const now = clock.now();
    const since = waitingSince(credential.name);
    if (verdict.kind !== 'unclear' || since > now || now - since >= PATIENCE_MS) return false;
    const checkWantedAt = now + Math.min(credential.backoff.firstMs, 60_000);
    book.change(row, { checkedAt: now, checkWantedAt, checkDetail: verdict.reason });
    return true;
  }

  function judgeLogin(known: KnownCredential, verdict: CheckVerdict, wasTried: boolean): Judgement {
    const { credential, row } = known;
    const { name } = credential;
    if (verdict.kind === 'ok') {
      revivals.revive(credential, row, { how: 'Logged in again.', by: 'login', isProved: true });
      return 'settled';
    }
    const now = clock.now();
    const wasDead = row.evidence !== null;
    if (wasTried && !wasDead) {
      book.change(row, {
        state: row.provedAt === null ? 'unknown' : 'alive',
        since: now,
        checkWantedAt: null,
        checkDetail: verdict.reason,
      });
      storage.logins.refused(name, verdict.reason);
      book.note(name, 'new secret refused', 'nightdesk', verdict.reason);
      say(
        `login-refused:${name}:${now}`,
        `🔑 The new token of ${name} does not work: ${verdict.reason}. The old one is kept, and its agents run on.`,
      );
      return 'discard';
    }
    if (wasTried && mayAskAgain(known, verdict)) return 'settled';
    book.change(row, {
      state: 'dead',
      evidence: row.evidence ?? verdict.reason,
      probes: row.probes + 1,
      checkedAt: now,
      checkDetail: verdict.reason,
      checkWantedAt: now + book.probeDelayMs(credential, row.probes + 1),
    });
    storage.logins.refused(name, verdict.reason);
    // The login may have been of a living credential, by /reauth: then nobody is held yet, and no incident is open.
    options.deaths.hold(credential);
    if (!wasDead) book.note(name, 'dead', 'the check after a login', verdict.reason);
    const what = wasTried ? 'The new token does not work' : 'The login ended well, but the check still says';
    options.deaths.report(credential, verdict.reason, `${what}: ${verdict.reason}. ${mendHint(credential)}`);
    if (wasDead)
      say(
        `login-refused:${name}:${now}`,
        `🔑 ${what}: ${verdict.reason}. ${credentialTitle(name)} stays dead: /reauth ${name} tries again.`,
      );
    return wasTried ? 'discard' : 'settled';
  }

  function judgeRotation(
    known: KnownCredential,
    rotation: RotationRow,
    verdict: CheckVerdict,
    wasTried: boolean,
  ): Judgement {
    const { credential, row } = known;
    if (verdict.kind === 'ok') {
      rotated(known, rotation, true);
      return 'settled';
    }
    if (mayAskAgain(known, verdict)) return 'settled';
    const reason =
      verdict.kind === 'failed'
        ? `the check refuses the new secret: ${verdict.reason}`
        : `the check: ${verdict.reason}`;
    fail(credential, rotation, reason, wasTried);
    // What the command did to the old secret nobody knows.
    if (wasTried) book.change(row, { checkWantedAt: clock.now(), checkDetail: verdict.reason });
    return wasTried ? 'discard' : 'not-ours';
  }

  function rotated({ credential, row }: KnownCredential, rotation: RotationRow, isProved: boolean): void {
    const { name } = credential;
    const now = clock.now();
    storage.rotations.end(rotation.id, 'done', 'rotated', now);
    book.note(name, 'rotated', 'nightdesk', null);
    revivals.revive(credential, row, { how: 'Rotated.', by: 'rotation', isProved });
    incidents.resolve(rotationFingerprint(name), 'It was rotated.');
    const next = nextOf(credential);
    const proof = isProved ? '' : ' It has no check: its agents try it with their next runs.';
    say(
      `rotation:${rotation.id}`,
      `🔑 ${name} was rotated${next === undefined ? '' : `; next on ${dateAndTime(next, fleet.timezone, now)}`}.${proof}`,
    );
  }

  function nextOf({ name, rotate }: Credential): number | undefined {
    const row = storage.credentials.get(name);
    if (rotate === undefined || row === undefined) return undefined;
    const ended = storage.rotations.ended(name, COUNTED_ROTATIONS);
    return nextRotationAt(
      rotate,
      { firstSeenAt: row.firstSeenAt ?? row.since, renewedAt: row.renewedAt, ended },
      fleet.timezone,
    );
  }

  function fail(credential: Credential, rotation: RotationRow, reason: string, isOldKept: boolean): void {
    const { name } = credential;
    const now = clock.now();
    if (!storage.rotations.end(rotation.id, 'failed', reason, now)) return;
    book.note(name, 'rotation failed', 'nightdesk', reason);
    const isDead = storage.credentials.get(name)?.state === 'dead';
    const next = nextOf(credential);
    const again = next === undefined ? '' : ` It is tried again on ${dateAndTime(next, fleet.timezone, now)}.`;
    incidents.report({
      kind: 'rotation',
      fingerprint: rotationFingerprint(name),
      subject: name,
      severity: isDead ? 'critical' : 'warning',
      title: `The rotation of ${name} failed${isDead ? ', and it is dead' : ''}`,
      evidence: reason,
      agents: book.agentsOf(name).map((agent) => agent.name),
      note: `${isOldKept ? 'The old secret is kept.' : ''}${again}`.trim(),
    });
  }

  return {
    isTrying: (name) =>
      (storage.credentials.get(name)?.state === 'logging-in' || rotationOf(name)?.state === 'checking') &&
      vault.hasStaged(name),

    orphans: () =>
      book.names.filter(
        (name) =>
          vault.hasStaged(name) &&
          storage.credentials.get(name)?.state !== 'logging-in' &&
          rotationOf(name) === undefined &&
          storage.logins.open().every((login) => login.credential !== name),
      ),

    loggedIn({ credential, row }) {
      const now = clock.now();
      if (credential.check === undefined)
        return revivals.revive(credential, row, { how: 'Logged in again.', by: 'login', isProved: false });
      const since = row.state === 'dead' ? row.since : now;
      book.change(row, { state: 'logging-in', since, checkWantedAt: now });
      incidents.note(authFingerprint(credential.name), 'Logged in; checking…');
    },

    judge(known, verdict, wasTried) {
      const { credential, row } = known;
      const rotation = rotationOf(credential.name);
      const isWaiting = row.state === 'logging-in' || rotation?.state === 'checking';
      // A check that began before the new secret came says nothing about it, and neither does one beside the command that changes it.
      if ((isWaiting && !wasTried && vault.hasStaged(credential.name)) || rotation?.state === 'running') {
        book.change(row, { checkWantedAt: clock.now() });
        return 'settled';
      }
      if (row.state === 'logging-in') return judgeLogin(known, verdict, wasTried);
      return rotation?.state === 'checking' ? judgeRotation(known, rotation, verdict, wasTried) : 'not-ours';
    },

    rotationEnded(rotation, outcome) {
      const known = book.rowOf(rotation.credential);
      if (known === undefined)
        return void storage.rotations.end(rotation.id, 'failed', 'not in fleet.yaml', clock.now());
      const { credential, row } = known;
      if (outcome.kind === 'changed') {
        if (credential.check === undefined) return rotated(known, rotation, false);
        if (storage.rotations.check(rotation.id)) book.change(row, { checkWantedAt: clock.now() });
        return;
      }
      fail(credential, rotation, outcome.reason, true);
      // A command that failed half-way may have ended the old secret: the check knows, and without one a sign of meanwhile counts.
      if (credential.check !== undefined) return book.change(row, { checkWantedAt: clock.now() });
      const sign = options.doubts.pending(credential.name);
      if (sign !== undefined) options.deaths.declareDead(credential, row, sign.evidence, sign.agent);
    },
  };
}
