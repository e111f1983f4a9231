import type { DraftRow } from '../../storage/draft-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { PublicationDesk } from '../loop/scheduler.ts';
import type { Clock } from '../ports.ts';
import type { PublisherDesk } from '../runs/settlement.ts';
import type { CallbackData } from '../telegram/callback-data.ts';
import { type CardSetting, type CardView, draftCardKey } from '../telegram/cards/draft-card.ts';
import { bold, clockTime, count, line, lines, richText, shorten } from '../telegram/cards/words.ts';
import type { Outbox } from '../telegram/outbox.ts';
import { createDecisions, type Decisions } from './decisions.ts';
import { createDraftLedger, type DecisionResult, type DraftOutlook } from './draft-ledger.ts';
import { type PlaceGroup, placeGroups } from './place-groups.ts';
import { createPublishing } from './publishing.ts';
import { type AdmitDraft, createSubmission, type Submission, type SubmitResult } from './submission.ts';
import { createVersions, type VersionSubmission } from './versions.ts';

/** The desk: drafts, their cards, the owner's decisions, and what the publisher made of them. */
export interface Desk extends PublicationDesk, PublisherDesk, Decisions {
  submit(submission: Submission): SubmitResult;
  /** Takes the version of a draft that its owner asked for. */
  submitVersion(submission: VersionSubmission): SubmitResult;
  /** The owner says of an unknown publication that it went out. */
  confirmLive(id: number, revision: number, by: string): DecisionResult;
  /** The owner says of an unknown publication that it did not. */
  publishAgain(id: number, revision: number, by: string): DecisionResult;
  /** Asks anew about a publication that nobody knows the end of; nothing happens where it is known. */
  askAboutUnknown(id: number): void;
  /** Whether the draft can still be decided in this revision; `late` says what happened instead. */
  checkOpen(id: number, revision: number, by?: string): DecisionResult;
  /** The JSON that the publisher reads; undefined when the draft is not being published. */
  publicationInput(publicationId: number): string | undefined;
  /** Shows the card of a pending draft anew, below; `key` is that of the act. `late` says what became of a decided one. */
  showAgain(id: number, key: string): DecisionResult;
  /** Brings its card up to date, or sends the first one of a draft that had none of its own. */
  showCard(id: number): void;
  /** Makes the card show the draft as it stands, after something else than a decision changed it. */
  showAnew(id: number): void;
  /**
   * Calls the listener within the transaction of every change of a draft that a reader could see (state, revision, snooze, wanted version,
   * waiting reason), after its card was brought up to date.
   */
  onChange(listener: (draftId: number) => void): void;
  /** All that a card of this draft shows besides its row. */
  viewOf(draft: DraftRow): CardView;
  /**
   * Shows the files that go out with a draft below the message of that key, where it has no card that shows them; those that were shown are
   * not shown again. Called within a transaction.
   */
  showMedia(draft: DraftRow, replyToKey: string, chatId?: number): void;
  /** What its cards are rendered with now. */
  cardSetting(): CardSetting;
}

