import type { Conversation } from '@grammyjs/conversations';
import type { Context } from 'grammy';
import { type AskedAt, askedBy, type DialogueRooms, isAnswer, OPEN_MS } from './dialogue.ts';

/** The owner pressed Edit: his next message is the new text of that revision. */
export function createEditDraft(rooms: DialogueRooms) {
  return async function editDraft(
    conversation: Conversation<Context, Context>,
    _ctx: Context,
    draftId: number,
    revision: number,
    at?: AskedAt,
  ): Promise<void> {
    const answer = await conversation.waitUntil(
      (ctx) => isAnswer(ctx, rooms, { kind: 'edit', draftId, revision }, at),
      {
        maxMilliseconds: OPEN_MS,
        next: true,
      },
    );
    const text = answer.message?.text ?? '';
    const from = askedBy(answer, rooms);
    await conversation.external(() => rooms.editDraft(draftId, revision, text, from));
  };
}
