import type { Storage } from '../../storage/storage.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock } from '../ports.ts';
import { count } from '../telegram/cards/words.ts';
import type { CredentialBook, KnownCredential } from './book.ts';
import { credentialTitle } from './credential.ts';
import { falseAlarmsOf, isDoubtful, NOTED } from './flapping.ts';

/** Signs that are asked about before they count: every call belongs into the transaction of its decision. */
export interface Doubts {
  /**
   * Decides whether a sign is taken for the truth. `doubted`: its agent has cried wolf, so the check is asked first; `stops`: a rotation is
   * changing the secret, which may well refuse a run; the run stops, and what comes of the rotation decides.
   */
  raise(
    known: KnownCredential,
    sign: { readonly agent: string; readonly evidence: string },
  ): 'believed' | 'doubted' | 'stops';
  /** Whether a sign of this agent waits for its answer. */
  isOpen(name: string, agent: string): boolean;
  /** The credential works: who was held for a doubt is free. */
  clear(name: string): void;
  /** The oldest sign that waits for an answer, to be taken for the truth since none can be had. */
  pending(name: string): { readonly agent: string; readonly evidence: string } | undefined;
  /** The credential is dead for other reasons: nobody is suspected any more. */
  forget(name: string): void;
  /** The agent's run ended well, without any sign. */
  ranWell(name: string, agent: string): void;
}

/** A suspect that runs each second must not call the check each second. */
const LEAST_PAUSE_MS = 60_000;
/** Runs back that are looked at for a good one. */
const LOOKED_AT_RUNS = 20;
/** Why the agent of a doubted sign is held: the credential itself is not known to be dead. */
const REASON = 'its words of a dead login are being checked';

/** Builds the doubts. */
export function createDoubts(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly incidents: IncidentRegister;
  readonly book: CredentialBook;
}): Doubts {
  const { storage, clock, incidents, book } = options;

  function heldFor(name: string) {
    return storage.holds
      .active()
      .filter((hold) => hold.kind === 'credential' && hold.subject === name && hold.reason === REASON);
  }

  function hold(agent: string, name: string): void {
    storage.holds.place({
      agent,
      kind: 'credential',
      subject: name,
      reason: REASON,
      since: clock.now(),
      until: null,
    });
  }

  /** When another agent's run with this credential last ended well. */
  function othersWellAt(name: string, agent: string): number | undefined {
    const ends = book
      .agentsOf(name)
      .filter((other) => other.name !== agent)
      .map((other) => storage.runs.recent(other.name, LOOKED_AT_RUNS).find((run) => run.state === 'done')?.endedAt)
      .filter((at) => at !== undefined && at !== null);
    return ends.length === 0 ? undefined : Math.max(...ends);
  }

  function tell(name: string, agent: string, evidence: string, falseAlarms: number): void {
    incidents.report({
      kind: 'report',
      fingerprint: suspectFingerprint(name, agent),
      subject: agent,
      severity: 'warning',
      title: `${agent} prints words of a dead login, but ${credentialTitle(name)} works`,
      evidence,
      agents: [agent],
      note: `The check passed ${count(falseAlarms, 'time')} right after such words, and other agents work well with it. Its words alone stop nobody any more: the check is asked each time.`,
    });
  }

  return {
    raise({ credential, row }, { agent, evidence }) {
      const { name } = credential;
      if (row.state === 'dead' || row.state === 'logging-in') return 'believed';
      const now = clock.now();
      const rotation = storage.rotations.openOf(name)?.state;
      const isRotating = rotation === 'running' || rotation === 'checking';
      const falseAlarms = falseAlarmsOf(agent, book.notes(name), now);
      const hasCheck = credential.check !== undefined;
      if (!isRotating && !isDoubtful({ falseAlarms, hasCheck, othersWellAt: othersWellAt(name, agent), now }))
        return 'believed';
      if (!heldFor(name).some((held) => held.agent === agent)) book.note(name, NOTED.doubted, agent, evidence);
      hold(agent, name);
      if (isRotating) return 'stops';
      const askAt = Math.max(now, Math.min((row.checkedAt ?? 0) + LEAST_PAUSE_MS, now + LEAST_PAUSE_MS));
      book.change(row, { checkWantedAt: Math.min(row.checkWantedAt ?? askAt, askAt) });
      tell(name, agent, evidence, falseAlarms);
      return 'doubted';
    },
    isOpen: (name, agent) => heldFor(name).some((held) => held.agent === agent),
    clear(name) {
      const now = clock.now();
      for (const held of heldFor(name)) {
        storage.holds.release(held.agent, 'credential', name, now);
        if (storage.dues.lostSince(held.agent, held.since) > 0) storage.dues.wait(held.agent, now, 'resumed');
      }
    },
    pending(name) {
      const [oldest] = heldFor(name);
      if (oldest === undefined) return undefined;
      const noted = book.notes(name).find(({ event, actor }) => event === NOTED.doubted && actor === oldest.agent);
      return { agent: oldest.agent, evidence: noted?.detail ?? 'it was refused' };
    },
    forget(name) {
      for (const agent of book.agentsOf(name)) incidents.close(suspectFingerprint(name, agent.name));
    },
    ranWell: (name, agent) => incidents.close(suspectFingerprint(name, agent)),
  };
}

function suspectFingerprint(name: string, agent: string): string {
  return `suspect:${agent}:${name}`;
}
