import type { IncidentRow } from '../../storage/incident-store.ts';
import type { Storage } from '../../storage/storage.ts';
import { findParent, isParent, mayFollow, type OpenIncident } from './telling.ts';

/** What incidents follow from, read from rows. */
export interface Parents {
  /** Those that this one may follow from; a storm of logins that die, which follow from nothing, costs nothing here. */
  listFor(incident: IncidentRow): readonly OpenIncident[];
  /** What an incident that is told already would follow from now. */
  of(incident: IncidentRow): IncidentRow | undefined;
  /**
   * Since when nothing follows from an incident any more: its end, or that of the cause, where it stays open to see whether that comes
   * back; undefined: something may.
   */
  endedAt(incident: IncidentRow): number | undefined;
}

/** Builds the reader of what incidents follow from. */
export function createParents({ incidents, credentials }: Pick<Storage, 'incidents' | 'credentials'>): Parents {
  function listFor({ id, kind }: IncidentRow): readonly OpenIncident[] {
    if (!mayFollow(kind)) return [];
    const parents = incidents
      .listUnresolved()
      .filter((other) => other.id !== id && isParent(other.kind) && endedAt(other) === undefined);
    return parents.map((incident) => ({ incident, agents: incidents.agents(incident.id) }));
  }

  function endedAt(incident: IncidentRow): number | undefined {
    const credential = incident.kind === 'auth' ? credentials.get(incident.subject) : undefined;
    return incident.resolvedAt ?? (credential?.state === 'alive' ? credential.since : undefined);
  }

  return {
    listFor,
    endedAt,
    of: (incident) =>
      findParent(
        { ...incident, agents: incidents.agents(incident.id), isDrill: incident.isDrill === 1 },
        listFor(incident),
      ),
  };
}
