import type { IncidentKind, IncidentRow } from '../../storage/incident-store.ts';
import { readBudgetFingerprint } from '../budget/budget.ts';
import type { Mend } from '../telegram/cards/incident-card.ts';

const LOG: Mend = { label: 'Log', verb: 'log' };
const PAUSE: Mend = { label: 'Pause', verb: 'pause' };
const RESTART: Mend = { label: 'Restart', verb: 'restart' };
const RE_AUTH: Mend = { label: 'Re-auth', verb: 'reauth' };

const RAISE: readonly Mend[] = [20, 50].map((percent) => ({
  label: `Raise +${percent} %`,
  verb: 'raise',
  revision: percent,
}));
/** A warning of so many percent or more offers to raise the budget. */
const NEARLY_USED_UP_PERCENT = 90;

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
  budget: [LOG],
  fallback: [],
  context: [LOG, PAUSE],
  task: [LOG, PAUSE],
  backup: [],
  config: [],
};

/** The buttons that mend an incident. `canLogIn`: whether a credential has a login that a button can start. */
export function mendsOf(incident: IncidentRow, canLogIn: (credential: string) => boolean): readonly Mend[] {
  if (incident.kind === 'budget' && isWorthRaising(incident)) return RAISE;
  if (incident.kind === 'budget' && readBudgetFingerprint(incident.fingerprint) !== undefined) return [];
  return MENDS[incident.kind].filter(({ verb }) => verb !== 'reauth' || canLogIn(incident.subject));
}

/** What is used up or nearly so, spent too fast, or too little for a next run; early warnings ask for nothing yet. A drill needs no money. */
function isWorthRaising({ fingerprint, severity, title, isDrill }: IncidentRow): boolean {
  const topic = readBudgetFingerprint(fingerprint);
  if (topic === undefined || isDrill === 1) return false;
  return (
    topic.about !== 'budget' ||
    severity === 'critical' ||
    Number(/(\d+) %/.exec(title)?.[1] ?? 0) >= NEARLY_USED_UP_PERCENT
  );
}
