import type { CredentialRow } from '../../storage/credential-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Credential, Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import { dateAndTime } from '../loop/wall-clock.ts';
import type { Clock } from '../ports.ts';
import { LOGIN_DIED } from '../runs/session-choice.ts';
import { count } from '../telegram/cards/words.ts';
import type { Outbox } from '../telegram/outbox.ts';
import type { CredentialBook } from './book.ts';
import { credentialHeading, credentialTitle } from './credential.ts';
import { authFingerprint, expiryFingerprint } from './deaths.ts';
import { OUTDATED } from './expiry.ts';
import { describeFlapping, NOTED, QUIET_MS } from './flapping.ts';

/** What brought a credential back, or gave it a new secret. */
export interface Revival {
  /** A sentence. */
  readonly how: string;
  /** `again`: the old secret works again; anything else is a new one. */
  readonly by: 'again' | 'login' | 'rotation';
  /** Whether it is known to work: nobody tries a new secret that has no check before its agents do. */
  readonly isProved: boolean;
}

/** How credentials come back: every call belongs into the transaction of its decision. */
export interface Revivals {
  /** Every revival is a new generation, also one that somebody brought about on the host: runs of before tell nothing about it. */
  revive(credential: Credential, row: CredentialRow, revival: Revival): void;
  /** Ends the incidents of credentials that kept dying and have lived for a while; gives when the next one may end. */
  settle(): number | undefined;
}

/** Builds what brings credentials back. */
export function createRevivals(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly incidents: IncidentRegister;
  readonly outbox: Outbox;
  readonly book: CredentialBook;
}): Revivals {
  const { fleet, storage, clock, incidents, book } = options;

  /** Frees an agent; one that missed a due time, or was cut off, runs at once. */
  function free(agent: Agent, name: string, diedAt: number, by: Revival['by']): void {
    const now = clock.now();
    const wasHeld = storage.holds.release(agent.name, 'credential', name, now);
    const missed = storage.dues.lostSince(agent.name, diedAt);
    const last = storage.runs.lastOf(agent.name);
    // Who was refused goes on at once with a new secret; with the old one, which may be refused again, in its time.
    const isCause = last?.stopReason === LOGIN_DIED || (by !== 'again' && last?.failure === 'auth');
    const wasCutOff = last?.publicationId === null && isCause && (last.endedAt ?? now) >= diedAt;
    const isOwed = (missed > 0 || (wasHeld && by === 'rotation')) && agent.schedule.kind !== 'none';
    if (isOwed || wasCutOff) storage.dues.wait(agent.name, now, 'resumed');
  }

  /** A date in fleet.yaml is of the secret that it was written for: once its end was told of, a new secret makes it void. */
  function freshSecret(credential: Credential, row: CredentialRow): Partial<CredentialRow> {
    const isOutdated = row.warnedEnd !== null && row.warnedMs !== null && row.warnedEnd === credential.expiresAt;
    return {
      renewedAt: clock.now(),
      warnedMs: isOutdated ? OUTDATED : null,
      warnedEnd: isOutdated ? row.warnedEnd : null,
    };
  }

  function keepOpen(credential: Credential, row: CredentialRow, how: string, times: string): void {
    incidents.report({
      kind: 'auth',
      fingerprint: authFingerprint(credential.name),
      subject: credential.name,
      severity: 'critical',
      title: `${credentialHeading(credential.name)} keeps dying: ${times}`,
      evidence: row.evidence ?? how,
      agents: [],
      note: `${how} It works at the moment, and its agents run. This alert stays open until nothing has happened for ${QUIET_MS / 60_000} min.`,
    });
  }

  function dateHint(credential: Credential): string {
    return credential.expiresAt === undefined
      ? ''
      : ` fleet.yaml still says that it expires on ${dateAndTime(credential.expiresAt, fleet.timezone, clock.now())}: write the new date there.`;
  }

  return {
    revive(credential, row, { how, by, isProved }) {
      const { name } = credential;
      const now = clock.now();
      const wasDead = row.evidence !== null || row.state === 'dead';
      const diedAt = wasDead ? row.since : now;
      const isNew = by !== 'again';
      book.change(row, {
        state: 'alive',
        since: now,
        ...(isProved ? { provedAt: now, checkedAt: now } : {}),
        checkWantedAt: null,
        evidence: null,
        trialOpen: 0,
        probes: isNew ? 0 : row.probes + 1,
        generation: row.generation + 1,
        ...(isNew ? freshSecret(credential, row) : {}),
      });
      if (isNew) incidents.close(expiryFingerprint(name));
      const agents = book.agentsOf(name);
      for (const agent of agents) free(agent, name, diedAt, by);
      book.note(name, NOTED.alive, 'nightdesk', how);
      const times = isNew ? undefined : describeFlapping(book.notes(name), now);
      if (times !== undefined) return keepOpen(credential, row, how, times);
      const hint = isNew ? dateHint(credential) : '';
      const resolved = incidents.resolve(
        authFingerprint(name),
        `${how} ${isProved ? `${count(agents.length, 'agent')} back at work.` : `Nothing has proved it yet: ${tries(agents.length)} now.`}${hint}`,
      );
      // A login that no incident asked for still wants its answer.
      if (resolved === undefined && by === 'login') {
        const works = isProved ? 'and it works' : 'and its agents try it with their next runs';
        options.outbox.send({
          key: `login:${name}:${now}`,
          class: 'notice',
          content: {
            kind: 'text',
            body: { text: `🔑 ${credentialTitle(name)}: logged in again, ${works}.${hint}`, entities: [] },
          },
        });
      }
    },

    settle() {
      const now = clock.now();
      const ends: number[] = [];
      for (const name of book.names) {
        if (book.rowOf(name)?.row.state !== 'alive') continue;
        const incident = storage.incidents.unresolved(authFingerprint(name));
        if (incident === undefined) continue;
        const diedAt = book.notes(name).find(({ event }) => event === NOTED.dead)?.at ?? incident.openedAt;
        const quietAt = diedAt + QUIET_MS;
        // A death of the future is one of before the clock was set back.
        if (quietAt > now && diedAt <= now) ends.push(quietAt);
        else
          incidents.resolve(
            authFingerprint(name),
            `It has worked for ${QUIET_MS / 60_000} min. ${count(book.agentsOf(name).length, 'agent')} at work.`,
          );
      }
      return ends.length === 0 ? undefined : Math.min(...ends);
    },
  };
}

function tries(agents: number): string {
  return agents === 1 ? '1 agent tries it' : `${agents} agents try it`;
}
