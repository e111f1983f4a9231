import type { RunEnd, RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import { credentialsOf, credentialTitle } from '../credentials/credential.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock, Random } from '../ports.ts';
import { clockTime } from '../telegram/cards/words.ts';

/** What a model's vendor refuses for a while: one cause for all agents of a credential, and one message. */
export interface ModelLimits {
  /** The vendor said when to come back: every agent of the credential is held until then. */
  reached(run: RunRow, end: RunEnd, retryAt: number): void;
  /** The vendor is busy, or asks to slow down, without saying for how long; whoever calls holds the agent. */
  busy(run: RunRow, end: RunEnd): void;
  /** A run ended well: whatever it was refused before is over. */
  ranWell(run: RunRow): void;
}

/** A time further away is no usage limit that is worth trusting: looking once a day costs one refused call. */
const LONGEST_HOLD_MS = 24 * 3_600_000;
/** A time that is over, or nearly, would start all agents at once, against the same limit. */
const SHORTEST_HOLD_MS = 10_000;
/** Agents come back spread over this time, so that a fleet does not knock at once. */
const SPREAD_MS = 10_000;

/** Builds the register of limits; every call belongs into the transaction of the run's end. */
export function createModelLimits(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
  readonly incidents: IncidentRegister;
}): ModelLimits {
  const { fleet, storage, clock, incidents } = options;

  function agentsOf(credential: string): readonly string[] {
    return [...fleet.agents.values()]
      .filter((agent) => credentialsOf(agent).includes(credential))
      .map((agent) => agent.name);
  }

  function backoffOf(agent: string) {
    return storage.holds.active().find((hold) => hold.agent === agent && hold.kind === 'backoff');
  }

  function report(
    run: RunRow,
    end: RunEnd,
    fingerprint: string,
    title: string,
    agents: readonly string[],
    note: string,
  ) {
    incidents.report({
      kind: 'limit',
      fingerprint,
      subject: run.agent,
      severity: 'warning',
      title,
      evidence: end.evidence ?? '',
      agents,
      note,
    });
  }

  return {
    reached(run, end, retryAt) {
      const agent = fleet.agents.get(run.agent);
      if (agent === undefined) return;
      const now = clock.now();
      const credential = modelCredentialOf(agent, fleet);
      const agents = agentsOf(credential);
      const until = Math.max(now + SHORTEST_HOLD_MS, Math.min(retryAt, now + LONGEST_HOLD_MS));
      const reason = limitTitle(credential);
      for (const name of agents) {
        const spread = Math.round(options.random.fraction() * SPREAD_MS);
        if ((backoffOf(name)?.until ?? 0) >= until + SPREAD_MS) continue;
        storage.holds.place({ agent: name, kind: 'backoff', subject: '', reason, since: now, until: until + spread });
      }
      const time = clockTime(until, fleet.timezone, now).text;
      report(
        run,
        end,
        limitFingerprint(credential),
        `${reason} until ${time}`,
        agents,
        'They go on by themselves then.',
      );
    },

    busy(run, end) {
      const agent = fleet.agents.get(run.agent);
      if (agent === undefined) return;
      const credential = modelCredentialOf(agent, fleet);
      const what = end.failure === 'rate-limit' ? 'asks to slow down' : 'is overloaded';
      const title = `The model behind ${credentialTitle(credential)} ${what}`;
      report(run, end, busyFingerprint(credential), title, [run.agent], 'It is tried again with growing pauses.');
    },

    ranWell(run) {
      const agent = fleet.agents.get(run.agent);
      if (agent === undefined) return;
      for (const credential of credentialsOf(agent)) {
        for (const fingerprint of [limitFingerprint(credential), busyFingerprint(credential)]) {
          const incident = storage.incidents.unresolved(fingerprint);
          // A run that began before the limit was seen may have made its calls before it, too.
          if (incident === undefined || (run.startedAt ?? run.wantedAt) <= incident.lastSeenAt) continue;
          incidents.close(fingerprint);
          // That the vendor is less busy says nothing about a limit that was reached meanwhile.
          if (fingerprint !== limitFingerprint(credential)) continue;
          for (const name of agentsOf(credential)) {
            const hold = backoffOf(name);
            // Ends it at the scheduler's next tick, which also lets those run that missed a due time under it.
            if (hold?.reason === limitTitle(credential)) storage.holds.place({ ...hold, until: clock.now() });
          }
        }
      }
    },
  };
}

/**
 * The credential that an agent's model calls go by: the only one, the one that is called like the runtime or logs in with it, else the
 * first.
 */
function modelCredentialOf(agent: Agent, fleet: Fleet): string {
  const names = credentialsOf(agent);
  const byName = names.find((name) => name.toLowerCase().includes(agent.runtime));
  const byLogin = names.find((name) => {
    const login = fleet.credentials.get(name)?.login;
    return Array.isArray(login) && String(login[0]).split('/').at(-1) === agent.runtime;
  });
  return byName ?? byLogin ?? names[0] ?? `~${agent.name}`;
}

const LIMIT_OF = 'Usage limit of ';

function limitTitle(credential: string): string {
  return `${LIMIT_OF}${credentialTitle(credential)}`;
}

/** Whether a hold is that of a usage limit: it ends when the vendor said so, by the vendor's clock. */
export function isUsageLimit(reason: string): boolean {
  return reason.startsWith(LIMIT_OF);
}

function limitFingerprint(credential: string): string {
  return `limit:${credential}`;
}

function busyFingerprint(credential: string): string {
  return `busy:${credential}`;
}
