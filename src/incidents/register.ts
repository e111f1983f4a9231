import type { IncidentRow } from '../../storage/incident-store.ts';
import { DRILL_MARK } from '../telegram/cards/incident-words.ts';
import type { Content } from '../telegram/outbox.ts';
import { describeCost } from './cost.ts';
import { type Delivery, loadDelivery } from './delivery.ts';
import { createTeller, type TellerOptions } from './teller.ts';
import { isMatch, type OpenIncident } from './telling.ts';
import type { Trouble } from './trouble.ts';

/** The register of incidents; every call belongs into the transaction of what it tells. */
export interface IncidentRegister {
  /** Opens an incident, or joins the unresolved one of the same fingerprint. */
  report(trouble: Trouble): IncidentRow;
  /** Adds what is being done about it; a fingerprint that nobody knows is passed over. */
  note(fingerprint: string, note: string | null): void;
  /** Says anew what is still wrong, where words grow old: nothing was seen that was not seen before, and nobody is told again. */
  reword(trouble: Trouble): void;
  /** Ends an incident and says so; `sentence` comes before what it cost its agents. Undefined when there was none. */
  resolve(fingerprint: string, sentence: string): IncidentRow | undefined;
  /** Ends an incident that passed without anything worth a message of its own: only the alert is edited. */
  close(fingerprint: string): void;
  /** Sends an open incident anew, with its sound: what changed about it is worth being told again. */
  remind(fingerprint: string): void;
  acknowledge(id: number, by: string): 'acknowledged' | 'not-firing';
  /** Acknowledges all that one message tells of; how many there were. */
  acknowledgeStorm(firstId: number, by: string): number;
  /** For so long nothing repeats it, and the fallback is quiet about it; null ends that. */
  silence(id: number, forMs: number | null, by: string): 'changed' | 'unchanged' | 'over';
  /** Silences what is open and what comes, where it matches; how many are open. */
  silenceMatching(matcher: string, forMs: number, by: string): number;
  /** Ends all silences; how many rules and incidents were silenced. */
  endSilences(by: string): number;
  unresolved(): readonly OpenIncident[];
  /** The card of an incident as it is now, with its buttons. */
  card(id: number): Content | undefined;
  /** Whether Telegram has shown it. */
  delivery(incident: IncidentRow): Delivery;
}

