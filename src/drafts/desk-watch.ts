import type { DraftRow } from '../../storage/draft-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Clock, Log } from '../ports.ts';
import { draftCardKey } from '../telegram/cards/draft-card.ts';
import {
  type ReminderCause,
  reminderKey,
  renderReminder,
  renderRuleMessage,
  ruleKey,
  wokenKey,
} from '../telegram/cards/reminder-card.ts';
import { count } from '../telegram/cards/words.ts';
import type { Outbox } from '../telegram/outbox.ts';
import { createWorker, type Worker } from '../worker.ts';
import type { Desk } from './desk.ts';
import type { DeskTime } from './desk-time.ts';
import { createDraftMoments } from './draft-moments.ts';
import { type PlaceGroup, placeGroups } from './place-groups.ts';
import { createPreflightNews } from './preflight-news.ts';
import { createQueueNews } from './queue-news.ts';
import type { Reviews } from './review.ts';
import { ruleActor } from './rule-book.ts';
import { createTriage } from './triage.ts';
import { DESK_SETTINGS, keptTime, queueToldKey } from './withholding.ts';

/** A lost nudge, an end of an outage, a card that was sent just now: noticed this late at most. */
const EVERY_MS = 10_000;
/** Drafts that one look serves; the next look follows at once. */
const MOST_SERVED = 100;
/** What is due within it is told in one message. */
const TOGETHER_MS = 30_000;
/** Cards whose words about the time left are kept up to date: an edit a minute each is what Telegram bears besides all others. */
const MOST_COUNTED_DOWN = 20;
/** Drafts that a common reminder names above its list. */
const MOST_NAMED = 5;
/** Whoever was told of the queue so lately needs no reminder of what is in it. */
const QUEUE_FRESH_MS = 10 * 60_000;
/** A plan is never for now: what could not be served at once must not be looked at without a pause. */
const SHORTEST_PLAN_MS = 1_000;

/** What is to be said again of a draft. */
interface Telling {
  readonly id: number;
  readonly cause: ReminderCause;
  readonly key: string;
}

/** The watch over the desk: what happens to drafts because time passes. */
export interface DeskWatch extends Worker {
  /** Tells, before anything else is sent, what an absence left behind, and plans all drafts by the fleet.yaml of today; called once. */
  recover(): void;
}

/**
 * Builds the watch over the desk.
 *
 * Each look: 1. settles an outage: while one is on, nothing more is done; after it, one message tells what it left behind; 2. tells of drafts
 * that came into the queue; 3. brings cards up to date whose publisher's credentials changed; 4. serves the drafts whose moment has come: a
 * snooze that ended, a reminder, a rule's approval, a step of the countdown, the end of an Undo, and plans the next moment of each.
 * Every moment is a column of its draft, so a look costs the same whatever waits.
 */
