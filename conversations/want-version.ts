import type { Conversation } from '@grammyjs/conversations';
import type { Context } from 'grammy';
import { type AskedAt, askedBy, type DialogueRooms, isAnswer, OPEN_MS } from './dialogue.ts';

/** The owner pressed Revise: his next message says what should be different. */
export function createWantVersion(rooms: DialogueRooms) {
  return async function wantVersion(
    conversation: Conversation<Context, Context>,
    _ctx: Context,
    draftId: number,
    revision: number,
    at?: AskedAt,
  ): Promise<void> {
    const answer = await conversation.waitUntil(
      (ctx) => isAnswer(ctx, rooms, { kind: 'revise', draftId, revision }, at),
      {
        maxMilliseconds: OPEN_MS,
        next: true,
      },
    );
    const instruction = answer.message?.text ?? '';
    const from = askedBy(answer, rooms);
    await conversation.external(() => rooms.wantVersion(draftId, revision, instruction, from));
  };
}
