import type { IncidentKind, IncidentRow } from '../../storage/incident-store.ts';
import type { Mend } from '../telegram/cards/incident-card.ts';

const LOG: Mend = { label: 'Log', verb: 'log' };
const PAUSE: Mend = { label: 'Pause', verb: 'pause' };
const RESTART: Mend = { label: 'Restart', verb: 'restart' };
const RE_AUTH: Mend = { label: 'Re-auth', verb: 'reauth' };

/** What mends an incident of each kind, as buttons; Ack and Silence are on all of them. Where there are none, its note says what to do. */
const MENDS: Readonly<Record<IncidentKind, readonly Mend[]>> = {
  auth: [RE_AUTH],
  crash: [LOG, PAUSE],
  'crash-loop': [{ label: 'Restart', verb: 'resume' }, LOG],
  publisher: [],
  check: [],
  poller: [],
  conflict: [],
  report: [LOG],
  disk: [],
  memory: [],
  orphan: [],
  unknown: [LOG],
  limit: [],
  cli: [],
  heartbeat: [RESTART, PAUSE, LOG],
  stuck: [RESTART, PAUSE, LOG],
  schedule: [],
  clock: [],
  expiry: [RE_AUTH],
  rotation: [RE_AUTH],
  budget: [],
  fallback: [],
  context: [LOG, PAUSE],
  task: [LOG, PAUSE],
};

/** The buttons that mend an incident. `canLogIn`: whether a credential has a login that a button can start. */
export function mendsOf(incident: IncidentRow, canLogIn: (credential: string) => boolean): readonly Mend[] {
  return MENDS[incident.kind].filter(({ verb }) => verb !== 'reauth' || canLogIn(incident.subject));
}
