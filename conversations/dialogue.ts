import type { Context } from 'grammy';

/** How long a question of ours stays open, in ms. It lapses with the next message after that: conversations have no timer. */
export const OPEN_MS = 30 * 60_000;

/** A message that can be an answer: plain text in words of the owner's own, neither a command nor a reply to some other message. */
export function isAnswer(ctx: Context): boolean {
  const text = ctx.message?.text;
  return text !== undefined && !text.startsWith('/') && ctx.message?.reply_to_message === undefined;
}

/** What a dialogue needs of the house; each call is one transaction, and harmless when it is repeated. */
export interface DialogueRooms {
  editDraft(draftId: number, revision: number, text: string, actor: string, updateId: number): void;
  giveReason(draftId: number, reason: string, actor: string, updateId: number): void;
}
