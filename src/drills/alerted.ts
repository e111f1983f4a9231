import type { DrillFacts, DrillRow } from '../../storage/drill-store.ts';
import type { IncidentRow } from '../../storage/incident-store.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Finding } from './fault.ts';

/** Whether the owner was told of the incident that a fault opened, if it has. */
export function findAlert(
  incident: IncidentRow | undefined,
  register: Pick<IncidentRegister, 'delivery'>,
  facts: DrillFacts,
  now: number,
): Exclude<Finding, { kind: 'failed' }> {
  if (incident === undefined) return { kind: 'going', facts };
  const noticed = { ...facts, incidentId: incident.id, detectedAt: incident.openedAt };
  const delivery = register.delivery(incident);
  if (delivery.kind !== 'shown') return { kind: 'going', facts: noticed };
  // A message about many may have been there before this incident joined it.
  const deliveredAt = Math.max(delivery.at ?? now, incident.openedAt);
  return { kind: 'passed', facts: { ...noticed, deliveredAt } };
}

/** How far an alert came that is not there in time. */
export function describeMissingAlert(
  drill: DrillRow,
  incident: IncidentRow | undefined,
  register: Pick<IncidentRegister, 'delivery'>,
): string {
  if (drill.faultAt === null) return 'the fault itself did not come about';
  if (incident === undefined) return 'nobody noticed the fault';
  const delivery = register.delivery(incident);
  switch (delivery.kind) {
    case 'untold':
      return `incident ${incident.id} was opened and not told of${delivery.because === null ? '' : `, because of incident ${delivery.because}`}`;
    case 'refused':
      return `incident ${incident.id} was opened, and Telegram refused the message: ${delivery.reason}`;
    case 'waiting':
      return `incident ${incident.id} was opened, and its message waits${delivery.reason === null ? '' : `: ${delivery.reason}`}`;
    case 'shown':
      return `incident ${incident.id} was told too late`;
  }
}
