import type { DraftRow } from '../../storage/draft-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Clock } from '../ports.ts';
import { clockTime } from '../telegram/cards/words.ts';
import { isBlank } from './draft.ts';
import type { DecisionResult, DraftLedger } from './draft-ledger.ts';
import type { Publishing } from './publishing.ts';
import { mayEnd } from './snooze.ts';
import { personKey } from './who.ts';
import type { Versions } from './versions.ts';

/** What a person, or a rule, says about a draft: each is one conditional change, and whoever comes second is told what the first did. */
export interface Decisions {
  approve(id: number, revision: number, by: string): DecisionResult;
  /** Takes an approval back as long as its publisher has not begun: the draft waits for a decision again. */
  undo(id: number, revision: number, by: string): DecisionResult;
  reject(id: number, revision: number, by: string): DecisionResult;
  /** Keeps why a draft was rejected; false when it is not a rejected one. */
  giveReason(id: number, reason: string, by: string): boolean;
  /** Replaces the text: a new revision, shown anew. The same text from the same revision twice is one edit. */
  edit(id: number, revision: number, body: string, by: string): DecisionResult;
  /** Puts a draft off until a time inside its window; it can still be decided. */
  snooze(id: number, revision: number, untilMs: number, by: string): DecisionResult;
  /** Asks the draft's agent for another version, by one line of instruction. */
  wantVersion(id: number, revision: number, instruction: string, by: string): DecisionResult;
}

/**
 * What is left of a window when what can still be taken back goes out, since its publisher has to start before the window ends: a tenth of
 * what is left at the approval, within these bounds.
 */
const LAST_CHANCE = { leastMs: 1_000, mostMs: 30_000 } as const;

