import type { Transformer } from 'grammy';

/**
 * Refuses every call of the Bot API from a handler: what one wants to say is a row of the outbox first, and the sender sends it. It stands
 * on each update's own client, since a transformer of the bot does not reach into dialogues.
 */
export function refuseCalls(): Transformer {
  return (_prev, method) => {
    throw new Error(`${method}: handlers leave rows in the outbox, they do not call the Bot API`);
  };
}
