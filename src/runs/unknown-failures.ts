import type { RunEnd, RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock } from '../ports.ts';
import { count } from '../telegram/cards/words.ts';

/** Failures that no rule knows, compared with each other: what comes fast and alike is one trouble, whatever its words. */
export interface UnknownFailures {
  /**
   * Takes in a run that has just been settled as failed. `alone`: nothing like it was seen; `repeated`: its agent fails in the same way
   * again and again; `outage`: several agents do. The last two are told here.
   */
  failed(run: RunRow, end: RunEnd): 'alone' | 'repeated' | 'outage';
  /** The agents of the incident about failures like this one; none where there is no such incident. */
  agentsWith(end: RunEnd): readonly string[];
  /** A run ended well: what its agents have all got over is resolved. */
  ranWell(run: RunRow): void;
  /** Ends the incidents of an agent that nobody else shares: a graver one tells of it now. */
  supersede(agent: string): void;
}

/** Failures further apart are no outage (facts: agent-clis 14.21). */
const WINDOW_MS = 10 * 60_000;
/** As many failures of one agent as are no accident. */
const REPEATED = 3;

/** Builds the register of failures that no rule knows; every call belongs into the transaction of the run's end. */
export function createUnknownFailures(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly incidents: IncidentRegister;
}): UnknownFailures {
  const { fleet, storage, clock, incidents } = options;

  function openOnes(agent: string) {
    return incidents
      .unresolved()
      .filter(({ incident, agents }) => incident.kind === 'unknown' && agents.includes(agent));
  }

  function isOver(agent: string, openedAt: number): boolean {
    return !fleet.agents.has(agent) || storage.runs.failuresInARow(agent, openedAt - WINDOW_MS) === 0;
  }

  return {
    failed(run, end) {
      const look = end.fingerprint ?? '';
      if (look === '') return 'alone';
      const alike = storage.runs.alike(look, clock.now() - WINDOW_MS);
      const open = storage.incidents.unresolved(fingerprintOfLook(look));
      const known = open === undefined ? [] : storage.incidents.agents(open.id);
      const isLate = open !== undefined && open.lastSeenAt <= clock.now() - WINDOW_MS;
      // Whoever comes long after the others has a trouble of its own: joining them makes no sound.
      if (isLate && !known.includes(run.agent) && alike.length < 2) return 'alone';
      const agents = [...new Set([...known, ...alike.map(({ agent }) => agent), run.agent])].toSorted();
      const times = alike.find(({ agent }) => agent === run.agent)?.times ?? 1;
      // That one agent crashes again and again is told by its crash already.
      const isRepeated = end.failure === 'unknown' && times >= REPEATED;
      if (open === undefined && agents.length < 2 && !isRepeated) return 'alone';
      const [only] = agents;
      incidents.report({
        kind: 'unknown',
        fingerprint: fingerprintOfLook(look),
        subject: run.agent,
        severity: agents.length > 1 ? 'critical' : 'warning',
        title:
          agents.length > 1
            ? `${count(agents.length, 'agent')} fail in the same way`
            : `${only} fails in the same way again and again`,
        evidence: end.evidence ?? look,
        agents,
        note: 'No rule knows these words: an outage, or a change of the program. It is tried again with growing pauses.',
      });
      return agents.length > 1 ? 'outage' : 'repeated';
    },

    agentsWith(end) {
      const incident = storage.incidents.unresolved(fingerprintOfLook(end.fingerprint ?? ''));
      return incident === undefined ? [] : storage.incidents.agents(incident.id);
    },

    ranWell(run) {
      for (const { incident, agents } of openOnes(run.agent)) {
        if (agents.every((agent) => isOver(agent, incident.openedAt)))
          incidents.resolve(
            incident.fingerprint,
            agents.length > 1 ? 'They all ran well again.' : 'It ran well again.',
          );
      }
    },

    supersede(agent) {
      for (const { incident, agents } of openOnes(agent))
        if (agents.length === 1) incidents.close(incident.fingerprint);
    },
  };
}

function fingerprintOfLook(look: string): string {
  return `unknown:${look}`;
}