/** Builds the desk. Every public call is one transaction. */
export function createDesk(
  options: DraftOutlook & {
    readonly fleet: Fleet;
    readonly storage: Storage;
    readonly clock: Clock;
    readonly outbox: Outbox;
    readonly callbackData: CallbackData;
    readonly scrub: (text: string) => string;
    /** Without it each new draft gets a card at once. */
    readonly admit?: AdmitDraft;
    /** Whether what expires now is told later, with what else an outage left behind. */
    readonly withholds?: () => boolean;
  },
): Desk {
  const { fleet, storage, clock, outbox } = options;
  const ledger = createDraftLedger(options);
  const publishing = createPublishing({ fleet, storage, clock, outbox, ledger });
  const versions = createVersions({ ...options, ledger });
  const decisions = createDecisions({ ...options, ledger, publishing, versions, openDraft });
  const submit = createSubmission({
    ...options,
    ledger,
    versions,
    get kinds() {
      return [...new Set([...fleet.drafts.kinds.keys(), ...publishing.kinds()])];
    },
    admit: options.admit ?? (() => 'card'),
  });
  const { move, record, refreshCard, late } = ledger;

  function expire(draft: DraftRow, reason: string | null): void {
    if (!move(draft, 'expire', { actor: null, reason })) return;
    const open = storage.publications.lastOf(draft.id);
    if (open?.state === 'wanted')
      storage.publications.move(open.id, 'wanted', 'dropped', 'its window ended', clock.now());
    record(draft, 'expired', 'nightdesk', reason);
    refreshCard(draft.id);
  }

  /** Why a pending draft that expires had not gone out, where it was approved before; null: nobody decided. */
  function failureOf({ reason }: DraftRow): string | null {
    return reason === null ? null : `not published: ${reason}`;
  }

  /** The pending draft in that revision, after its window was looked at: a tap after the deadline finds it expired. */
  function openDraft(id: number, revision: number): DraftRow | undefined {
    const draft = storage.drafts.get(id);
    if (draft === undefined || draft.state !== 'pending' || draft.revision !== revision) return undefined;
    if (draft.windowEndsAt !== null && draft.windowEndsAt <= clock.now()) {
      expire(draft, failureOf(draft));
      return undefined;
    }
    return draft;
  }

  function tellExpired(expired: readonly DraftRow[]): void {
    for (const group of placeGroups(fleet))
      tellExpiredIn(
        group,
        expired.filter(({ agent }) => group.has(agent)),
      );
  }

  function tellExpiredIn({ place }: PlaceGroup, expired: readonly DraftRow[]): void {
    const [first] = expired;
    if (first === undefined) return;
    const now = clock.now();
    const shown = expired
      .slice(0, 20)
      .map((draft) =>
        line(
          `#${draft.id} to `,
          bold(shorten(draft.recipient, 60)),
          draft.windowEndsAt === null ? '' : line(', ', clockTime(draft.windowEndsAt, fleet.timezone, now)),
        ),
      );
    const rest = expired.length > shown.length ? `and ${expired.length - shown.length} more` : undefined;
    outbox.send({
      key: `expired:${first.id}:r${first.revision}`,
      class: 'notice',
      content: {
        kind: 'text',
        body: richText(lines(bold(`⌛ ${count(expired.length, 'draft')} expired`), ...shown, rest)),
      },
      ...(expired.length === 1 ? { replyToKey: draftCardKey(first) } : {}),
      place,
    });
  }

  return {
    begin: publishing.begin,
    explainWait: publishing.explainWait,
    publicationEnded: publishing.publicationEnded,
    publicationInput: publishing.publicationInput,
    onChange: ledger.onChange,
    viewOf: ledger.viewOf,
    showMedia: ledger.showMedia,
    cardSetting: ledger.cardSetting,

    submit: (submission) => storage.transaction(() => submit(submission)),
    submitVersion: (submission) => storage.transaction(() => versions.submit(submission)),

    approve: (id, revision, by) => storage.transaction(() => decisions.approve(id, revision, by)),
    undo: (id, revision, by) => storage.transaction(() => decisions.undo(id, revision, by)),
    reject: (id, revision, by) => storage.transaction(() => decisions.reject(id, revision, by)),
    giveReason: (id, reason, by) => storage.transaction(() => decisions.giveReason(id, reason, by)),
    edit: (id, revision, body, by) => storage.transaction(() => decisions.edit(id, revision, body, by)),
    snooze: (id, revision, untilMs, by) => storage.transaction(() => decisions.snooze(id, revision, untilMs, by)),
    wantVersion: (id, revision, instruction, by) =>
      storage.transaction(() => decisions.wantVersion(id, revision, instruction, by)),

    confirmLive: (id, revision, by) => storage.transaction(() => publishing.answerUnknown(id, revision, by, 'confirm')),
    publishAgain: (id, revision, by) => storage.transaction(() => publishing.answerUnknown(id, revision, by, 'repeat')),

    askAboutUnknown: (id) => storage.transaction(() => publishing.askAboutUnknown(id)),

    checkOpen: (id, revision, by) =>
      storage.transaction(() => {
        const draft = openDraft(id, revision);
        return draft === undefined
          ? late(storage.drafts.get(id), revision, by)
          : { kind: 'done', draft, said: 'Send me the new text.' };
      }),

    showAgain: (id, key) =>
      storage.transaction(() => {
        const draft = storage.drafts.get(id);
        if (draft?.state !== 'pending') return late(draft, draft?.revision ?? 0);
        const shown = storage.outbox.get(draftCardKey(draft));
        if (shown === undefined) ledger.sendCard(draft);
        // One card of a draft is alive at a time: the older one loses its buttons, and what happens next is shown on the new one.
        if (shown !== undefined && shown.messageId !== null && shown.chatId !== null) {
          outbox.send({
            key,
            class: 'notice',
            chatId: shown.chatId,
            content: { kind: 'strip', messageId: shown.messageId },
          });
          storage.outbox.forget(shown.id, clock.now());
        }
        return { kind: 'done', draft, said: '' };
      }),

    showCard: (id) => storage.transaction(() => ledger.showCard(id)),
    showAnew: (id) => storage.transaction(() => refreshCard(id)),

    expireDue: (now) => {
      const over = storage.drafts.expired(now);
      for (const draft of over)
        expire(draft, draft.state === 'approved' ? 'approved, but it could not go out in time' : failureOf(draft));
      if (options.withholds?.() !== true) tellExpired(over);
      return storage.drafts.nextDeadline();
    },
  };
}
