import {
  type ConversationFlavor,
  conversations,
  createConversation,
  type VersionedState,
} from '@grammyjs/conversations';
import { Bot, BotError, type Context } from 'grammy';
import type { Update } from 'grammy/types';
import type { Command } from '../../commands/command.ts';
import { type Asked, askedBy, type DialogueRooms } from '../../conversations/dialogue.ts';
import { createEditDraft } from '../../conversations/edit-draft.ts';
import { createRejectReason } from '../../conversations/reject-reason.ts';
import { createWantVersion } from '../../conversations/want-version.ts';
import type { Storage } from '../../storage/storage.ts';
import type { LoginDesk } from '../credentials/login-desk.ts';
import type { Desk } from '../drafts/desk.ts';
import { personKey } from '../drafts/who.ts';
import type { Reviews } from '../drafts/review.ts';
import type { Clock } from '../ports.ts';
import type { Questions } from '../questions/questions.ts';
import { readReviewedDraft } from './cards/review-card.ts';
import { type Confirmations, STALE_MS } from './confirmations.ts';
import { withCommand } from './leading-command.ts';
import { staleQuestion, withAge } from './stale-commands.ts';
import type { Access } from './access.ts';
import type { FleetMenu } from './fleet-menu.ts';
import { createDraftTalk } from './draft-talk.ts';
import type { TextFiles } from './text-files.ts';
import type { Content, Outbox } from './outbox.ts';
import type { Me } from './me.ts';
import { askName, type FollowUp, type ListWanted, type PressedButton, readAskKey, readDraftKey } from './press.ts';
import { pressedIn } from './pressed-message.ts';
import type { Places } from './places.ts';
import { mayDo, refusalWords, type Role, roleOfActor } from '../people.ts';
import { roleForCommand } from './rights.ts';
import { createRowTransformer } from './row-transformer.ts';

type BotContext = ConversationFlavor<Context>;

/** A bump of this drops half-finished dialogues: the code that they would resume in has changed (facts: conversations 2.1). */
const DIALOGUE_VERSION = 1;
/** The dialogue in which each question is answered. */
const DIALOGUES = { edit: 'edit-draft', reason: 'reject-reason', revise: 'want-version' } as const;

/** What the bot is made of. */
export interface BotOptions {
  readonly me: Me;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly access: Pick<Access, 'roleOf'>;
  /** Besides private chats the only places where commands are answered. */
  readonly places: Pick<Places, 'isOurs' | 'follow'>;
  /** Somebody of that role said or pressed something in his private chat. */
  readonly onMet?: (userId: number, role: Role, updateId: number) => void;
  readonly commands: { readonly listed: readonly Command[] };
  readonly confirmations: Confirmations;
  readonly desk: Desk;
  readonly reviews: Pick<Reviews, 'isReview'>;
  readonly questions: Questions;
  readonly logins: Pick<LoginDesk, 'cancelIn'>;
  readonly textFiles: Pick<TextFiles, 'take'>;
  readonly press: (pressed: PressedButton) => FollowUp | ListWanted;
  /** The list of agents: whoever is known may look around in it. */
  readonly fleetMenu: FleetMenu;
}

/**
 * Builds the grammY bot over the inbox: it turns updates into calls of rooms. Handlers never call the Bot API: whatever they say is a row
 * of the outbox, with a key made from the update, so that an update that is handled twice is answered once.
 */
