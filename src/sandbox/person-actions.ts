/** What people do in the chats: they write, and they press buttons. */
import type { BotWorld } from './bot-world.ts';
import { answerMessage } from './bot-world.ts';
import type { PressAnswer } from './callback-queries.ts';
import type { StoredFile, StoredMessage } from './chat-history.ts';
import { maxTextLength } from './formatted-text.ts';
import type { InlineButton } from './inline-keyboard.ts';
import type { MessageEntity } from './message-entity.ts';
import type { UploadedFile } from './uploaded-file.ts';
import { messageLifetimeMs, pressLifetimeMs } from './update-queue.ts';

/** Where somebody writes: in a group, or a topic of it; without it where he is alone with the bot. */
export interface Spot {
  readonly chatId: number;
  readonly topicId?: number;
}

/** The acts of people. */
export interface PersonActions {
  /** Writes to the bot, in as many messages as the length needs; returns the last of them. */
  say(text: string, from: number, replyTo: number | undefined, at?: Spot): StoredMessage;
  /** Sends the bot a file, as a document. */
  sendFile(file: UploadedFile, from: number, replyTo: number | undefined, caption: string, at?: Spot): StoredMessage;
  /** Presses a button of a message; `data` is what is sent, which a forger may choose. */
  press(message: StoredMessage, data: string, from: number): Promise<PressAnswer>;
  /** Blocks or unblocks the bot. */
  setBlocked(from: number, blocked: boolean): void;
}

/** Creates the acts of people in this world. */
export function createPersonActions(world: BotWorld): PersonActions {
  const { people, history, updates, queries } = world;

  function sayOne(text: string, from: number, replyTo: number | undefined, at: Spot, file?: StoredFile): StoredMessage {
    const message = history.add({
      ...at,
      author: people.person(from),
      date: world.now(),
      content: { text, entities: findCommands(text) },
      keyboard: [],
      file,
      silent: false,
      replyTo,
    });
    updates.add('message', answerMessage(world, message), messageLifetimeMs);
    return message;
  }

  /** Opens the chat, and looks whether there is what shall be replied to. */
  function open(from: number, replyTo: number | undefined, at: Spot): void {
    if (at.chatId === from) people.openChat(from);
    else if (world.groups.find(at.chatId) === undefined) throw new Error(`there is no group ${at.chatId}`);
    if (replyTo !== undefined && history.find(at.chatId, replyTo) === undefined) {
      throw new Error(`there is no message ${replyTo} to reply to in the chat ${at.chatId}`);
    }
  }

  return {
    sendFile(file, from, replyTo, caption, at = { chatId: from }) {
      open(from, replyTo, at);
      return sayOne(caption, from, replyTo, at, history.storeFile(file));
    },
    say(text, from, replyTo, at = { chatId: from }) {
      open(from, replyTo, at);
      const [first, ...rest] = splitLongText(text.trim());
      if (first === undefined) throw new Error('a message needs a text');
      return rest.reduce((_, part) => sayOne(part, from, undefined, at), sayOne(first, from, replyTo, at));
    },
    press(message, data, from) {
      const { id, answer } = queries.open(message.id, from);
      const query = {
        id,
        from: people.person(from),
        message: answerMessage(world, message),
        chat_instance: `-${message.chatId}`,
        data,
      };
      updates.add('callback_query', query, pressLifetimeMs);
      return answer;
    },
    setBlocked(from, blocked) {
      const wasBlocked = people.isBlocked(from);
      people.setBlocked(from, blocked);
      if (wasBlocked === blocked) return;
      const member = (isBlocked: boolean) =>
        isBlocked ? { user: people.bot, status: 'kicked', until_date: 0 } : { user: people.bot, status: 'member' };
      const { first_name: firstName } = people.person(from);
      const change = {
        chat: { id: from, type: 'private', first_name: firstName },
        from: people.person(from),
        date: Math.floor(world.now() / 1_000),
        old_chat_member: member(wasBlocked),
        new_chat_member: member(blocked),
      };
      updates.add('my_chat_member', change, messageLifetimeMs);
    },
  };
}

/** The button that a person means: the one with exactly this label, or else the only one that contains it. */
export function findButton(message: StoredMessage, label: string): InlineButton | undefined {
  const buttons = message.keyboard.flat();
  const exact = buttons.find((button) => button.text === label);
  const containing = buttons.filter((button) => button.text.includes(label));
  return exact ?? (containing.length === 1 ? containing[0] : undefined);
}

/** Telegram's clients mark commands; the rest of what they mark is of no use to a bot. */
function findCommands(text: string): MessageEntity[] {
  const found = text.matchAll(/(?<=^|\s)\/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?=$|[^\w@/])/g);
  return [...found].map((match) => ({ type: 'bot_command', offset: match.index, length: match[0].length }));
}

/** Clients send a text beyond the limit as several messages; a pair of surrogates stays together. */
function splitLongText(text: string): string[] {
  const parts: string[] = [];
  let rest = text;
  while (rest.length > maxTextLength) {
    const cut = rest.slice(0, maxTextLength).isWellFormed() ? maxTextLength : maxTextLength - 1;
    parts.push(rest.slice(0, cut));
    rest = rest.slice(cut);
  }
  return rest === '' ? parts : [...parts, rest];
}
