import type { DraftRow, DraftState, Verdict } from '../../storage/draft-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Clock } from '../ports.ts';
import type { CallbackData } from '../telegram/callback-data.ts';
import { type CardSetting, draftCardKey, renderDraftCard } from '../telegram/cards/draft-card.ts';
import type { Outbox } from '../telegram/outbox.ts';
import { DRAFT_TRANSITIONS, type DraftEvent } from './draft.ts';

/** What came of a decision: it took effect, or somebody or something was first. */
export type DecisionResult =
  | { readonly kind: 'done'; readonly draft: DraftRow; readonly said: string }
  | { readonly kind: 'late'; readonly said: string };

/** What the desk and the publishing share: how a draft moves on, is told, and stands on its card. */
export interface DraftLedger {
  /** Moves a draft if its state allows that event; false when it does not, or somebody else was first. */
  move(
    draft: DraftRow,
    event: DraftEvent,
    by: { readonly actor: string | null; readonly reason: string | null },
  ): boolean;
  /** Writes down what became of a draft, for its agent and for the journal. */
  record(draft: DraftRow, verdict: Verdict, actor: string, reason: string | null): void;
  /** Makes the card of the present revision show how the draft stands; `waiting` says why it has not gone out yet. */
  refreshCard(id: number, waiting?: string): void;
  sendCard(draft: DraftRow, key?: string, replyToKey?: string): void;
  cardSetting(): CardSetting;
  /** The answer to whoever came second, or to a card of an older revision. */
  late(draft: DraftRow | undefined, revision: number): DecisionResult;
  done(id: number, said: string): DecisionResult;
}

/** Builds the ledger; every call belongs into the transaction of the decision that it is part of. */
export function createDraftLedger(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly callbackData: CallbackData;
}): DraftLedger {
  const { fleet, storage, clock, outbox } = options;

  function cardSetting(): CardSetting {
    return { timezone: fleet.timezone, now: clock.now(), callbackData: options.callbackData };
  }

  return {
    cardSetting,

    refreshCard(id, waiting) {
      const draft = storage.drafts.get(id);
      if (draft !== undefined) outbox.edit(draftCardKey(draft), renderDraftCard(draft, cardSetting(), waiting));
    },

    sendCard(draft, key = draftCardKey(draft), replyToKey) {
      const link = replyToKey === undefined ? {} : { replyToKey };
      outbox.send({ key, class: 'card', content: renderDraftCard(draft, cardSetting()), ...link });
    },

    move(draft, event, by) {
      const allowed: Partial<Record<DraftEvent, DraftState>> = DRAFT_TRANSITIONS[draft.state];
      const to = allowed[event];
      return to !== undefined && storage.drafts.move(draft.id, draft, to, { at: clock.now(), ...by });
    },

    record(draft, verdict, actor, reason) {
      const at = clock.now();
      storage.drafts.decide({ draftId: draft.id, revision: draft.revision, verdict, actor, reason, at });
      storage.journal.add({ at, subject: `draft:${draft.id}`, event: verdict, actor, detail: reason });
    },

    late(draft, revision) {
      if (draft === undefined) return { kind: 'late', said: 'There is no such draft.' };
      if (draft.revision !== revision)
        return { kind: 'late', said: `Its text has changed: revision ${draft.revision} has buttons of its own.` };
      return { kind: 'late', said: describeFate(draft) };
    },

    done(id, said) {
      const draft = storage.drafts.get(id);
      if (draft === undefined) throw new Error(`draft ${id} vanished`);
      return { kind: 'done', draft, said };
    },
  };
}

function describeFate(draft: DraftRow): string {
  const by = draft.decidedBy === null ? '' : ' already';
  switch (draft.state) {
    case 'pending':
      return 'It still waits for a decision.';
    case 'approved':
      return `It was${by} approved.`;
    case 'publishing':
      return 'It was approved and is being published right now.';
    case 'published':
      return `It was${by} published${draft.publishedUrl === null ? '' : `: ${draft.publishedUrl}`}.`;
    case 'unknown':
      return 'It was approved, and nobody knows yet whether it went out.';
    case 'rejected':
      return `It was${by} rejected${draft.reason === null ? '' : `: ${draft.reason}`}.`;
    case 'expired':
      return 'Its time is over: it expired.';
  }
}
