import type { Context } from 'grammy';
import type { FollowUp } from '../src/telegram/press.ts';

/** How long a question of ours stays open, in ms. It lapses with the next message after that: conversations have no timer. */
export const OPEN_MS = 30 * 60_000;

/** What a dialogue waits for. */
export type Question = NonNullable<FollowUp>;

/** A message that can be an answer: text of the owner's own, neither a command nor a reply to what is about something else, such as a card. */
export function isAnswer(ctx: Context, rooms: DialogueRooms, question: Question): boolean {
  const { message } = ctx;
  if (message?.text === undefined || message.text.startsWith('/')) return false;
  const replied = message.reply_to_message;
  return replied === undefined || !rooms.isForElse(message.chat.id, replied.message_id, question);
}

/** Who said something, where, and in which update: what an answer to it needs. */
export interface Asked {
  /** `owner:ID`. */
  readonly actor: string;
  readonly chatId: number | undefined;
  readonly updateId: number;
}

/** Reads off an update who asked. */
export function askedBy(ctx: Context): Asked {
  return { actor: `owner:${ctx.from?.id}`, chatId: ctx.chat?.id, updateId: ctx.update.update_id };
}

/** What a dialogue needs of the house; each call is one transaction, and harmless when it is repeated. */
export interface DialogueRooms {
  editDraft(draftId: number, revision: number, text: string, from: Asked): void;
  giveReason(draftId: number, reason: string, from: Asked): void;
  wantVersion(draftId: number, revision: number, instruction: string, from: Asked): void;
  /** Whether a reply to that message is no answer to the question: it is a card, a reminder, or another question. */
  isForElse(chatId: number, messageId: number, question: Question): boolean;
}
