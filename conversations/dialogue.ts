import type { Context } from 'grammy';
import type { FollowUp } from '../src/telegram/press.ts';

/** How long a question of ours stays open, in ms. It lapses with the next message after that: conversations have no timer. */
export const OPEN_MS = 30 * 60_000;

/** What a dialogue waits for. */
export type Question = NonNullable<FollowUp>;

/** Where a question was asked; `topicId` null: in the chat itself. */
export interface AskedAt {
  readonly chatId: number;
  readonly topicId: number | null;
}

/**
 * A message that can be an answer: text of whoever was asked, and who may still decide, said where the question stands; neither a command nor
 * a reply to what is about something else, such as a card. A dialogue of an older version does not know where it asked.
 */
export function isAnswer(ctx: Context, rooms: DialogueRooms, question: Question, at: AskedAt | undefined): boolean {
  const { message } = ctx;
  if (message?.text === undefined || message.text.startsWith('/')) return false;
  if (!rooms.mayDecide(message.from.id)) return false;
  if (at !== undefined && (message.chat.id !== at.chatId || topicOf(message) !== at.topicId)) return false;
  const replied = message.reply_to_message;
  return replied === undefined || !rooms.isForElse(message.chat.id, replied.message_id, question);
}

/** Who said something, where, and in which update: what an answer to it needs. */
export interface Asked {
  /** `owner:ID` or `approver:ID` or `viewer:ID`. */
  readonly actor: string;
  readonly chatId: number | undefined;
  /** The topic of that chat; null: the chat itself. */
  readonly topicId?: number | null;
  readonly updateId: number;
}

/** Reads off an update who asked, and where. */
export function askedBy(ctx: Context, rooms: Pick<DialogueRooms, 'actorOf'>): Asked {
  const message = ctx.message ?? ctx.callbackQuery?.message;
  return {
    actor: rooms.actorOf(ctx.from?.id ?? 0),
    chatId: ctx.chat?.id,
    topicId: topicOf(message),
    updateId: ctx.update.update_id,
  };
}

/** The topic that a message is in; null: the chat itself. Replies have a thread of theirs, which is no topic. */
export function topicOf(
  message:
    | { readonly message_thread_id?: number | undefined; readonly is_topic_message?: boolean | undefined }
    | undefined,
): number | null {
  return message?.is_topic_message === true ? (message.message_thread_id ?? null) : null;
}

/** What a dialogue needs of the house; each call is one transaction, and harmless when it is repeated. */
export interface DialogueRooms {
  /** Who somebody is, as rows name him. */
  actorOf(userId: number): string;
  /** Whether he may decide about drafts, by fleet.yaml as it is now. */
  mayDecide(userId: number): boolean;
  editDraft(draftId: number, revision: number, text: string, from: Asked): void;
  giveReason(draftId: number, reason: string, from: Asked): void;
  wantVersion(draftId: number, revision: number, instruction: string, from: Asked): void;
  /** Whether a reply to that message is no answer to the question: it is a card, a reminder, or another question. */
  isForElse(chatId: number, messageId: number, question: Question): boolean;
}
