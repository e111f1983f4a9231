import { createHash } from 'node:crypto';
import type { Verdict } from '../../storage/decision-store.ts';
import type { DraftRow, DraftState } from '../../storage/draft-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import { perFile } from '../config/live-fleet.ts';
import type { Clock } from '../ports.ts';
import type { CallbackData } from '../telegram/callback-data.ts';
import { type CardSetting, type CardView, draftCardKey, renderDraftCard } from '../telegram/cards/draft-card.ts';
import type { Outbox } from '../telegram/outbox.ts';
import { personId } from '../people.ts';
import { DRAFT_TRANSITIONS, type DraftEvent } from './draft.ts';
import { groupMedia, readMedia } from './media.ts';
import type { Preflight } from './preflight.ts';
import { agentRecord } from './record.ts';
import { whoWords as whoWordsOf } from './who.ts';

/** What other rooms know of a draft that its card shows. */
export interface DraftOutlook {
  /** Whether it could go out if it was approved now; without it every draft could. */
  readonly preflight?: (draft: DraftRow) => Preflight;
  /** When it goes out by a rule; `person`: the rule has reached its number for today; undefined: never by itself. */
  readonly autoApproveAt?: (draft: DraftRow) => number | 'person' | undefined;
}

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
    by: { readonly actor: string | null; readonly reason: string | null; readonly undoUntil?: number },
  ): boolean;
  /** Writes down what became of a draft, for its agent and for the journal. */
  record(draft: DraftRow, verdict: Verdict, actor: string, reason: string | null): void;
  /** Makes the card of the present revision show how the draft stands, and tells all who listen. */
  refreshCard(id: number): void;
  sendCard(draft: DraftRow, replyToKey?: string): void;
  /** Shows the files that go out with a draft, below the message of that key; those that were shown already are not shown again. */
  showMedia(draft: DraftRow, replyToKey: string, chatId?: number): void;
  /** Brings the card up to date, or sends the first one of a draft that had none of its own. */
  showCard(id: number): void;
  cardSetting(): CardSetting;
  /** All that its card shows besides its row. */
  viewOf(draft: DraftRow): CardView;
  /** Calls the listener within the transaction of each change of a draft that a reader could see. */
  onChange(listener: (draftId: number) => void): void;
  /** Writes down when its owner first saw a draft about which a person says something now. */
  seen(draft: DraftRow, by: string): void;
  /** The answer to whoever came second, or to a card of an older revision; `by` is who asks. */
  late(draft: DraftRow | undefined, revision: number, by?: string): DecisionResult;
  /** ` by Ada`, where there are several who could have been it; ` by you`; or nothing. */
  whoWords(actor: string | null, asking?: string): string;
  done(id: number, said: string): DecisionResult;
}