export function createDeskWatch(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly outbox: Outbox;
  readonly desk: Desk;
  readonly reviews: Reviews;
  readonly time: DeskTime;
  readonly onFatal: (error: unknown) => void;
}): DeskWatch {
  const { fleet, storage, clock, outbox, desk, reviews } = options;
  const { rules } = options.time;
  const { deskWatch, settings } = storage;
  const triage = createTriage({ ...options, outages: options.time.outages });
  const queueNews = createQueueNews(options);
  const preflightNews = createPreflightNews({ ...options, preflights: options.time.preflights });
  const moments = createDraftMoments({ fleet, storage, rules });
  desk.onChange(follow);

  /** Follows a change of a draft, whoever made it: its next moment is another one, and what was said of it is brought up to date. */
  function follow(id: number): void {
    const draft = storage.drafts.get(id);
    if (draft === undefined) return;
    const now = clock.now();
    if (draft.isQueued === 1 && hasCard(draft)) deskWatch.setQueued(id, false);
    deskWatch.plan(id, moments.next(draft, now));
    const wokenAt = deskWatch.watchOf(id)?.wokenAt ?? null;
    const percents = fleet.drafts.kinds.get(draft.kind)?.remindPercent ?? [];
    for (const percent of new Set([...percents, draft.remindedPercent]))
      if (percent <= draft.remindedPercent) refreshTelling(draft, 'reminder', reminderKey(id, percent));
    if (wokenAt !== null) refreshTelling(draft, 'woken', wokenKey(id, wokenAt));
    if (draft.decidedBy === ruleActor(draft.kind)) outbox.edit(ruleKey(draft), ruleContent(draft));
    worker.nudge();
  }

  /** What was said again of a draft is said once; only buttons that do nothing any more are taken off or replaced. */
  function refreshTelling(draft: DraftRow, cause: ReminderCause, key: string): void {
    const told = storage.outbox.get(key);
    if (told === undefined) return;
    if (draft.state !== 'pending' || told.replyToKey !== draftCardKey(draft))
      outbox.edit(key, tellingContent(draft, cause));
  }

  function tellingContent(draft: DraftRow, cause: ReminderCause) {
    return renderReminder(draft, cause, hasCard(draft), desk.cardSetting(), desk.viewOf(draft));
  }

  function ruleContent(draft: DraftRow) {
    const rule = fleet.drafts.kinds.get(draft.kind)?.autoApprove ?? { afterMs: 0, perDay: 0 };
    return renderRuleMessage(draft, rule, desk.cardSetting(), desk.viewOf(draft));
  }

  function hasCard(draft: DraftRow): boolean {
    return storage.outbox.get(draftCardKey(draft)) !== undefined;
  }

  /** Serves what is due; gives whether there may be more. */
  function serveDue(now: number): boolean {
    const due = deskWatch.due(now, MOST_SERVED);
    if (due.length === 0) return false;
    storage.transaction(() => {
      const tellings = due.flatMap((id) => serve(id, now) ?? []);
      if (tellings.length > 0) tellings.push(...dueSoon(now));
      tell(tellings, now);
    });
    return due.length === MOST_SERVED;
  }

  /** Serves one draft, and plans its next moment; gives what is to be said of it. */
  function serve(id: number, now: number): Telling | undefined {
    const draft = storage.drafts.get(id);
    if (draft === undefined) return undefined;
    if (draft.state === 'approved' && draft.undoUntil !== null && draft.undoUntil <= now) desk.showAnew(id);
    const isOpen = draft.state === 'pending' && (draft.windowEndsAt === null || draft.windowEndsAt > now);
    const telling = isOpen ? serveOpen(draft, now) : undefined;
    const after = storage.drafts.get(id);
    const next = after === undefined || (!isOpen && after.state === 'pending') ? null : moments.next(after, now);
    deskWatch.plan(id, next === null ? null : Math.max(next, now + SHORTEST_PLAN_MS));
    return telling;
  }

  function serveOpen(draft: DraftRow, now: number): Telling | undefined {
    const { id, snoozedUntil } = draft;
    if (snoozedUntil !== null && snoozedUntil > now) return undefined;
    const hasWoken = snoozedUntil !== null && deskWatch.wake(id, now);
    const reminded = remind(draft, now);
    if (serveRule(id)) return undefined;
    if (hasWoken || isCountedDown(draft)) desk.showAnew(id);
    const toldUpTo = keptTime(storage, DESK_SETTINGS.toldUpTo, now) ?? 0;
    if (hasWoken) return snoozedUntil > toldUpTo ? { id, cause: 'woken', key: wokenKey(id, now) } : undefined;
    if (reminded === undefined || reminded.since <= toldUpTo || isToldInQueue(draft, now)) return undefined;
    return { id, cause: 'reminder', key: reminderKey(id, reminded.percent) };
  }

  /** Counts the owner as reminded where a reminder is due; gives which one. */
  function remind(draft: DraftRow, now: number): { readonly percent: number; readonly since: number } | undefined {
    const reminder = moments.reminderOf(draft, now);
    return reminder.kind === 'due' && deskWatch.remind(draft.id, reminder.percent) ? reminder : undefined;
  }

  function isToldInQueue(draft: DraftRow, now: number): boolean {
    const toldAt = keptTime(storage, queueToldKey(fleet.agents.get(draft.agent)?.place), now);
    return draft.isQueued === 1 && !hasCard(draft) && toldAt !== undefined && now - toldAt < QUEUE_FRESH_MS;
  }

  /** Of the reminders of the next half minute, those that can be said with what is said now. */
  function dueSoon(now: number): readonly Telling[] {
    return deskWatch.due(now + TOGETHER_MS, MOST_SERVED).flatMap((id): readonly Telling[] => {
      const draft = storage.drafts.get(id);
      if (draft?.state !== 'pending' || draft.snoozedUntil !== null || isToldInQueue(draft, now)) return [];
      const reminded = remind(draft, now + TOGETHER_MS);
      return reminded === undefined ? [] : [{ id, cause: 'reminder', key: reminderKey(id, reminded.percent) }];
    });
  }

  function isCountedDown({ windowEndsAt, isQueued }: DraftRow): boolean {
    return (
      isQueued === 0 &&
      (windowEndsAt === null || deskWatch.countMoreUrgent(windowEndsAt, MOST_COUNTED_DOWN) < MOST_COUNTED_DOWN)
    );
  }

  /** Approves by a rule what nobody objected to, and tells of it; true when it did. */
  function serveRule(id: number): boolean {
    const draft = storage.drafts.get(id);
    const decision = draft === undefined ? undefined : rules.decide(draft);
    if (draft === undefined || decision === undefined) return false;
    if (decision.kind === 'person' && decision.isTime) {
      deskWatch.endRule(id);
      desk.showAnew(id);
    }
    if (decision.kind !== 'now') return false;
    if (desk.approve(id, draft.revision, ruleActor(draft.kind)).kind !== 'done') return false;
    const approved = storage.drafts.get(id);
    if (approved === undefined) return false;
    outbox.send({
      key: ruleKey(approved),
      // Every one is told, however late: a card is never given up.
      class: 'card',
      content: ruleContent(approved),
      replyToKey: draftCardKey(approved),
      place: fleet.agents.get(approved.agent)?.place,
      sound: 'never',
    });
    return true;
  }

  function tell(tellings: readonly Telling[], now: number): void {
    for (const group of placeGroups(fleet))
      tellIn(
        group,
        tellings.filter(({ id }) => group.has(storage.drafts.get(id)?.agent ?? '')),
        now,
      );
  }

  function tellIn(group: PlaceGroup, tellings: readonly Telling[], now: number): void {
    const [first] = tellings;
    if (first === undefined) return;
    if (tellings.length > 1) {
      const title = `⏰ Reminder of ${count(tellings.length, 'draft')}: ${nameIds(tellings)}`;
      reviews.tellTriage({ title, past: [] }, group);
      return settings.set(queueToldKey(group.place), String(now));
    }
    const draft = storage.drafts.get(first.id);
    if (draft === undefined) return;
    outbox.send({
      key: first.key,
      class: 'card',
      content: tellingContent(draft, first.cause),
      replyToKey: draftCardKey(draft),
      place: group.place,
    });
  }

  function look(): number | undefined {
    const now = clock.now();
    if (triage.settle(now) === 'withheld') return undefined;
    queueNews.look(now);
    const refreshAt = preflightNews.look(now);
    if (serveDue(now)) return 0;
    const next = [deskWatch.nextAt(), refreshAt].filter((at) => at !== undefined);
    return next.length === 0 ? undefined : Math.max(0, Math.min(...next) - now);
  }

  const worker = createWorker({
    name: 'desk watch',
    clock,
    log: options.log,
    everyMs: EVERY_MS,
    stepsAside: true,
    look,
    onFatal: options.onFatal,
  });
  storage.onChange('loop', worker.nudge);

  return {
    ...worker,
    recover() {
      triage.settle(clock.now());
      storage.transaction(() => deskWatch.planAnew());
    },
  };
}

function nameIds(tellings: readonly Telling[]): string {
  const named = tellings.slice(0, MOST_NAMED).map(({ id }) => `#${id}`);
  const rest = tellings.length - named.length;
  return `${named.join(', ')}${rest === 0 ? '' : ` and ${rest} more`}`;
}
