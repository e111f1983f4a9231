import type { Context } from 'grammy';

/** How long a question of ours stays open, in ms. It lapses with the next message after that: conversations have no timer. */
export const OPEN_MS = 30 * 60_000;

/** A message that can be an answer: text of the owner's own, neither a command nor a reply to a card, which is about that card. */
export function isAnswer(ctx: Context, rooms: DialogueRooms): boolean {
  const { message } = ctx;
  if (message?.text === undefined || message.text.startsWith('/')) return false;
  const replied = message.reply_to_message;
  return replied === undefined || !rooms.isCard(message.chat.id, replied.message_id);
}

/** What a dialogue needs of the house; each call is one transaction, and harmless when it is repeated. */
export interface DialogueRooms {
  editDraft(draftId: number, revision: number, text: string, actor: string, updateId: number): void;
  giveReason(draftId: number, reason: string, actor: string, updateId: number): void;
  /** Whether that message is the card of a draft. */
  isCard(chatId: number, messageId: number): boolean;
}