/** Builds the ledger; every call belongs into the transaction of the decision that it is part of. */
export function createDraftLedger(
  options: DraftOutlook & {
    readonly fleet: Fleet;
    readonly storage: Storage;
    readonly clock: Clock;
    readonly outbox: Outbox;
    readonly callbackData: CallbackData;
  },
): DraftLedger {
  const { fleet, storage, clock, outbox } = options;

  const publishers = perFile(
    fleet,
    ({ agents }) => new Set([...agents.values()].flatMap(({ publishes }) => publishes)),
  );
  const listeners: ((draftId: number) => void)[] = [];

  function cardSetting(): CardSetting {
    return {
      timezone: fleet.timezone,
      now: clock.now(),
      callbackData: options.callbackData,
      canLogIn: (name) => fleet.credentials.get(name)?.login !== undefined,
    };
  }

  const whoWords = (actor: string | null, asking?: string): string => whoWordsOf({ fleet, storage }, actor, asking);

  function viewOf(draft: DraftRow): CardView {
    if (draft.state === 'approved') return viewOfApproved(draft);
    const shared = viewOfBefore(draft);
    if (draft.state !== 'pending') return { ...shared, who: whoWords(draft.decidedBy) };
    const autoApproveAt = options.autoApproveAt?.(draft);
    const record = agentRecord(storage.drafts, draft.agent);
    return {
      ...shared,
      preflight: options.preflight?.(draft) ?? { kind: 'ready' },
      ...(typeof autoApproveAt === 'number' ? { autoApproveAt } : {}),
      ...(autoApproveAt === 'person' ? { isRuleOver: true } : {}),
      ...(record === undefined ? {} : { record }),
    };
  }

  /** What a card shows of the revision before. */
  function viewOfBefore(draft: DraftRow): CardView {
    const before = draft.revision === 1 ? undefined : storage.drafts.atRevision(draft.id, draft.revision - 1);
    if (before === undefined) return {};
    return { before: before.body, ...(before.media === draft.media ? { isMediaAbove: true } : {}) };
  }

  function viewOfApproved(draft: DraftRow): CardView {
    const shared = { ...viewOfBefore(draft), who: whoWords(draft.decidedBy) };
    if (!publishers().has(draft.kind))
      return { ...shared, waiting: `nobody publishes "${draft.kind}" in this fleet; ${draft.agent} is told` };
    const open = storage.publications.lastOf(draft.id);
    if (open?.state !== 'wanted') return shared;
    const canUndo = open.detail !== null || (draft.undoUntil !== null && draft.undoUntil > clock.now());
    return { ...shared, canUndo, ...(open.detail === null ? {} : { waiting: open.detail }) };
  }

  function refreshCard(id: number): void {
    const draft = storage.drafts.get(id);
    if (draft === undefined) return;
    outbox.edit(draftCardKey(draft), renderDraftCard(draft, cardSetting(), viewOf(draft)));
    // A card that comes when there is nothing left to decide calls nobody.
    if (draft.state !== 'pending') storage.outbox.hush(draftCardKey(draft));
    for (const listener of listeners) listener(id);
  }

  function showMedia(draft: DraftRow, replyToKey: string, chatId?: number): void {
    if (draft.media === '[]') return;
    // What was shown once is not shown again with each revision.
    const set = createHash('sha256').update(draft.media).digest('hex').slice(0, 12);
    for (const [index, files] of groupMedia(fleet.home, readMedia(draft.media)).entries()) {
      outbox.send({
        key: `draft:${draft.id}:media:${set}:${index}`,
        class: 'card',
        content: { kind: 'media', files },
        replyToKey,
        sound: 'never',
        ...(chatId === undefined ? {} : { chatId }),
      });
    }
  }

  function sendCard(draft: DraftRow, replyToKey?: string): void {
    outbox.send({
      key: draftCardKey(draft),
      class: 'card',
      content: renderDraftCard(draft, cardSetting(), viewOf(draft)),
      place: fleet.agents.get(draft.agent)?.place,
      ...(replyToKey === undefined ? {} : { replyToKey }),
    });
    showMedia(draft, draftCardKey(draft));
    for (const listener of listeners) listener(draft.id);
  }

  return {
    cardSetting,
    viewOf,
    refreshCard,
    sendCard,
    showMedia,
    onChange: (listener) => void listeners.push(listener),

    showCard(id) {
      const draft = storage.drafts.get(id);
      if (draft === undefined) return;
      if (storage.outbox.get(draftCardKey(draft)) === undefined) sendCard(draft);
      else refreshCard(id);
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

    seen(draft, by) {
      if (draft.shownAt !== null || personId(by) === undefined) return;
      const sentAt = [1, draft.revision]
        .map((revision) => storage.outbox.get(draftCardKey({ id: draft.id, revision }))?.sentAt)
        .find((at) => typeof at === 'number');
      storage.drafts.shown(draft.id, sentAt ?? draft.createdAt);
    },

    whoWords,

    late(draft, revision, by) {
      if (draft === undefined) return { kind: 'late', said: 'There is no such draft.' };
      if (draft.revision !== revision) {
        const author = storage.drafts.authorOf(draft.id, draft.revision) ?? null;
        return {
          kind: 'late',
          said: `Its text was changed${whoWords(author, by)}: revision ${draft.revision} has buttons of its own.`,
        };
      }
      return { kind: 'late', said: describeFate(draft, whoWords(draft.decidedBy, by)) };
    },

    done(id, said) {
      const draft = storage.drafts.get(id);
      if (draft === undefined) throw new Error(`draft ${id} vanished`);
      return { kind: 'done', draft, said };
    },
  };
}

function describeFate(draft: DraftRow, who: string): string {
  const by = draft.decidedBy === null ? '' : ' already';
  switch (draft.state) {
    case 'pending':
      return 'It still waits for a decision.';
    case 'approved':
      return `It was${by} approved${who}.`;
    case 'publishing':
      return `It was approved${who} and is being published right now.`;
    case 'published':
      return `It was${by} published${draft.publishedUrl === null ? '' : `: ${draft.publishedUrl}`}.`;
    case 'unknown':
      return `It was approved${who}, and nobody knows yet whether it went out.`;
    case 'rejected':
      return `It was${by} rejected${who}${draft.reason === null ? '' : `: ${draft.reason}`}.`;
    case 'expired':
      return 'Its time is over: it expired.';
  }
}
