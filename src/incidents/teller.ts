import type { IncidentRow } from '../../storage/incident-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Clock } from '../ports.ts';
import type { CallbackData } from '../telegram/callback-data.ts';
import { renderIncident, renderRecovery, renderReplaced } from '../telegram/cards/incident-card.ts';
import { incidentKey, isSilenced } from '../telegram/cards/incident-words.ts';
import { renderRecoveries, renderStorm } from '../telegram/cards/storm-card.ts';
import type { Content, Outbox } from '../telegram/outbox.ts';
import { loadDelivery } from './delivery.ts';
import { mendsOf } from './mends.ts';
import { createParents } from './parents.ts';
import { decideRoom, decideTelling, GATHERING_MS, MINUTE_MS, type RecentMessages, stormFor } from './telling.ts';

/** What the teller works with. */
export interface TellerOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly callbackData: CallbackData;
  readonly timezone: string;
  /** Whether a credential has a login that a button can start. */
  readonly canLogIn: (credential: string) => boolean;
}

/** Who puts incidents into messages: one each, or one for many. Without memory of its own; each call belongs into the transaction of what it tells. */
export interface Teller {
  /** Tells of an incident that nobody was told of yet, or writes down why it is not told. */
  tell(id: number): void;
  /** Shows the present state where it is told, and in the card of what it follows from. */
  refresh(id: number): void;
  /** Sends open incidents anew with their sound: alone, or in one message where they are many. */
  sendAnew(incidents: readonly IncidentRow[]): void;
  /** Says that it is over: in a silent message, in one about many, or, where nobody saw the alert, only there. */
  tellEnd(id: number): void;
  card(id: number): Content | undefined;
  /** Whether Telegram fails to show what it is asked to. */
  isHeldBack(): boolean;
}

/** At most so many ends in a minute have a message each. */
const MOST_RECOVERIES_IN_MINUTE = 3;

/** What Telegram has not shown by then waits for it. */
const SOON_MS = 30_000;

