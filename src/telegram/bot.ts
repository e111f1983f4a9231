import {
  type ConversationFlavor,
  conversations,
  createConversation,
  type VersionedState,
} from '@grammyjs/conversations';
import { Bot, BotError, type Context } from 'grammy';
import type { MessageEntity, Update } from 'grammy/types';
import type { Command } from '../../commands/command.ts';
import { type Asked, askedBy, type DialogueRooms } from '../../conversations/dialogue.ts';
import { createEditDraft } from '../../conversations/edit-draft.ts';
import { createRejectReason } from '../../conversations/reject-reason.ts';
import type { Storage } from '../../storage/storage.ts';
import type { LoginDesk } from '../credentials/login-desk.ts';
import type { Desk } from '../drafts/desk.ts';
import type { Clock } from '../ports.ts';
import type { Questions } from '../questions/questions.ts';
import { duration, LONGEST_CAPTION, LONGEST_TEXT, richText, shorten } from './cards/words.ts';
import type { FleetMenu } from './fleet-menu.ts';
import type { Content, Outbox } from './outbox.ts';
import type { Me } from './me.ts';
import type { FollowUp, PressedButton } from './presses.ts';
import { createRowTransformer } from './row-transformer.ts';

type BotContext = ConversationFlavor<Context>;

/** A bump of this drops half-finished dialogues: the code that they would resume in has changed (facts: conversations 2.1). */
const DIALOGUE_VERSION = 1;
/** A command that waited longer than this shows its age. */
const STALE_MS = 10 * 60_000;

/** What the bot is made of. */
export interface BotOptions {
  readonly me: Me;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly isOwner: (userId: number) => boolean;
  /** The fleet's chat: besides private ones the only place where commands are answered. */
  readonly chatId: number;
  readonly commands: { readonly listed: readonly Command[]; readonly toCome: readonly Command[] };
  readonly desk: Desk;
  readonly questions: Questions;
  readonly fleetMenu: FleetMenu;
  readonly logins: Pick<LoginDesk, 'cancelIn'>;
  readonly press: (pressed: PressedButton) => FollowUp;
}

/**
 * Builds the grammY bot over the inbox: it turns updates into calls of rooms. Handlers never call the Bot API: whatever they say is a row
 * of the outbox, with a key made from the update, so that an update that is handled twice is answered once.
 */
