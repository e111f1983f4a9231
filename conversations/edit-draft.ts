import type { Conversation } from '@grammyjs/conversations';
import type { Context } from 'grammy';
import { askedBy, type DialogueRooms, isAnswer, OPEN_MS } from './dialogue.ts';

/** The owner pressed Edit: his next message is the new text of that revision. */
export function createEditDraft(rooms: DialogueRooms) {
  return async function editDraft(
    conversation: Conversation<Context, Context>,
    _ctx: Context,
    draftId: number,
    revision: number,
  ): Promise<void> {
    const answer = await conversation.waitUntil((ctx) => isAnswer(ctx, rooms, { kind: 'edit', draftId, revision }), {
      maxMilliseconds: OPEN_MS,
      next: true,
    });
    const text = answer.message?.text ?? '';
    const from = askedBy(answer);
    await conversation.external(() => rooms.editDraft(draftId, revision, text, from));
  };
}
