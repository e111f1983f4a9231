import type { Update } from 'grammy/types';

/** Marks a leading command as one, in small letters: clients do so, other senders of updates may not. */
export function withCommand(update: Update): Update {
  const { message } = update;
  const match = /^\/\w{1,32}(@\w+)?/.exec(message?.text ?? '');
  if (message?.text === undefined || match === null) return update;
  const others = (message.entities ?? []).filter((entity) => entity.offset > 0 || entity.type !== 'bot_command');
  const text = match[0].toLowerCase() + message.text.slice(match[0].length);
  return {
    ...update,
    message: { ...message, text, entities: [{ type: 'bot_command', offset: 0, length: match[0].length }, ...others] },
  };
}
