import type { IncidentRow } from '../../storage/incident-store.ts';
import type { Log } from '../ports.ts';
import { incidentTitle, isSilenced } from '../telegram/cards/incident-words.ts';
import { count, duration, shorten } from '../telegram/cards/words.ts';
import { createWorker, type Worker } from '../worker.ts';
import { loadDelivery } from './delivery.ts';
import { createParents } from './parents.ts';
import { createTeller, type TellerOptions } from './teller.ts';
import { GATHERING_MS } from './telling.ts';

/** The shortest span that is watched here is a minute. */
const EVERY_MS = 5_000;
/** What follows from an incident has so long to end with it. */
const GRACE_MS = 60_000;
/** A critical incident that Telegram has not shown by then goes over the fallback. */
const UNSHOWN_MS = 60_000;
/** Of the repeats the first goes over the fallback, too, and then each fourth: whoever sleeps through four hears little of the fifth. */
const FALLBACK_EVERY = 4;
/** A text message is no place for a list. */
const MOST_LINES = 20;
const LONGEST_LINE = 200;

/**
 * Watches over the open incidents.
 *
 * Each look: 1. ends the silences whose time is over; 2. tells what outlived the incident that it followed from; 3. sends unacknowledged
 * critical ones anew; 4. hands to the fallback what Telegram does not show. All of it hangs on rows, so that neither a restart nor a jump
 * of the clock makes a burst: whoever was away for a night repeats once.
 */
export function createIncidentWatch(
  options: TellerOptions & {
    readonly log: Log;
    readonly repeatMs: number;
    /** Whether there is a second route. */
    readonly hasFallback: boolean;
    /** Called once a text is queued for it. */
    readonly onFallback: () => void;
    readonly scrub: (text: string) => string;
    readonly onFatal: (error: unknown) => void;
  },
): Worker {
  const { storage, clock } = options;
  const { incidents } = storage;
  const teller = createTeller(options);
  const parents = createParents(storage);

  function endSilences(now: number): void {
    for (const { id, silencedUntil } of incidents.listUnresolved()) {
      if (silencedUntil === null || silencedUntil > now) continue;
      incidents.silence(id, null);
      teller.refresh(id);
    }
  }

  function tellSurvivors(now: number): void {
    for (const { id, messageKey, inhibitedBy } of incidents.listUnresolved()) {
      if (messageKey !== null) continue;
      const parent = inhibitedBy === null ? undefined : incidents.get(inhibitedBy);
      const endedAt = parent && parents.endedAt(parent);
      if (parent !== undefined && (endedAt === undefined || isRecent(GRACE_MS, endedAt, now))) continue;
      teller.tell(id);
    }
  }

  function repeat(now: number): void {
    countAnew(now);
    const due = incidents.listUnresolved().filter((incident) => isToRepeat(incident, now));
    if (due.length === 0) return;
    for (const { id } of due) incidents.repeated(id, now);
    const counted = due.map(({ id }) => incidents.get(id)).filter((incident) => incident !== undefined);
    // What is still on its way makes its sound when it comes.
    teller.sendAnew(counted.filter((incident) => loadDelivery(storage, incident).kind !== 'waiting'));
    const loud = counted.filter(({ repeats }) => repeats % FALLBACK_EVERY === 1);
    if (loud.length > 0) fallBack(`repeat:${loud[0]?.id}:${now}`, loud, 'Nobody has acknowledged', now);
  }

  function isToRepeat(incident: IncidentRow, now: number): boolean {
    if (incident.severity !== 'critical' || incident.state !== 'firing' || incident.messageKey === null) return false;
    if (isSilenced(incident, now)) return false;
    if (now - Math.max(...toldAt(incident).filter((at) => at <= now)) < options.repeatMs) return false;
    return parents.of(incident) === undefined;
  }

  function toldAt({ openedAt, repeatedAt, messageKey }: IncidentRow): readonly number[] {
    const row = messageKey === null ? undefined : storage.outbox.get(messageKey);
    return [openedAt, repeatedAt, row?.createdAt, row?.sentAt].filter((at) => typeof at === 'number');
  }

  /** A time that has not come yet was written by a clock that was set back since: what was told then counts as told just now. */
  function countAnew(now: number): void {
    for (const incident of incidents.listUnresolved()) {
      const isCounted = incident.repeatedAt !== null && incident.repeatedAt <= now;
      if (incident.messageKey === null || isCounted || toldAt(incident).every((at) => at <= now)) continue;
      incidents.toldJustNow(incident.id, now);
    }
  }

  function isShown(incident: IncidentRow): boolean {
    return loadDelivery(storage, incident).kind === 'shown';
  }

  function escalate(now: number): void {
    const unshown = incidents
      .listUnresolved()
      .filter(
        (incident) =>
          incident.state === 'firing' &&
          incident.messageKey !== null &&
          incident.fallbackAt === null &&
          !isSilenced(incident, now) &&
          !isShown(incident),
      );
    const isUrgent = unshown.some(
      ({ severity, kind, openedAt }) =>
        severity === 'critical' && (kind === 'poller' || !isRecent(UNSHOWN_MS, openedAt, now)),
    );
    const last = storage.fallbacks.newest('unshown:');
    if (!isUrgent || (last !== undefined && isRecent(GATHERING_MS, last.createdAt, now))) return;
    fallBack(`unshown:${unshown[0]?.id}:${now}`, unshown, 'Telegram does not show', now);
  }

  function fallBack(key: string, told: readonly IncidentRow[], reason: string, now: number): void {
    if (!options.hasFallback) return;
    for (const { id } of told) incidents.fellBack(id, now);
    const words = told.slice(0, MOST_LINES).map((incident) => {
      const agents = incidents.agents(incident.id);
      const whom = agents.length === 0 ? '' : ` (${agents.join(', ')})`;
      const line = `#${incident.id} ${incident.severity}, for ${duration(now - incident.openedAt)}: ${incidentTitle(incident)}${whom}`;
      return shorten(line, LONGEST_LINE);
    });
    const more = told.length > MOST_LINES ? [`and ${told.length - MOST_LINES} more`] : [];
    const head = `Nightdesk: ${reason} ${count(told.length, 'open incident')}.`;
    const text = options.scrub([head, ...words, ...more].join('\n'));
    storage.fallbacks.add({ key, incidentId: told[0]?.id ?? null, text: `${text}\n`, createdAt: now });
    options.onFallback();
  }

  return createWorker({
    name: 'incident watch',
    clock,
    log: options.log,
    everyMs: EVERY_MS,
    look() {
      const now = clock.now();
      storage.transaction(() => {
        endSilences(now);
        tellSurvivors(now);
        repeat(now);
        escalate(now);
      });
      return undefined;
    },
    onFatal: options.onFatal,
  });
}

/** Whether `at` is less than `spanMs` ago; a time that has not come yet is not, or a clock that was set back would stop everything. */
function isRecent(spanMs: number, at: number, now: number): boolean {
  return at <= now && now - at < spanMs;
}