export function createBot(options: BotOptions): (update: Update, receivedAt: number) => Promise<void> {
  const { storage, clock, outbox, desk } = options;
  // The token is never used: every call through grammY becomes a row.
  const bot = new Bot<BotContext>('0:unused', { botInfo: options.me });

  function say({ updateId, chatId }: Asked, content: Content): void {
    storage.transaction(() =>
      outbox.send({ key: `reply:${updateId}`, class: 'reply', content, ...(chatId === undefined ? {} : { chatId }) }),
    );
  }

  function sayText(to: Asked, text: string): void {
    say(to, { kind: 'text', body: { text, entities: [] } });
  }

  const dialogueRooms: DialogueRooms = {
    editDraft(draftId, revision, text, from) {
      // Telegram cuts a longer text into several messages, and nothing says that the first one goes on.
      if (text.length >= LONGEST_TEXT) {
        return sayText(
          from,
          `Draft #${draftId} stays as it is: Telegram cuts texts at ${LONGEST_TEXT} characters, so yours may not be whole. Reply to the card with a shorter one.`,
        );
      }
      const result = desk.edit(draftId, revision, text, from.actor);
      if (result.kind === 'late') sayText(from, `Draft #${draftId} stays as it is. ${result.said}`);
    },
    giveReason(draftId, reason, from) {
      if (desk.giveReason(draftId, reason, from.actor))
        sayText(from, `Noted: the agent will read why #${draftId} was rejected.`);
    },
    isCard: (chatId, messageId) =>
      draftOfMessage(chatId, messageId) !== undefined || questionOfMessage(chatId, messageId) !== undefined,
  };

  // 1. Only owners, on messages and on buttons alike.
  bot.use(async (ctx, next) => {
    if (ctx.from === undefined || ctx.from.is_bot || !options.isOwner(ctx.from.id)) return;
    // What the fleet does is nobody's business in another group, whoever asks there.
    if (ctx.chat?.type !== 'private' && ctx.chat?.id !== options.chatId) return;
    ctx.api.config.use(createRowTransformer(ctx, { storage, outbox }));
    await next();
  });

  // 2. Commands that end or need no dialogue come before the dialogues, so that none of them is taken for an answer.
  bot.use(
    conversations({
      storage: {
        type: 'key',
        version: DIALOGUE_VERSION,
        getStorageKey: (ctx) => String(ctx.from?.id ?? 'nobody'),
        adapter: {
          read(key) {
            const value = storage.conversations.read(key);
            return value === undefined ? undefined : (JSON.parse(value) as VersionedState<never>);
          },
          write: (key, value) =>
            storage.transaction(() => storage.conversations.write(key, JSON.stringify(value), clock.now())),
          delete: (key) => storage.transaction(() => storage.conversations.delete(key)),
        },
      },
    }),
  );
  // Parallel: otherwise a dialogue swallows the presses that are meant for others (facts: conversations 2.1).
  bot.use(createConversation(createEditDraft(dialogueRooms), { id: 'edit-draft', parallel: true }));
  bot.use(createConversation(createRejectReason(dialogueRooms), { id: 'reject-reason', parallel: true }));

  // 3. Buttons: of the menu, then of the cards.
  bot.use(options.fleetMenu.menu);
  bot.on('callback_query', async (ctx) => {
    const { message } = ctx.callbackQuery;
    const followUp = options.press({
      updateId: ctx.update.update_id,
      callbackQueryId: ctx.callbackQuery.id,
      data: ctx.callbackQuery.data ?? '',
      actor: `owner:${ctx.from.id}`,
      message: message === undefined ? undefined : { chatId: message.chat.id, messageId: message.message_id },
    });
    if (followUp === undefined) return;
    // One question at a time: the owner's next message answers the last one asked.
    await ctx.conversation.exit('edit-draft');
    await ctx.conversation.exit('reject-reason');
    await ctx.conversation.enter(
      followUp.kind === 'edit' ? 'edit-draft' : 'reject-reason',
      followUp.draftId,
      followUp.revision,
    );
  });

  // 4. Commands.
  bot.command('cancel', async (ctx) => {
    const waited = Object.values(ctx.conversation.active()).some((count) => count > 0);
    await ctx.conversation.exitAll();
    const isCancelled = ctx.chat !== undefined && options.logins.cancelIn(ctx.chat.id);
    sayText(askedBy(ctx), waited || isCancelled ? 'Cancelled.' : 'There is nothing to cancel.');
  });
  bot.command('fleet', async (ctx) => {
    const { text, entities } = richText(options.fleetMenu.renderList());
    await ctx.reply(text, {
      entities: [...entities] as unknown as MessageEntity[],
      reply_markup: options.fleetMenu.menu,
    });
  });
  for (const command of [...options.commands.listed, ...options.commands.toCome]) {
    bot.command(command.name, (ctx) => {
      const now = clock.now();
      const asked = askedBy(ctx);
      const content = command.run({ argument: ctx.match.trim(), actor: asked.actor, now, chatId: asked.chatId });
      say(asked, withAge(content, now - (ctx.message?.date ?? 0) * 1_000));
    });
  }

  // 5. A reply to a card is about its draft or its question; everything else is not understood.
  bot.on('message:text', (ctx) => {
    const { message } = ctx;
    const asked = askedBy(ctx);
    const replied = message.reply_to_message?.message_id;
    const questionId = replied === undefined ? undefined : questionOfMessage(message.chat.id, replied);
    if (questionId !== undefined) {
      const { said } = options.questions.answer(questionId, { kind: 'text', text: message.text }, asked.actor);
      return sayText(asked, said);
    }
    const draftId = replied === undefined ? undefined : draftOfMessage(message.chat.id, replied);
    const draft = draftId === undefined ? undefined : storage.drafts.get(draftId);
    if (draft?.state === 'pending') return dialogueRooms.editDraft(draft.id, draft.revision, message.text, asked);
    if (draft?.state === 'rejected') return dialogueRooms.giveReason(draft.id, message.text, asked);
    // In a group people also talk to each other.
    if (ctx.chat.type !== 'private') return;
    sayText(
      asked,
      message.text.startsWith('/')
        ? 'I do not know that command. What I can do: /help'
        : `I was not waiting for a message, so I did nothing with it. ${hintOfQuestion()}What I can do: /help`,
    );
  });
  bot.on('message', (ctx) => {
    if (ctx.chat.type === 'private') sayText(askedBy(ctx), 'I can only read text. What I can do: /help');
  });

  /** Whoever types an answer without replying to the question is told how: it may be meant for something else. */
  function hintOfQuestion(): string {
    const open = storage.runs.alive().flatMap((run) => storage.questions.openOf(run.id));
    const question = open.find(({ kind }) => kind === 'ask');
    return question === undefined ? '' : `To answer ${question.agent}, reply to its question with it. `;
  }

  function draftOfMessage(chatId: number, messageId: number): number | undefined {
    return idInKey(/^draft:(\d+):/, chatId, messageId);
  }

  function questionOfMessage(chatId: number, messageId: number): number | undefined {
    return idInKey(/^question:(\d+)$/, chatId, messageId);
  }

  function idInKey(form: RegExp, chatId: number, messageId: number): number | undefined {
    const key = storage.outbox.byMessage(chatId, messageId)?.key;
    const match = key === undefined ? null : form.exec(key);
    return match === null ? undefined : Number(match[1]);
  }

  return async (update) => {
    try {
      await bot.handleUpdate(withCommand(update));
    } catch (error) {
      // grammY's wrapper holds the whole update, and hides whether the disk was full.
      throw error instanceof BotError ? error.error : error;
    }
  };
}

/** Marks a leading command as one, in small letters: clients do so, other senders of updates may not. */
function withCommand(update: Update): Update {
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

/** A reply to a command that waited through an outage says how old the command was. */
function withAge(content: Content, ageMs: number): Content {
  if (ageMs < STALE_MS || (content.kind !== 'text' && content.kind !== 'document')) return content;
  const { text, entities } = content.body;
  const note = `\n\n🕰 You asked this ${duration(ageMs)} ago.`;
  const longest = (content.kind === 'text' ? LONGEST_TEXT : LONGEST_CAPTION) - note.length;
  if (text.length <= longest) return { ...content, body: { text: `${text}${note}`, entities } };
  return { ...content, body: { text: `${shorten(text, longest)}${note}`, entities: [] } };
}
