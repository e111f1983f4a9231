import type { DraftRow } from '../../storage/draft-store.ts';
import type { Storage } from '../../storage/storage.ts';
import { loadRestore } from '../backups/restored.ts';
import type { Desk } from '../drafts/desk.ts';
import type { DecisionResult } from '../drafts/draft-ledger.ts';
import type { Reviews } from '../drafts/review.ts';
import { SNOOZE_BACK, snoozeEnd } from '../drafts/snooze.ts';
import type { CallbackData } from './callback-data.ts';
import { draftButtons, snoozeButtons } from './cards/draft-buttons.ts';
import { draftCardKey } from './cards/draft-card.ts';
import type { Button, Content, Outbox } from './outbox.ts';
import { type Answer, type FollowUp, NOT_OURS, type PressedButton, type ReadPress } from './press.ts';

const BEFORE_RESTORE =
  'This is from before the backup that I run from: the draft may have gone out since. Decide on its newest card, or ask for /drafts.';

/** What the press of a draft's button does, wherever that button stands: on its card, a reminder, a review. */
export function createDraftPresses(options: {
  readonly storage: Storage;
  readonly outbox: Outbox;
  readonly callbackData: CallbackData;
  readonly desk: Desk;
  readonly reviews: Pick<Reviews, 'isReview' | 'showButtons'>;
  /** Takes the buttons off a pressed message that no row of ours stands for. */
  readonly stripIfForgotten: (pressed: PressedButton) => void;
}): (press: ReadPress, pressed: PressedButton) => Answer {
  const { storage, outbox, desk } = options;

  function told(result: DecisionResult, pressed: PressedButton, followUp?: FollowUp): Answer {
    options.stripIfForgotten(pressed);
    if (result.kind === 'done') return followUp === undefined ? { text: result.said } : { text: result.said, followUp };
    return { text: result.said, alert: true };
  }

  function ask(kind: 'edit' | 'revise', { id, revision }: ReadPress, pressed: PressedButton): Answer {
    const result = desk.checkOpen(id, revision, pressed.actor);
    const said = kind === 'edit' ? 'Send me the new text.' : 'What should be different?';
    return told(result.kind === 'done' ? { ...result, said } : result, pressed, { kind, draftId: id, revision });
  }

  function snooze(press: ReadPress, pressed: PressedButton): Answer {
    const { id, revision, choice = 0 } = press;
    if (choice === 0) return offerSnooze(press, pressed);
    if (choice === SNOOZE_BACK) {
      giveButtonsBack(id, pressed);
      return { text: '' };
    }
    const { now, timezone } = desk.cardSetting();
    const answer = told(desk.snooze(id, revision, snoozeEnd(choice, now, timezone), pressed.actor), pressed);
    giveButtonsBack(id, pressed);
    return answer;
  }

  /** Shows the times in place of the buttons of the pressed message: nothing is decided by that. */
  function offerSnooze({ id, revision }: ReadPress, pressed: PressedButton): Answer {
    const open = desk.checkOpen(id, revision, pressed.actor);
    if (open.kind === 'late') return told(open, pressed);
    const buttons = snoozeButtons(open.draft, desk.cardSetting());
    if (buttons === undefined) return { text: 'Too little time is left to snooze it: please decide.', alert: true };
    if (changeButtons(pressed, id, buttons)) return { text: 'Until when?' };
    options.stripIfForgotten(pressed);
    return { text: 'This card is not the newest one of its draft. Ask for /drafts.', alert: true };
  }

  /** After the times were shown: the message has the draft's own buttons again; a review shows its own by itself. */
  function giveButtonsBack(id: number, pressed: PressedButton): void {
    const draft = storage.drafts.get(id);
    if (draft === undefined) return;
    const key = keyOf(pressed) ?? '';
    const showsByItself = key === draftCardKey(draft) || storage.reviews.byKey(key) !== undefined;
    if (!showsByItself) changeButtons(pressed, id, buttonsOf(draft));
    desk.showAnew(id);
  }

  function buttonsOf(draft: DraftRow): readonly (readonly Button[])[] {
    return draftButtons(draft, desk.cardSetting(), desk.viewOf(draft));
  }

  function keyOf({ message }: PressedButton): string | undefined {
    return message === undefined ? undefined : storage.outbox.byMessage(message.chatId, message.messageId)?.key;
  }

  function isReview({ message }: PressedButton): boolean {
    return message !== undefined && options.reviews.isReview(message.chatId, message.messageId);
  }

  /** Gives the pressed message other buttons; false when no row stands for it, or it shows another draft by now. */
  function changeButtons(pressed: PressedButton, id: number, buttons: readonly (readonly Button[])[]): boolean {
    if (pressed.message !== undefined && isReview(pressed))
      return options.reviews.showButtons(pressed.message, id, buttons);
    const key = keyOf(pressed);
    const content = key === undefined ? undefined : storage.outbox.get(key)?.content;
    if (key === undefined || content === undefined) return false;
    const shown = JSON.parse(content) as Content;
    if (shown.kind !== 'text' && shown.kind !== 'document') return false;
    outbox.edit(key, { ...shown, buttons });
    return true;
  }

  /**
   * A press that Telegram brings again after a restore, or one on a card of a past that is forgotten: its draft may have gone out by just that
   * press. Only what was shown since decides.
   */
  function isOfBeforeRestore(draft: DraftRow, { message }: PressedButton): boolean {
    if (draft.restoredAt === null || draft.state !== 'pending') return false;
    const row = message === undefined ? undefined : storage.outbox.byMessage(message.chatId, message.messageId);
    return row === undefined || (row.key !== draftCardKey(draft) && row.createdAt < (loadRestore(storage)?.at ?? 0));
  }

  return (press, pressed) => {
    const { id, revision } = press;
    const shown = storage.drafts.atRevision(id, revision);
    if (shown === undefined || !options.callbackData.verify(press, shown.hash)) return NOT_OURS;
    if (isOfBeforeRestore(shown, pressed)) return told({ kind: 'late', said: BEFORE_RESTORE }, pressed);
    switch (press.verb) {
      case 'approve':
        return told(desk.approve(id, revision, pressed.actor), pressed);
      case 'undo':
        return told(desk.undo(id, revision, pressed.actor), pressed);
      case 'reject':
        return told(desk.reject(id, revision, pressed.actor), pressed, { kind: 'reason', draftId: id, revision });
      case 'edit':
      case 'revise':
        return ask(press.verb, press, pressed);
      case 'snooze':
        return snooze(press, pressed);
      case 'live':
        return told(desk.confirmLive(id, revision, pressed.actor), pressed);
      case 'again':
        return told(desk.publishAgain(id, revision, pressed.actor), pressed);
      default:
        return told(desk.showAgain(id, `strip:${pressed.updateId}`), pressed);
    }
  };
}