/** Builds the decisions; every call belongs into a transaction. `openDraft` gives a draft that can still be decided in that revision. */
export function createDecisions(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly ledger: DraftLedger;
  readonly publishing: Publishing;
  readonly versions: Versions;
  readonly openDraft: (id: number, revision: number) => DraftRow | undefined;
}): Decisions {
  const { fleet, storage, clock, publishing, versions, openDraft } = options;
  const { move, record, refreshCard, showCard, seen, late, done, whoWords } = options.ledger;

  function lateNow(id: number, revision: number, by: string): DecisionResult {
    return late(storage.drafts.get(id), revision, by);
  }

  /** When an approved draft goes out at the earliest: late enough to be taken back, and never too late for its window. */
  function decideStart({ kind, windowEndsAt }: DraftRow, now: number): number {
    const undoMs = fleet.drafts.kinds.get(kind)?.undoMs ?? 0;
    if (windowEndsAt === null) return now + undoMs;
    const lastChanceMs = Math.min(LAST_CHANCE.mostMs, Math.max(LAST_CHANCE.leastMs, (windowEndsAt - now) / 10));
    return Math.max(now, Math.min(now + undoMs, Math.floor(windowEndsAt - lastChanceMs)));
  }

  function clockWords(at: number): string {
    const now = clock.now();
    return clockTime(at, fleet.timezone, now, at - now < 120_000 ? 'second' : 'minute').text;
  }

  function approvedWords(draft: DraftRow, startsAt: number): string {
    const publisher = publishing.publisherOf(draft.kind);
    if (publisher === undefined) return 'Approved.';
    const hold = storage.holds.active().find(({ agent }) => agent === '' || agent === publisher);
    if (hold !== undefined) return `Approved. It waits: ${hold.reason}.`;
    if (startsAt > clock.now()) return `Approved. It goes out at ${clockWords(startsAt)}.`;
    return (fleet.drafts.kinds.get(draft.kind)?.undoMs ?? 0) > 0
      ? 'Approved, going out now: its window ends too soon for an Undo.'
      : 'Approved, going out.';
  }

  /** Who rejected it stays who did: what somebody else says of it is added, with his name. */
  function reasonOf(draft: DraftRow, reason: string, by: string): string {
    if (draft.decidedBy === null || draft.decidedBy === by) return reason;
    const said = `${nameOf(by)}: ${reason}`;
    // The same words come again where an update is handled twice.
    if (draft.reason?.endsWith(said) === true) return draft.reason;
    return draft.reason === null ? said : `${draft.reason} · ${said}`;
  }

  function nameOf(actor: string): string {
    return storage.settings.get(personKey(actor)) ?? actor.replace(':', ' ');
  }

  return {
    approve(id, revision, by) {
      const draft = openDraft(id, revision);
      if (draft === undefined) return lateNow(id, revision, by);
      const now = clock.now();
      const startsAt = publishing.publisherOf(draft.kind) === undefined ? now : decideStart(draft, now);
      const undo = startsAt > now ? { undoUntil: startsAt } : {};
      if (!move(draft, 'approve', { actor: by, reason: null, ...undo })) return lateNow(id, revision, by);
      seen(draft, by);
      record(draft, 'approved', by, null);
      publishing.want(draft, { by, at: now }, startsAt);
      refreshCard(id);
      return done(id, approvedWords(draft, startsAt));
    },

    undo(id, revision, by) {
      const draft = storage.drafts.get(id);
      if (draft?.state === 'pending' && draft.revision === revision) {
        const last = storage.drafts.lastDecision(id);
        if (last?.verdict === 'undone')
          return { kind: 'late', said: `It was already taken back${whoWords(last.actor, by)}.` };
      }
      const open = storage.publications.lastOf(id);
      if (draft?.state !== 'approved' || draft.revision !== revision || open?.state !== 'wanted')
        return late(draft, revision, by);
      if (
        !storage.publications.move(open.id, 'wanted', 'dropped', 'the approval was taken back', clock.now()) ||
        !move(draft, 'undo', { actor: by, reason: null })
      )
        return lateNow(id, revision, by);
      record(draft, 'undone', by, null);
      refreshCard(id);
      // Whoever takes it back in a review sees it there: a card of its own would buzz for his own tap.
      if (storage.reviews.showing(id).length === 0) showCard(id);
      return done(id, 'Taken back: it waits for your decision again.');
    },

    reject(id, revision, by) {
      const draft = openDraft(id, revision);
      if (draft === undefined || !move(draft, 'reject', { actor: by, reason: null })) return lateNow(id, revision, by);
      seen(draft, by);
      record(draft, 'rejected', by, null);
      refreshCard(id);
      return done(id, 'Rejected.');
    },

    giveReason(id, reason, by) {
      const draft = storage.drafts.get(id);
      if (draft?.state !== 'rejected') return false;
      const kept = { at: draft.decidedAt ?? clock.now(), actor: draft.decidedBy, reason: reasonOf(draft, reason, by) };
      if (!storage.drafts.move(id, draft, 'rejected', kept)) return false;
      record(draft, 'rejected', by, reason);
      refreshCard(id);
      return true;
    },

    edit(id, revision, body, by) {
      const current = storage.drafts.get(id);
      if (current?.revision === revision + 1 && current.body === body && current.state === 'pending')
        return done(id, 'Changed.');
      const draft = openDraft(id, revision);
      if (draft === undefined) return late(storage.drafts.get(id), revision, by);
      if (isBlank(body)) return { kind: 'late', said: 'Your text is empty.' };
      if (body === draft.body) return { kind: 'late', said: 'That is the same text: nothing changed.' };
      if (!versions.replace(draft, body, by)) return lateNow(id, revision, by);
      seen(draft, by);
      return done(id, 'Changed: look at it once more below.');
    },

    snooze(id, revision, untilMs, by) {
      const draft = openDraft(id, revision);
      if (draft === undefined) return lateNow(id, revision, by);
      const now = clock.now();
      if (untilMs <= now || !mayEnd(untilMs, draft.windowEndsAt))
        return { kind: 'late', said: 'Too little time is left for that: please decide.' };
      if (!storage.drafts.snooze(id, revision, untilMs)) return lateNow(id, revision, by);
      seen(draft, by);
      const until = clockWords(untilMs);
      storage.journal.add({ at: now, subject: `draft:${id}`, event: 'snoozed', actor: by, detail: until });
      refreshCard(id);
      return done(id, `Snoozed until ${until}.`);
    },

    wantVersion(id, revision, instruction, by) {
      const draft = openDraft(id, revision);
      return draft === undefined ? lateNow(id, revision, by) : versions.want(draft, instruction, by);
    },
  };
}
