import type { IncidentKind } from '../../storage/incident-store.ts';

/** Something that went wrong, as a room saw it. */
export interface Trouble {
  readonly kind: IncidentKind;
  /** The same cause has the same fingerprint: it is one incident, however many agents it hits. */
  readonly fingerprint: string;
  readonly subject: string;
  readonly severity: 'critical' | 'warning';
  readonly title: string;
  readonly evidence: string;
  readonly agents: readonly string[];
  readonly note?: string;
  /** It was made on purpose, by /drill: it says so, and leaves no traces in the digest. */
  readonly isDrill?: boolean;
}
