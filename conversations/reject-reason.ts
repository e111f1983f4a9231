import type { Conversation } from '@grammyjs/conversations';
import type { Context } from 'grammy';
import { type AskedAt, askedBy, type DialogueRooms, isAnswer, OPEN_MS } from './dialogue.ts';

/** The owner rejected a draft: his next message is kept as the reason. */
export function createRejectReason(rooms: DialogueRooms) {
  return async function rejectReason(
    conversation: Conversation<Context, Context>,
    _ctx: Context,
    draftId: number,
    revision: number,
    at?: AskedAt,
  ): Promise<void> {
    const answer = await conversation.waitUntil(
      (ctx) => isAnswer(ctx, rooms, { kind: 'reason', draftId, revision }, at),
      {
        maxMilliseconds: OPEN_MS,
        next: true,
      },
    );
    const reason = answer.message?.text ?? '';
    const from = askedBy(answer, rooms);
    await conversation.external(() => rooms.giveReason(draftId, reason, from));
  };
}
