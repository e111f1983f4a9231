import type { DraftRow } from '../../storage/draft-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import { dateAndTime } from '../loop/wall-clock.ts';
import type { Clock } from '../ports.ts';
import { count, duration, shorten } from '../telegram/cards/words.ts';
import { takeBackCards } from './arrivals.ts';
import type { Desk } from './desk.ts';
import type { Reviews } from './review.ts';
import { placeGroups } from './place-groups.ts';
import { DESK_SETTINGS, type Outages, queueToldKey } from './withholding.ts';

/** Expired drafts that a triage names; of the others it tells how many. With its title these are the lines that a card has for what is past. */
const MOST_NAMED = 8;
const MOST_COUNTED = 1_000;
/** A look at what expired takes 200 at a time: so many of them are more than any desk has. */
const MOST_EXPIRY_LOOKS = 50;
/** How often it is written down that somebody looks: well below what counts as an absence. */
const SEEN_EVERY_MS = 30_000;
/** Messages of the desk that a triage takes the place of, as far as nobody has seen them. */
const EXPIRED = 'expired:*';
const REPLACED = [EXPIRED, 'reminder:*', 'woken:*', 'review:*'];
const MOST_REPLACED = 200;

/** Whether an outage calls for a triage: something ended meanwhile, or there is more than one thing to decide. */
export function needsTriage({ expired, waiting }: { readonly expired: number; readonly waiting: number }): boolean {
  return expired > 0 || waiting > 1;
}

/** What an outage leaves behind on the desk, told in one message. */
export interface Triage {
  /** Looks at whether an outage is on, or has just ended; `withheld`: nothing of the desk is told now. One transaction. */
  settle(now: number): 'withheld' | 'open';
}

/** Builds the triage. */
export function createTriage(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly desk: Pick<Desk, 'expireDue' | 'showCard'>;
  readonly reviews: Pick<Reviews, 'tellTriage'>;
  readonly outages: Outages;
}): Triage {
  const { fleet, storage, desk } = options;
  const { settings, deskWatch } = storage;

  /**
   * Takes back what nobody has seen: it is told in the triage. Gives from when on the triage has to tell of what expired: what was to be told
   * shortly before `since`, and was not, is taken back, too.
   */
  function withdraw(since: number): number {
    let from = since;
    takeBackCards(storage, 0);
    for (const pattern of REPLACED)
      for (const { key, createdAt } of deskWatch.unshown(pattern, MOST_REPLACED)) {
        const origin = storage.reviews.byKey(key)?.origin;
        if (origin === 'command' || !storage.outbox.withdraw(key)) continue;
        if (pattern === EXPIRED) from = Math.min(from, createdAt);
        // What an unseen triage told of expired before it, and is told nowhere else.
        if (origin === 'triage') from = Math.min(from, toldFrom(createdAt));
      }
    return from;
  }

  /** From when on the message that was made then tells of what expired; a reminder of several drafts tells of nothing that did. */
  function toldFrom(createdAt: number): number {
    const [from, at] = (settings.get(DESK_SETTINGS.triageFrom) ?? '').split(':').map(Number);
    return at === createdAt && from !== undefined ? from : createdAt;
  }

  /** What an outage withholds waits in rows; from now on the next look after it tells of it. */
  function withhold(since: number, now: number): void {
    const known = Number(settings.get(DESK_SETTINGS.outage) ?? '');
    const from = withdraw(known > 0 ? known : since);
    if (from !== known) settings.set(DESK_SETTINGS.outage, String(from));
    settings.set(DESK_SETTINGS.seen, String(now));
  }

  function comeBack(since: number, now: number): void {
    // What ended meanwhile ends now, while it is still withheld.
    for (
      let look = 0, next = desk.expireDue(now);
      next !== undefined && next <= now && look < MOST_EXPIRY_LOOKS;
      look += 1
    )
      next = desk.expireDue(now);
    const from = withdraw(since);
    settings.set(DESK_SETTINGS.triageFrom, `${from}:${now}`);
    const expired = deskWatch.expiredSince(from, MOST_COUNTED);
    settings.set(DESK_SETTINGS.queue, '');
    const title = titleOf(since, now);
    const agentOf = (id: number): string => storage.drafts.get(id)?.agent ?? '';
    for (const group of placeGroups(fleet)) {
      const over = expired.filter((id) => group.has(agentOf(id)));
      const waiting = storage.reviews.countOpen(group.filter, now);
      if (needsTriage({ expired: over.length, waiting })) {
        options.reviews.tellTriage({ title, past: over.length === 0 ? [] : nameExpired(over, now) }, group);
        settings.set(DESK_SETTINGS.toldUpTo, String(now));
        settings.set(queueToldKey(group.place), String(now));
        continue;
      }
      // A single one waits: its card tells more than a list.
      const single = deskWatch.queued(MOST_COUNTED).find((id) => group.has(agentOf(id)));
      if (single === undefined) continue;
      deskWatch.setQueued(single, false);
      desk.showCard(single);
    }
    settings.set(DESK_SETTINGS.outage, '');
    settings.set(DESK_SETTINGS.seen, String(now));
    settings.set(DESK_SETTINGS.backAt, String(now));
  }

  function titleOf(since: number, now: number): string {
    const forHowLong = duration(now - since);
    return (settings.get(DESK_SETTINGS.outage) ?? '') === ''
      ? `I was away for ${forHowLong}`
      : `Telegram could not be reached for ${forHowLong}`;
  }

  function nameExpired(expired: readonly number[], now: number): readonly string[] {
    const named = expired
      .slice(0, MOST_NAMED)
      .map((id) => storage.drafts.get(id))
      .filter((draft) => draft !== undefined)
      .map((draft) => nameDraft(draft, now));
    const rest = expired.length - named.length;
    const atLeast = expired.length === MOST_COUNTED ? 'at least ' : '';
    const title = `⌛ Expired meanwhile: ${atLeast}${count(expired.length, 'draft')}`;
    return rest === 0 ? [title, ...named] : [title, ...named, `and ${atLeast}${rest} more`];
  }

  function nameDraft(draft: DraftRow, now: number): string {
    const ended = draft.windowEndsAt === null ? '' : `, ${dateAndTime(draft.windowEndsAt, fleet.timezone, now)}`;
    return `#${draft.id} ${shorten(draft.kind, 40)} to ${shorten(draft.recipient, 60)}${ended}`;
  }

  function settle(now: number): 'withheld' | 'open' {
    const outage = options.outages.since(now);
    if (outage !== undefined) {
      storage.transaction(() => withhold(outage, now));
      return 'withheld';
    }
    const since = options.outages.withheldSince(now);
    if (since !== undefined) storage.transaction(() => comeBack(since, now));
    else if (Math.abs(now - Number(settings.get(DESK_SETTINGS.seen) ?? '')) >= SEEN_EVERY_MS)
      storage.transaction(() => settings.set(DESK_SETTINGS.seen, String(now)));
    return 'open';
  }

  return { settle };
}
