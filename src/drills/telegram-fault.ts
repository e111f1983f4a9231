import type { DrillFacts, DrillRow } from '../../storage/drill-store.ts';
import type { FallbackRow } from '../../storage/fallback-store.ts';
import type { IncidentRow } from '../../storage/incident-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Clock } from '../ports.ts';
import type { Fault, Finding } from './fault.ts';
import { seconds } from './report.ts';
import type { TelegramGate } from './telegram-gate.ts';

/** Telegram is kept away no longer than this, whatever comes of it: what waits for the owner is real. */
const LONGEST_CLOSED_MS = 3 * 60_000;

/** The telegram drill: the gate keeps every call away until the second route has told the owner, or, without one, until the outage is noticed. */
export function createTelegramFault(parts: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly gate: TelegramGate;
  /** Whether `alerts.fallback` names a program. */
  readonly hasFallback: () => boolean;
  /** Fingerprint of the incident that a Telegram out of reach is. */
  readonly fingerprint: string;
}): Fault {
  const { storage, clock, gate, hasFallback } = parts;
  let openedAt: number | undefined;

  function outage(drill: Pick<DrillRow, 'incidentId'>): IncidentRow | undefined {
    return drill.incidentId === null
      ? storage.incidents.unresolved(parts.fingerprint)
      : storage.incidents.get(drill.incidentId);
  }

  function toldBy(incident: IncidentRow | undefined): FallbackRow | undefined {
    return incident === undefined ? undefined : storage.fallbacks.ofIncident(incident.id);
  }

  /** Telegram is there again: what came of it, once a call went through. */
  function afterwards(facts: DrillFacts): Finding {
    const opened = (openedAt ??= clock.now());
    if (gate.isClosed()) gate.open();
    if (!gate.hasWorked()) return { kind: 'going', facts };
    const again = `The first call went through ${seconds(clock.now() - opened)} after Telegram was there again.`;
    if (hasFallback()) return { kind: 'passed', facts: { ...facts, detail: again } };
    const detail = `${again} There is no second route (alerts.fallback in fleet.yaml): while Telegram is away, nothing reaches you.`;
    return { kind: 'passed', facts: { ...facts, deliveredAt: clock.now(), detail } };
  }

  return {
    make() {
      openedAt = undefined;
      gate.close();
      return { faultAt: clock.now() };
    },

    look(drill) {
      if (openedAt !== undefined) return afterwards({});
      const incident = outage(drill);
      const told = toldBy(incident);
      const facts = incident === undefined ? {} : { incidentId: incident.id, detectedAt: incident.openedAt };
      if (told?.state === 'sent') return afterwards({ ...facts, deliveredAt: told.endedAt ?? clock.now() });
      if (!hasFallback() && incident !== undefined) return afterwards(facts);
      if (drill.faultAt !== null && clock.now() - drill.faultAt >= LONGEST_CLOSED_MS) {
        gate.open();
        return { kind: 'failed', reason: describe(incident, told) };
      }
      return { kind: 'going', facts };
    },

    describe: (drill) =>
      openedAt === undefined ? describe(outage(drill), toldBy(outage(drill))) : 'Telegram has not worked again since',

    clear() {
      openedAt = undefined;
      gate.open();
    },
  };

  function describe(incident: IncidentRow | undefined, told: FallbackRow | undefined): string {
    if (incident === undefined) return 'nobody noticed that Telegram was out of reach';
    if (told === undefined) return `incident ${incident.id} was opened, and nothing was given to the fallback`;
    return `the fallback did not get it through (${told.state}, ${told.attempts} tries)${told.error === null ? '' : `: ${told.error}`}`;
  }
}