export function createBot(options: BotOptions): (update: Update, awayMs: number) => Promise<void> {
  const { storage, clock, outbox } = options;
  // The token is never used: every call through grammY becomes a row.
  const bot = new Bot<BotContext>('0:unused', { botInfo: options.me });

  /** How long nobody had asked Telegram when a press came: a press does not say when it was made. */
  const away = new WeakMap<object, number>();

  function say(asked: Asked, content: Content): void {
    const { chatId, topicId = null } = asked;
    const where = chatId === undefined ? {} : { chatId, topicId };
    storage.transaction(() => outbox.send({ key: replyKey(asked), class: 'reply', content, ...where }));
  }

  function sayText(to: Asked, text: string): void {
    say(to, { kind: 'text', body: { text, entities: [] } });
  }

  const talk = createDraftTalk({ ...options, say });
  const actorOf = (userId: number): string => `${options.access.roleOf(userId) ?? 'stranger'}:${userId}`;
  const dialogueRooms: DialogueRooms = {
    ...talk,
    actorOf,
    mayDecide: (userId) => mayDo(options.access.roleOf(userId), 'approver'),
    isForElse(chatId, messageId, question) {
      const key = storage.outbox.byMessage(chatId, messageId)?.key ?? '';
      const asked = readAskKey(key);
      if (asked !== undefined) return askName(asked) !== askName(question);
      return (
        readDraftKey(key) !== undefined ||
        questionOfMessage(chatId, messageId) !== undefined ||
        options.reviews.isReview(chatId, messageId)
      );
    },
  };

  // 1. Only those whom fleet.yaml names, on messages and on buttons alike.
  bot.use(async (ctx, next) => {
    const role = ctx.from === undefined || ctx.from.is_bot ? undefined : options.access.roleOf(ctx.from.id);
    if (ctx.from === undefined || role === undefined) return;
    // What the fleet does is nobody's business in another group, whoever asks there.
    if (ctx.chat === undefined || (ctx.chat.type !== 'private' && !options.places.isOurs(ctx.chat.id))) return;
    learnName(actorOf(ctx.from.id), ctx.from.first_name);
    if (ctx.chat.type === 'private') options.onMet?.(ctx.from.id, role, ctx.update.update_id);
    ctx.api.config.use(createRowTransformer(ctx, options));
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

  bot.use(createConversation(createWantVersion(dialogueRooms), { id: 'want-version', parallel: true }));

  // 3. Buttons: those of the menu, then those that are signed.
  bot.use(options.fleetMenu.menu);
  bot.on('callback_query', async (ctx) => {
    const { updateId, message } = pressedIn(ctx);
    const followUp = options.press({
      updateId,
      callbackQueryId: ctx.callbackQuery.id,
      data: ctx.callbackQuery.data ?? '',
      actor: actorOf(ctx.from.id),
      awayMs: away.get(ctx.callbackQuery) ?? 0,
      message,
    });
    if (followUp === undefined) return;
    if (followUp.kind === 'list') return await options.fleetMenu.show(ctx, followUp.page);
    const { chatId = 0, topicId = null } = message ?? {};
    const askedAt = message === undefined ? undefined : { topicId, chatId: options.places.follow(chatId) };
    // One question at a time: the owner's next message answers the last one asked.
    for (const dialogue of Object.values(DIALOGUES)) await ctx.conversation.exit(dialogue);
    await ctx.conversation.enter(DIALOGUES[followUp.kind], followUp.draftId, followUp.revision, askedAt);
  });

  // 4. Commands.
  bot.command('cancel', async (ctx) => {
    const waited = Object.values(ctx.conversation.active()).some((count) => count > 0);
    await ctx.conversation.exitAll();
    const asked = askedBy(ctx, dialogueRooms);
    const isOwner = mayDo(roleOfActor(asked.actor), 'owner');
    const isCancelled = isOwner && ctx.chat !== undefined && options.logins.cancelIn(ctx.chat.id);
    sayText(asked, waited || isCancelled ? 'Cancelled.' : 'There is nothing to cancel.');
  });
  for (const command of options.commands.listed) {
    bot.command(command.name, (ctx) => {
      const now = clock.now();
      const asked = askedBy(ctx, dialogueRooms);
      const saidAt = (ctx.message?.date ?? 0) * 1_000;
      const argument = ctx.match.trim();
      const least = roleForCommand(command.name, argument);
      if (!mayDo(roleOfActor(asked.actor), least)) return sayText(asked, refusalWords(least));
      const harm = now - saidAt < STALE_MS ? undefined : command.asksAgain?.(argument);
      if (harm !== undefined)
        return say(asked, askAgain({ command: command.name, argument, harm, saidAt, now }, asked));
      if (command.opensMenu?.(argument) === true) return options.fleetMenu.open(ctx, now - saidAt);
      const { actor, chatId, topicId } = asked;
      // What it does and what it says are one: a crash in between would do it without a word.
      storage.transaction(() => {
        const content = command.run({ argument, actor, now, chatId, topicId, replyKey: replyKey(asked) });
        say(asked, withAge(content, now - saidAt));
      });
    });
  }

  // 5. A reply to a card is about its draft or its question; everything else is not understood.
  bot.on('message:text', (ctx) => {
    const { message } = ctx;
    const asked = askedBy(ctx, dialogueRooms);
    const replied = message.reply_to_message?.message_id;
    const questionId = replied === undefined ? undefined : questionOfMessage(message.chat.id, replied);
    if (questionId !== undefined) {
      const { said } = options.questions.answer(questionId, { kind: 'text', text: message.text }, asked.actor);
      return sayText(asked, said);
    }
    // A review has moved on since: what its message showed to whoever replied is in the reply itself.
    const reviewed =
      replied !== undefined && options.reviews.isReview(message.chat.id, replied)
        ? readReviewedDraft(message.reply_to_message?.text ?? '')
        : undefined;
    if (reviewed !== undefined) {
      if (!dialogueRooms.mayDecide(message.from.id)) return sayText(asked, refusalWords('approver'));
      const { draftId, revision } = reviewed;
      return storage.drafts.get(draftId)?.state === 'rejected'
        ? dialogueRooms.giveReason(draftId, message.text, asked)
        : dialogueRooms.editDraft(draftId, revision, message.text, asked);
    }
    const key = replied === undefined ? undefined : storage.outbox.byMessage(message.chat.id, replied)?.key;
    if (key !== undefined && isAboutDraft(key) && !dialogueRooms.mayDecide(message.from.id))
      return sayText(asked, refusalWords('approver'));
    if (key !== undefined && talk.takeReply(key, message.text, asked)) return;
    if (!message.text.startsWith('/') && talk.takeSecond(message.text, asked)) return;
    // In a group people also talk to each other.
    if (ctx.chat.type !== 'private') return;
    sayText(
      asked,
      message.text.startsWith('/')
        ? 'I do not know that command. What I can do: /help'
        : `I was not waiting for a message, so I did nothing with it. ${hintOfQuestion()}What I can do: /help`,
    );
  });
  bot.on('message:document', async (ctx, next) => {
    const { message } = ctx;
    const { file_id: fileId, file_size: sizeBytes } = message.document;
    const replied = message.reply_to_message?.message_id;
    const key = replied === undefined ? undefined : storage.outbox.byMessage(message.chat.id, replied)?.key;
    const asked = askedBy(ctx, dialogueRooms);
    if (key !== undefined && isAboutDraft(key) && !dialogueRooms.mayDecide(message.from.id))
      return sayText(asked, refusalWords('approver'));
    if (key === undefined || !options.textFiles.take(key, { fileId, sizeBytes }, asked)) await next();
  });
  bot.on('message', (ctx) => {
    if (ctx.chat.type === 'private') sayText(askedBy(ctx, dialogueRooms), 'I can only read text. What I can do: /help');
  });

  /** What waited through an outage and would end, start or mute something is not done: the fleet is another one by now. */
  function askAgain(
    waited: { command: string; argument: string; harm: string; saidAt: number; now: number },
    asked: Asked,
  ): Content {
    const { harm, ...wanted } = waited;
    const words = staleQuestion(waited, harm, waited.now - waited.saidAt);
    return options.confirmations.ask({ ...wanted, actor: asked.actor, messageKey: replyKey(asked) }, words);
  }

  /** Keeps what Telegram calls somebody: the others are told who was first by that name. */
  function learnName(actor: string, name: string): void {
    if (storage.settings.get(personKey(actor)) !== name)
      storage.transaction(() => storage.settings.set(personKey(actor), name));
  }

  /** Whoever types an answer without replying to the question is told how: it may be meant for something else. */
  function hintOfQuestion(): string {
    const open = storage.runs.alive().flatMap((run) => storage.questions.openOf(run.id));
    const question = open.find(({ kind }) => kind === 'ask');
    return question === undefined ? '' : `To answer ${question.agent}, reply to its question with it. `;
  }

  function isAboutDraft(key: string): boolean {
    return readDraftKey(key) !== undefined || readAskKey(key) !== undefined;
  }

  function questionOfMessage(chatId: number, messageId: number): number | undefined {
    const match = /^question:(\d+)$/.exec(storage.outbox.byMessage(chatId, messageId)?.key ?? '');
    return match === null ? undefined : Number(match[1]);
  }

  return async (update, awayMs) => {
    if (update.callback_query !== undefined) away.set(update.callback_query, awayMs);
    try {
      await bot.handleUpdate(withCommand(update));
    } catch (error) {
      // grammY's wrapper holds the whole update, and hides whether the disk was full.
      throw error instanceof BotError ? error.error : error;
    }
  };
}

/** Key of what answers an update. */
function replyKey({ updateId }: Asked): string {
  return `reply:${updateId}`;
}
