import type { DraftRow } from '../../storage/draft-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Asked } from '../../conversations/dialogue.ts';
import type { Desk } from '../drafts/desk.ts';
import type { Clock } from '../ports.ts';
import { code, LONGEST_TEXT, lines, richText } from './cards/words.ts';
import type { Content } from './outbox.ts';
import { readAskKey, readDraftKey } from './press.ts';

/** What owners write about drafts: new texts, reasons, instructions. Each call is one transaction, and harmless when it is repeated. */
export interface DraftTalk {
  editDraft(draftId: number, revision: number, text: string, from: Asked): void;
  giveReason(draftId: number, reason: string, from: Asked): void;
  wantVersion(draftId: number, revision: number, instruction: string, from: Asked): void;
  /** Takes a text that answers a message about a draft; false when that message is about none. */
  takeReply(key: string, text: string, from: Asked): boolean;
  /** Takes a text that nobody waits for where it may be a second one for an edit that was just made; false where it is not. */
  takeSecond(text: string, from: Asked): boolean;
}

/** How long after an edit another text may be meant for it: Telegram sends a long one in several messages, people have second thoughts. */
const SECOND_TEXT_MS = 10 * 60_000;
/** In a group people also talk to each other: only what follows at once is ours. */
const SECOND_TEXT_IN_GROUP_MS = 5_000;

/** Builds what takes the owner's words; `say` answers them. */
export function createDraftTalk(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly desk: Desk;
  readonly say: (to: Asked, content: Content) => void;
}): DraftTalk {
  const { storage, clock, desk } = options;

  function sayText(to: Asked, text: string): void {
    options.say(to, { kind: 'text', body: { text, entities: [] } });
  }

  /** Gives the owner's words back with the answer, so that they can be copied and used elsewhere. */
  function sayWithWords(to: Asked, text: string, words: string): void {
    const body = lines(text, '', 'You wrote (tap to copy):', code(words));
    if (words.trim() === '') return sayText(to, text);
    options.say(
      to,
      body.text.length <= LONGEST_TEXT
        ? { kind: 'text', body: richText(body) }
        : {
            kind: 'document',
            name: 'your-words.txt',
            content: words,
            body: richText(`${text} Your words are in the file.`),
          },
    );
  }

  function editDraft(draftId: number, revision: number, text: string, from: Asked): void {
    // Telegram cuts a longer text into several messages, and nothing says that the first one goes on.
    if (text.length >= LONGEST_TEXT) {
      return sayText(
        from,
        `Draft #${draftId} stays as it is: Telegram cuts texts at ${LONGEST_TEXT} characters, so yours may not be whole. Reply to the card with a shorter one.`,
      );
    }
    const result = desk.edit(draftId, revision, text, from.actor);
    if (result.kind === 'late') sayWithWords(from, `Draft #${draftId} stays as it is. ${result.said}`, text);
  }

  function giveReason(draftId: number, reason: string, from: Asked): void {
    if (desk.giveReason(draftId, reason, from.actor))
      return sayText(from, `Noted: the agent will read why #${draftId} was rejected.`);
    const draft = storage.drafts.get(draftId);
    sayWithWords(from, `Draft #${draftId} is not rejected, so I kept no reason. ${fateOf(draft, from)}`, reason);
  }

  function wantVersion(draftId: number, revision: number, instruction: string, from: Asked): void {
    const wish = instruction.trim();
    if (wish === '') return sayText(from, `Nothing was asked of draft #${draftId}: say what should be different.`);
    const result = desk.wantVersion(draftId, revision, wish, from.actor);
    if (result.kind === 'done') return sayText(from, `${result.said} Draft #${draftId} still waits for you meanwhile.`);
    sayWithWords(from, `No other version of draft #${draftId} was asked for. ${result.said}`, instruction);
  }

  /** What became of a draft, in the words for whoever comes late. */
  function fateOf(draft: DraftRow | undefined, { actor }: Asked): string {
    const result = desk.checkOpen(draft?.id ?? 0, draft?.revision ?? 0, actor);
    return result.kind === 'late' ? result.said : 'It still waits for a decision.';
  }

  /** What is said of a draft later, such as a reminder, answers the card of the text that it is about. */
  function revisionAnswered(key: string): number | undefined {
    return readDraftKey(storage.outbox.get(key)?.replyToKey ?? '')?.revision;
  }

  function takeReplyToCard(draft: DraftRow, revision: number, text: string, from: Asked): void {
    switch (draft.state) {
      case 'pending':
        return editDraft(draft.id, revision, text, from);
      case 'rejected':
        return giveReason(draft.id, text, from);
      default:
        return sayWithWords(from, `Draft #${draft.id} stays as it is. ${fateOf(draft, from)}`, text);
    }
  }

  return {
    editDraft,
    giveReason,
    wantVersion,

    takeReply(key, text, from) {
      const asked = readAskKey(key);
      if (asked !== undefined) {
        const { draftId, revision } = asked;
        if (asked.kind === 'edit') editDraft(draftId, revision, text, from);
        else if (asked.kind === 'revise') wantVersion(draftId, revision, text, from);
        else giveReason(draftId, text, from);
        return true;
      }
      const about = readDraftKey(key);
      const draft = about === undefined ? undefined : storage.drafts.get(about.draftId);
      if (about === undefined || draft === undefined) return false;
      takeReplyToCard(draft, about.revision ?? revisionAnswered(key) ?? draft.revision, text, from);
      return true;
    },

    takeSecond(text, from) {
      const isGroup = from.chatId !== undefined && from.chatId < 0;
      const since = clock.now() - (isGroup ? SECOND_TEXT_IN_GROUP_MS : SECOND_TEXT_MS);
      const last = storage.drafts.lastEditBy(from.actor, since);
      if (last === undefined) return false;
      sayWithWords(
        from,
        `Draft #${last.draftId} has the text that you sent before, and this one changed nothing. To change it again, reply to its newest card with the whole text, or press Edit there. ${fateOf(storage.drafts.get(last.draftId), from)}`,
        text,
      );
      return true;
    },
  };
}
