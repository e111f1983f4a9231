import type { IncidentRow } from '../../storage/incident-store.ts';
import type { Storage } from '../../storage/storage.ts';

/** Whether Telegram has shown the message that tells of an incident. */
export type Delivery =
  | { readonly kind: 'shown'; readonly at: number | null }
  | { readonly kind: 'waiting'; readonly since: number; readonly reason: string | null }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'untold'; readonly because: number | null };

/** Reads from the outbox what became of an incident's message. */
export function loadDelivery({ outbox }: Pick<Storage, 'outbox'>, incident: IncidentRow): Delivery {
  if (incident.messageKey === null) return { kind: 'untold', because: incident.inhibitedBy };
  const row = outbox.get(incident.messageKey);
  // Rows of what was shown are dropped after a month.
  if (row === undefined) return { kind: 'shown', at: null };
  if (row.messageId !== null) return { kind: 'shown', at: row.sentAt };
  const copy = outbox.get(`${row.key}:private`);
  if (copy !== undefined && copy.messageId !== null) return { kind: 'shown', at: copy.sentAt };
  return row.state === 'refused' || row.state === 'unknown'
    ? { kind: 'refused', reason: row.error ?? 'without a reason' }
    : { kind: 'waiting', since: row.createdAt, reason: row.error };
}
