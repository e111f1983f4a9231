import { badRequest, BotApiRefusal } from './bot-error.ts';
import type { BotCommands } from './bot-commands.ts';
import type { CallbackQueries } from './callback-queries.ts';
import type { ChatHistory, StoredMessage } from './chat-history.ts';
import type { FloodControl } from './flood-control.ts';
import type { Groups } from './groups.ts';
import type { People } from './people.ts';
import { renderBotMessage } from './rendered-message.ts';
import type { UpdateQueue } from './update-queue.ts';
import type { Payload } from './validation.ts';

/** Everything that the methods of the Bot API read and change. */
export interface BotWorld {
  readonly people: People;
  readonly groups: Groups;
  readonly history: ChatHistory;
  readonly updates: UpdateQueue;
  readonly queries: CallbackQueries;
  readonly commands: BotCommands;
  readonly flood: FloodControl;
  /** Epoch milliseconds. */
  now(): number;
}

/** One method: a validated payload in, the `result` out; refusals are thrown as BotApiRefusal. */
export type BotMethod = (payload: Payload) => unknown;

/** The chat that a payload names; refused where there is none, or where it takes nothing of the bot. */
export function chatOf(world: BotWorld, payload: Payload): number {
  const given = payload['chat_id'];
  const chatId = typeof given === 'number' ? given : /^-?\d+$/.test(String(given)) ? Number(given) : Number.NaN;
  if (given === undefined || given === '') throw badRequest('chat_id is empty');
  if (world.groups.enter(chatId) !== undefined) return chatId;
  if (!world.people.hasChat(chatId)) throw badRequest('chat not found');
  if (world.people.isBlocked(chatId)) throw new BotApiRefusal(403, 'Forbidden: bot was blocked by the user');
  return chatId;
}

/** The message that a payload names, or a refusal with this wording. */
export function messageOf(world: BotWorld, payload: Payload, missing: string): StoredMessage {
  const chatId = chatOf(world, payload);
  const id = payload['message_id'];
  if (typeof id !== 'number') throw badRequest('message identifier is not specified');
  const message = world.history.find(chatId, id);
  if (message === undefined) throw badRequest(missing);
  return message;
}

/** A message as a method answers it. */
export function answerMessage(world: BotWorld, message: StoredMessage): Readonly<Record<string, unknown>> {
  const replied = message.replyTo === undefined ? undefined : world.history.find(message.chatId, message.replyTo);
  return renderBotMessage(message, renderChat(world, message.chatId), replied);
}

/** A chat as updates and answers show it. */
export function renderChat(world: BotWorld, chatId: number): Readonly<Record<string, unknown>> {
  const group = world.groups.find(chatId);
  if (group === undefined) return { id: chatId, type: 'private', first_name: world.people.person(chatId).first_name };
  return {
    id: chatId,
    type: 'supergroup',
    title: group.title,
    ...(group.topics === undefined ? {} : { is_forum: true }),
  };
}