/** Builds the register. */
export function createIncidentRegister(options: TellerOptions): IncidentRegister {
  const { storage, clock } = options;
  const { incidents } = storage;
  const teller = createTeller(options);

  function open(trouble: Trouble): IncidentRow {
    const isDrill = trouble.isDrill === true ? 1 : 0;
    const title = isDrill === 1 ? `${DRILL_MARK}${trouble.title}` : trouble.title;
    const id = incidents.open({ ...trouble, title, isDrill, openedAt: clock.now() });
    incidents.addAgents(id, trouble.agents);
    if (trouble.note !== undefined) incidents.note(id, trouble.note);
    teller.tell(id);
    const incident = incidents.get(id);
    if (incident === undefined) throw new Error(`incident ${id} vanished inside its own transaction`);
    return incident;
  }

  function join(incident: IncidentRow, trouble: Trouble): IncidentRow {
    const { id } = incident;
    const isReal = incident.isDrill === 1 && trouble.isDrill !== true;
    const title = incident.isDrill === 1 && !isReal ? `${DRILL_MARK}${trouble.title}` : trouble.title;
    const isGraver = incident.severity === 'warning' && trouble.severity === 'critical';
    const isChanged = title !== incident.title || isGraver || isReal;
    incidents.seen(id, clock.now(), trouble.evidence);
    const added = incidents.addAgents(id, trouble.agents);
    if (isReal) incidents.makeReal(id);
    if (isChanged) incidents.rewrite(id, { title, severity: trouble.severity });
    if (trouble.note !== undefined) incidents.note(id, trouble.note);
    // It may have outgrown what it followed from.
    if (incident.messageKey === null) teller.tell(id);
    else if (isGraver || isReal) sendAnew(id);
    else if (added > 0 || isChanged || isWorthAnEdit(incident.times + 1)) teller.refresh(id);
    return incident;
  }

  function sendAnew(id: number): void {
    const incident = incidents.get(id);
    if (incident === undefined) return;
    const isOnItsWay = loadDelivery(storage, incident).kind === 'waiting' && teller.isHeldBack();
    const isSilenced = incident.silencedUntil !== null && incident.silencedUntil > clock.now();
    if (isOnItsWay || isSilenced) teller.refresh(id);
    else teller.sendAnew([incident]);
  }

  function end(fingerprint: string, sentence: string | null): IncidentRow | undefined {
    const now = clock.now();
    const incident = incidents.unresolved(fingerprint);
    if (incident === undefined || !incidents.resolve(incident.id, now, sentence)) return undefined;
    const cost = describeCost(storage, incidents.agents(incident.id), incident.openedAt, now);
    if (cost !== '') incidents.priced(incident.id, cost);
    teller.refresh(incident.id);
    return incidents.get(incident.id);
  }

  function journal(id: number, event: string, actor: string, detail: string | null = null): void {
    storage.journal.add({ at: clock.now(), subject: `incident:${id}`, event, actor, detail });
  }

  function acknowledge(id: number, by: string): 'acknowledged' | 'not-firing' {
    if (!incidents.acknowledge(id, by, clock.now())) return 'not-firing';
    journal(id, 'acknowledged', by);
    teller.refresh(id);
    return 'acknowledged';
  }

  function silence(id: number, forMs: number | null, by: string): 'changed' | 'unchanged' | 'over' {
    const now = clock.now();
    const incident = incidents.get(id);
    if (incident === undefined || incident.state === 'resolved') return 'over';
    const until = forMs === null ? null : now + forMs;
    const before = incident.silencedUntil ?? 0;
    if (until === null ? before <= now : before >= until) return 'unchanged';
    incidents.silence(id, until);
    journal(id, until === null ? 'silence ended' : 'silenced', by);
    teller.refresh(id);
    return 'changed';
  }

  return {
    report: (trouble) =>
      storage.transaction(() => {
        const known = incidents.unresolved(trouble.fingerprint);
        return known === undefined ? open(trouble) : join(known, trouble);
      }),
    note: (fingerprint, note) =>
      storage.transaction(() => {
        const incident = incidents.unresolved(fingerprint);
        if (incident === undefined) return;
        incidents.note(incident.id, note);
        teller.refresh(incident.id);
      }),
    reword: (trouble) =>
      storage.transaction(() => {
        const incident = incidents.unresolved(trouble.fingerprint);
        if (incident === undefined) return;
        const title = incident.isDrill === 1 ? `${DRILL_MARK}${trouble.title}` : trouble.title;
        incidents.rewrite(incident.id, { title, severity: incident.severity });
        if (trouble.note !== undefined) incidents.note(incident.id, trouble.note);
        teller.refresh(incident.id);
      }),
    resolve: (fingerprint, sentence) =>
      storage.transaction(() => {
        const resolved = end(fingerprint, sentence);
        if (resolved !== undefined) teller.tellEnd(resolved.id);
        return resolved;
      }),
    close: (fingerprint) => storage.transaction(() => void end(fingerprint, null)),
    remind: (fingerprint) =>
      storage.transaction(() => {
        const incident = incidents.unresolved(fingerprint);
        if (incident !== undefined) sendAnew(incident.id);
      }),
    acknowledge: (id, by) => storage.transaction(() => acknowledge(id, by)),
    acknowledgeStorm: (firstId, by) =>
      storage.transaction(
        () => incidents.inStorm(firstId).filter(({ id }) => acknowledge(id, by) === 'acknowledged').length,
      ),
    silence: (id, forMs, by) => storage.transaction(() => silence(id, forMs, by)),
    silenceMatching: (matcher, forMs, by) =>
      storage.transaction(() => {
        const since = clock.now();
        storage.silences.add({ matcher, by, since, until: since + forMs });
        const matching = incidents
          .listUnresolved()
          .filter((incident) => isMatch(matcher, { ...incident, agents: incidents.agents(incident.id) }));
        for (const { id } of matching) silence(id, forMs, by);
        return matching.length;
      }),
    endSilences: (by) =>
      storage.transaction(
        () =>
          storage.silences.endAll(clock.now()) +
          incidents.listUnresolved().filter(({ id }) => silence(id, null, by) === 'changed').length,
      ),
    unresolved: () =>
      incidents.listUnresolved().map((incident) => ({ incident, agents: incidents.agents(incident.id) })),
    card: (id) => teller.card(id),
    delivery: (incident) => loadDelivery(storage, incident),
  };
}

/** The first sights of an incident, and then each doubling: a tool that fails each second must not fill the chat with edits. */
function isWorthAnEdit(times: number): boolean {
  return times <= 8 || Number.isInteger(Math.log2(times));
}