/** Builds the teller. */
export function createTeller(options: TellerOptions): Teller {
  const { storage, clock, outbox } = options;
  const { incidents, alerts } = storage;
  const parents = createParents(storage);

  function setting() {
    return { timezone: options.timezone, now: clock.now(), callbackData: options.callbackData };
  }

  function recentMessages(): RecentMessages {
    const now = clock.now();
    const storm = alerts.newestGathering('storm:', now - GATHERING_MS, now);
    return {
      inMinute: alerts.recent(now - MINUTE_MS, now).own,
      inTenMinutes: alerts.recent(now - GATHERING_MS, now).own,
      heldBack: countHeldBack(now),
      storm: storm && {
        key: storm.key,
        ageMs: Math.max(0, now - storm.createdAt),
        silent: storm.silent === 1 || isAcknowledged(storm.key),
      },
    };
  }

  /** What joins a message that its owner has acknowledged is seen by nobody. */
  function isAcknowledged(key: string): boolean {
    return incidents.inMessage(key).some(({ state }) => state === 'acknowledged');
  }

  /** Alerts that wait because Telegram fails, or makes all of us wait. */
  function countHeldBack(now: number): number {
    const { own, oldestAt, hasFailed } = alerts.heldBack();
    return hasFailed || (oldestAt !== null && now - oldestAt >= SOON_MS) ? own : 0;
  }

  function renderOwn(incident: IncidentRow): Content {
    const followers = incidents.followers(incident.id).map(({ kind, subject }) => ({ kind, subject }));
    const mends = mendsOf(incident, options.canLogIn);
    return renderIncident({ incident, agents: incidents.agents(incident.id), mends, followers }, setting());
  }

  function renderStormOf(key: string): Content {
    const row = storage.outbox.get(key);
    const waited = row === undefined ? 0 : (row.sentAt ?? clock.now()) - row.createdAt;
    const isBacklog = (row?.messageId ?? null) === null ? alerts.heldBack().hasFailed : waited > MINUTE_MS;
    const gathered = incidents.inMessage(key);
    const mends = (incident: IncidentRow) => mendsOf(incident, options.canLogIn);
    return renderStorm({ firstId: stormId(key), incidents: gathered, isBacklog, mendsOf: mends }, setting());
  }

  /** The present content of the message with this key; undefined when nothing is told in it any more. */
  function contentOf(key: string): Content | undefined {
    if (key.startsWith('storm:')) return renderStormOf(key);
    const incident = incidents.inMessage(key)[0];
    return incident && renderOwn(incident);
  }

  function showAgain(key: string): void {
    const content = contentOf(key);
    if (content !== undefined) edit(key, content);
  }

  /** Where a chat refused the message, its copy in the owner's own chat is what he sees. */
  function edit(key: string, content: Content): void {
    outbox.edit(key, content);
    outbox.edit(`${key}:private`, content);
  }

  function soundOf(incident: IncidentRow): 'always' | 'awake' | 'never' {
    if (isSilenced(incident, clock.now())) return 'never';
    return incident.severity === 'critical' ? 'always' : 'awake';
  }

  function send(key: string, sound: 'always' | 'awake' | 'never'): void {
    const content = contentOf(key);
    if (content !== undefined) outbox.send({ key, class: 'alert', content, sound });
  }

  /** Leaves an older message without buttons, and says that a newer one goes on. */
  function replace(key: string, content: Content | undefined): void {
    if (content !== undefined) edit(key, renderReplaced(content));
  }

  /** Moves incidents from where they are told to another message. */
  function move(moved: readonly IncidentRow[], to: string): void {
    const before = new Map(
      moved
        .flatMap(({ messageKey }) => (messageKey === null || messageKey === to ? [] : [messageKey]))
        .map((key) => [key, contentOf(key)]),
    );
    for (const { id } of moved) incidents.tellIn(id, to);
    for (const [key, content] of before) {
      if (!key.startsWith('storm:')) replace(key, content);
      else if (incidents.inMessage(key).length > 0) showAgain(key);
      else replace(key, content);
    }
  }

  /** Tells in a message about many, an existing one or a new one; `sound` is that of a new one. */
  function gather(
    gathered: readonly IncidentRow[],
    into: string | undefined,
    sound: 'always' | 'awake' | 'never',
  ): void {
    const [first] = gathered;
    if (first === undefined) return;
    const key = into ?? freeKey(`storm:${first.id}`);
    move(gathered, key);
    if (storage.outbox.get(key) === undefined) send(key, sound);
    else showAgain(key);
  }

  /** The key itself, or the first of its later versions that no message has. */
  function freeKey(key: string): string {
    for (let version = 0; ; version += 1) {
      const candidate = version === 0 ? key : `${key}:r${version}`;
      if (storage.outbox.get(candidate) === undefined) return candidate;
    }
  }

  function tell(id: number): void {
    const incident = incidents.get(id);
    if (incident === undefined || incident.state === 'resolved' || incident.messageKey !== null) return;
    const now = clock.now();
    const agents = incidents.agents(id);
    const trouble = { ...incident, agents, isDrill: incident.isDrill === 1 };
    const telling = decideTelling(
      trouble,
      parents.listFor(incident),
      recentMessages(),
      storage.silences.active(now),
      now,
    );
    incidents.inhibit(id, telling.kind === 'inhibited' ? telling.by : null);
    // The card of what it followed from until now names it.
    if (incident.inhibitedBy !== null) refresh(incident.inhibitedBy);
    if (telling.kind === 'inhibited') return refresh(telling.by);
    if (telling.kind === 'silenced') incidents.silence(id, telling.until);
    const told = incidents.get(id) ?? incident;
    if (telling.kind === 'joins') return gather([told], telling.key, soundOf(told));
    // A message that nobody is to be woken by may well join a silent one.
    if (telling.kind === 'silenced' && telling.where === 'joins')
      return gather([told], recentMessages().storm?.key, 'never');
    incidents.tellIn(id, freeKey(incidentKey(id)));
    send(incidents.get(id)?.messageKey ?? incidentKey(id), soundOf(told));
  }

  function refresh(id: number): void {
    const incident = incidents.get(id);
    if (incident === undefined) return;
    if (incident.messageKey !== null) showAgain(incident.messageKey);
    // The card of what it follows from names it.
    if (incident.inhibitedBy === null) return;
    const parent = incidents.get(incident.inhibitedBy);
    if (parent?.messageKey !== undefined && parent.messageKey !== null) showAgain(parent.messageKey);
  }

  function sendAnew(anew: readonly IncidentRow[]): void {
    const alone: IncidentRow[] = [];
    const storms = new Map<string, IncidentRow[]>();
    for (const incident of anew) {
      if (incident.state === 'resolved' || incident.messageKey === null) continue;
      if (!incident.messageKey.startsWith('storm:')) alone.push(incident);
      else storms.set(incident.messageKey, [...(storms.get(incident.messageKey) ?? []), incident]);
    }
    for (const [key, members] of storms) {
      const sound = members.some(({ severity }) => severity === 'critical') ? 'always' : 'awake';
      if (members.length > 1) gather(members, freeKey(`storm:${stormId(key)}`), sound);
      else alone.push(...members);
    }
    const many: IncidentRow[] = [];
    for (const incident of alone) {
      if (decideRoom(incident.severity, recentMessages()) === 'joins') {
        many.push(incident);
        continue;
      }
      const key = freeKey(incidentKey(incident.id));
      move([incident], key);
      send(key, soundOf(incident));
    }
    if (many.length > 0) gatherAnew(many);
  }

  /** What is told again makes its sound, so it joins only what is still on its way. */
  function gatherAnew(many: readonly IncidentRow[]): void {
    const severity = many.some((incident) => incident.severity === 'critical') ? 'critical' : 'warning';
    const recent = recentMessages();
    const isWaiting = recent.storm !== undefined && storage.outbox.get(recent.storm.key)?.messageId === null;
    gather(many, isWaiting ? stormFor(severity, recent) : undefined, severity === 'critical' ? 'always' : 'awake');
  }

  function tellEnd(id: number): void {
    const incident = incidents.get(id);
    if (incident?.messageKey === undefined || incident.messageKey === null) return;
    const { messageKey } = incident;
    const held = alerts.heldBack();
    const isSeen = loadDelivery(storage, incident).kind === 'shown';
    // Nobody has seen the alert, and nobody can now: when it comes, it says itself that it is over.
    if (held.hasFailed && !isSeen) {
      incidents.tellEndIn(id, messageKey);
      if (incidents.inMessage(messageKey).every(({ state }) => state === 'resolved')) storage.outbox.hush(messageKey);
      return;
    }
    const now = clock.now();
    const recent = alerts.recent(now - MINUTE_MS, now).recoveries;
    const waiting = held.hasFailed ? held.recoveries : 0;
    if (recent < MOST_RECOVERIES_IN_MINUTE && waiting < MOST_RECOVERIES_IN_MINUTE) {
      const key = `${incidentKey(id)}:recovery`;
      incidents.tellEndIn(id, key);
      outbox.send({ key, class: 'alert', content: renderRecovery(incident), replyToKey: messageKey, sound: 'never' });
      return;
    }
    const gathering = alerts.newestGathering('recoveries:', now - GATHERING_MS, now);
    const key = gathering?.key ?? freeKey(`recoveries:${id}`);
    incidents.tellEndIn(id, key);
    const content = renderRecoveries(incidents.endedInMessage(key));
    if (gathering === undefined) outbox.send({ key, class: 'alert', content, sound: 'never' });
    else edit(key, content);
  }

  return {
    tell,
    refresh,
    sendAnew,
    tellEnd,
    card(id) {
      const incident = incidents.get(id);
      return incident && renderOwn(incident);
    },
    isHeldBack: () => alerts.heldBack().hasFailed,
  };
}

/** The incident by which the key of a message about many is named. */
function stormId(key: string): number {
  return Number(/^storm:(\d+)/.exec(key)?.[1] ?? 0);
}
