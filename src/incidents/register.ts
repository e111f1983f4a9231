import type { IncidentKind, IncidentRow } from '../../storage/incident-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Clock } from '../ports.ts';
import type { CallbackData } from '../telegram/callback-data.ts';
import { incidentKey, type Mend, renderIncident, renderRecovery } from '../telegram/cards/incident-card.ts';
import type { Outbox } from '../telegram/outbox.ts';

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

/** The register of incidents; every call belongs into the transaction of what it tells. */
export interface IncidentRegister {
  /** Opens an incident, or joins the unresolved one of the same fingerprint. */
  report(trouble: Trouble): IncidentRow;
  /** Adds what is being done about it; undefined fingerprints nobody knows are passed over. */
  note(fingerprint: string, note: string | null): void;
  /** Ends an incident and says so; `cost` is a sentence. Undefined when there was none. */
  resolve(fingerprint: string, cost: string): IncidentRow | undefined;
  /** Ends an incident that passed without anything worth a message of its own: only the alert is edited. */
  close(fingerprint: string): void;
  /** Sends an open incident anew, with its sound: what changed about it is worth being told again. */
  remind(fingerprint: string): void;
  acknowledge(id: number, by: string): 'acknowledged' | 'not-firing';
  unresolved(): readonly { readonly incident: IncidentRow; readonly agents: readonly string[] }[];
}

/** What mends an incident of each kind, as buttons; Ack is on all of them. */
const MENDS: Readonly<Record<IncidentKind, readonly Mend[]>> = {
  auth: [{ label: 'Re-auth', verb: 'reauth' }],
  crash: [
    { label: 'Log', verb: 'log' },
    { label: 'Pause', verb: 'pause' },
  ],
  'crash-loop': [
    { label: 'Restart', verb: 'resume' },
    { label: 'Log', verb: 'log' },
  ],
  publisher: [],
  check: [],
  poller: [],
  conflict: [],
  report: [{ label: 'Log', verb: 'log' }],
  disk: [],
  memory: [],
  orphan: [],
  unknown: [{ label: 'Log', verb: 'log' }],
  limit: [],
  cli: [],
  heartbeat: [
    { label: 'Restart', verb: 'restart' },
    { label: 'Pause', verb: 'pause' },
    { label: 'Log', verb: 'log' },
  ],
  stuck: [
    { label: 'Restart', verb: 'restart' },
    { label: 'Pause', verb: 'pause' },
    { label: 'Log', verb: 'log' },
  ],
  schedule: [],
  clock: [],
  expiry: [{ label: 'Re-auth', verb: 'reauth' }],
  rotation: [{ label: 'Re-auth', verb: 'reauth' }],
  budget: [],
};

/** Builds the register. `canLogIn` says whether a credential has a login program that a button can start. */
export function createIncidentRegister(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly callbackData: CallbackData;
  readonly timezone: string;
  readonly canLogIn: (credential: string) => boolean;
}): IncidentRegister {
  const { storage, clock, outbox } = options;

  function render(incident: IncidentRow) {
    const mends = incident.kind === 'auth' && !options.canLogIn(incident.subject) ? [] : MENDS[incident.kind];
    const setting = { timezone: options.timezone, now: clock.now(), callbackData: options.callbackData };
    return renderIncident(incident, storage.incidents.agents(incident.id), mends, setting);
  }

  function refresh(id: number): void {
    const incident = storage.incidents.get(id);
    if (incident !== undefined) outbox.edit(incidentKey(id), render(incident));
  }

  function open(trouble: Trouble): IncidentRow {
    const id = storage.incidents.open({ ...trouble, openedAt: clock.now() });
    storage.incidents.addAgents(id, trouble.agents);
    if (trouble.note !== undefined) storage.incidents.note(id, trouble.note);
    const incident = storage.incidents.get(id);
    if (incident === undefined) throw new Error(`incident ${id} vanished inside its own transaction`);
    const sound = trouble.severity === 'critical' ? 'always' : 'awake';
    outbox.send({ key: incidentKey(id), class: 'alert', content: render(incident), sound });
    return incident;
  }

  function join(incident: IncidentRow, trouble: Trouble): IncidentRow {
    storage.incidents.seen(incident.id, clock.now(), trouble.evidence);
    const added = storage.incidents.addAgents(incident.id, trouble.agents);
    if (trouble.title !== incident.title) storage.incidents.rewrite(incident.id, trouble);
    if (trouble.note !== undefined) storage.incidents.note(incident.id, trouble.note);
    if (added > 0 || trouble.title !== incident.title || isWorthAnEdit(incident.times + 1)) refresh(incident.id);
    return incident;
  }

  return {
    report: (trouble) =>
      storage.transaction(() => {
        const known = storage.incidents.unresolved(trouble.fingerprint);
        return known === undefined ? open(trouble) : join(known, trouble);
      }),
    note: (fingerprint, note) =>
      storage.transaction(() => {
        const incident = storage.incidents.unresolved(fingerprint);
        if (incident === undefined) return;
        storage.incidents.note(incident.id, note);
        refresh(incident.id);
      }),
    resolve: (fingerprint, cost) =>
      storage.transaction(() => {
        const incident = storage.incidents.unresolved(fingerprint);
        if (incident === undefined || !storage.incidents.resolve(incident.id, clock.now(), cost)) return undefined;
        refresh(incident.id);
        const resolved = storage.incidents.get(incident.id) ?? incident;
        outbox.send({
          key: `${incidentKey(incident.id)}:recovery`,
          class: 'alert',
          content: renderRecovery(resolved, cost),
          replyToKey: incidentKey(incident.id),
          sound: 'never',
        });
        return resolved;
      }),
    close: (fingerprint) =>
      storage.transaction(() => {
        const incident = storage.incidents.unresolved(fingerprint);
        if (incident !== undefined && storage.incidents.resolve(incident.id, clock.now(), null)) refresh(incident.id);
      }),
    remind: (fingerprint) =>
      storage.transaction(() => {
        const incident = storage.incidents.unresolved(fingerprint);
        if (incident !== undefined) refresh(incident.id);
      }),
    acknowledge: (id, by) =>
      storage.transaction(() => {
        if (!storage.incidents.acknowledge(id, by, clock.now())) return 'not-firing';
        storage.journal.add({
          at: clock.now(),
          subject: `incident:${id}`,
          event: 'acknowledged',
          actor: by,
          detail: null,
        });
        refresh(id);
        return 'acknowledged';
      }),
    unresolved: () =>
      storage.incidents
        .listUnresolved()
        .map((incident) => ({ incident, agents: storage.incidents.agents(incident.id) })),
  };
}

/** The first sights of an incident, and then each doubling: a tool that fails each second must not fill the chat with edits. */
function isWorthAnEdit(times: number): boolean {
  return times <= 8 || Number.isInteger(Math.log2(times));
}
