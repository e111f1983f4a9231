/**
 * The sandbox: a local server of Telegram's Bot API with a phone page, for the demo and for tests.
 *
 * It listens on 127.0.0.1 only, holds everything in memory, and knows one bot, its owner, and whatever strangers write.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createBotCommands } from './bot-commands.ts';
import { createBotEndpoint } from './bot-endpoint.ts';
import type { ReadCall } from './bot-endpoint.ts';
import type { BotWorld } from './bot-world.ts';
import { createCallLog } from './call-log.ts';
import type { RecordedCall } from './call-log.ts';
import { createCallbackQueries } from './callback-queries.ts';
import type { PressAnswer } from './callback-queries.ts';
import { createChatHistory, type StoredMessage } from './chat-history.ts';
import { createEventStreams, type View } from './event-streams.ts';
import { createFaults } from './faults.ts';
import type { Fault } from './faults.ts';
import { createGroups, type GroupOptions, type Groups } from './groups.ts';
import { createFloodControl } from './flood-control.ts';
import { createOtherMethods } from './other-methods.ts';
import { createPeople } from './people.ts';
import type { TelegramUser } from './people.ts';
import { createPersonActions, findButton, type Spot } from './person-actions.ts';
import { createPhoneEndpoint, eventStreamHeaders } from './phone-endpoint.ts';
import { renderChatMessage } from './rendered-message.ts';
import type { ChatMessage } from './rendered-message.ts';
import { createSendMethods } from './send-methods.ts';
import { loadSpecification } from './specification.ts';
import { createUpdateQueue } from './update-queue.ts';
import { createValidator } from './validation.ts';
import { waitFor } from './waiting.ts';

/** How a sandbox is set up. */
export interface SandboxOptions {
  /** The only token that is accepted; the bot's id is the number before the colon. */
  readonly token: string;
  readonly owner: { readonly id: number; readonly firstName: string };
  /** 0, the default, is any free one. */
  readonly port?: number;
  /** Epoch milliseconds; decides about expiry and dates, not about how long a poll waits. */
  readonly now?: () => number;
  /** Groups that the bot is in; people write and press there as well. */
  readonly groups?: readonly GroupOptions[];
  /** Names of other people; whoever is not listed gets a name made of his id. */
  readonly strangers?: readonly { readonly id: number; readonly firstName: string }[];
  readonly bot?: { readonly firstName: string; readonly username: string };
  /** Answers 429 when one chat gets more messages a second; off by default. */
  readonly perChatPerSecond?: number;
}

/** A running sandbox. */
export interface Sandbox {
  readonly apiRoot: string;
  readonly phoneUrl: string;
  /** Requests other than getUpdates, oldest first, the last 5000. */
  readonly calls: readonly RecordedCall[];
  /** How many getUpdates were answered with updates, or with none. */
  readonly pollCount: number;
  /** Updates that the bot has not confirmed yet. */
  readonly pendingUpdates: number;
  /** The groups, and what can happen to them. */
  readonly groups: Groups;
  /** Sets or ends a fault; `down` and `hang` also meet a poll that is waiting now. */
  setFault(fault: Fault | undefined): void;
  /** What a person sees in this chat, by default the owner's, oldest first. */
  messages(chatId?: number): readonly ChatMessage[];
  /** Writes to the bot, as the owner unless told otherwise; returns the message's id. */
  userSays(text: string, options?: { readonly from?: number; readonly replyTo?: number; readonly at?: Spot }): number;
  /** Sends the bot a file, as the owner unless told otherwise; returns the message's id. */
  userSendsFile(
    file: { readonly name: string; readonly content: string | Uint8Array },
    options?: { readonly from?: number; readonly replyTo?: number; readonly caption?: string; readonly at?: Spot },
  ): number;
  /**
   * Presses the button with this label; resolves when the bot has answered, or 150 s of `now` have passed. Rejects when there
   * is no such button. `data` forges what is sent instead of the button's own data.
   */
  userPresses(
    messageId: number,
    buttonText: string,
    options?: { readonly from?: number; readonly data?: string },
  ): Promise<PressAnswer>;
  /** The bot gets a 403 from this person's chat from now on. */
  userBlocks(blocked: boolean, from?: number): void;
  /** Called whenever a request was read in full, getUpdates too; returns how to stop it. */
  onCall(listener: (call: ReadCall) => void): () => void;
  /** The first message, in any chat, for which this is true, now or within `timeoutMs` (default 5 s of real time). */
  waitForMessage(predicate: (message: ChatMessage) => boolean, timeoutMs?: number): Promise<ChatMessage>;
  /** The first finished call for which this is true, now or within `timeoutMs` (default 5 s of real time). */
  waitForCall(predicate: (call: RecordedCall) => boolean, timeoutMs?: number): Promise<RecordedCall>;
  close(): Promise<void>;
}

const defaultWaitMs = 5_000;

/** Starts a sandbox; resolves when it listens. */
export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  const now = options.now ?? Date.now;
  const botId = Number(options.token.split(':')[0]);
  if (!/^\d+:[\w-]+$/.test(options.token)) throw new Error('a token looks like 123456:TEST-abc');
  const { firstName, username } = options.bot ?? { firstName: 'Nightdesk', username: 'nightdesk_sandbox_bot' };
  const bot: TelegramUser = { id: botId, is_bot: true, first_name: firstName, username };
  const owner = toUser(options.owner);
  const others = (options.strangers ?? []).map(toUser);

  const world: BotWorld = {
    groups: createGroups(options.groups ?? []),
    people: createPeople(bot, owner, others),
    history: createChatHistory(),
    updates: createUpdateQueue(now),
    queries: createCallbackQueries(now),
    commands: createBotCommands(),
    flood: createFloodControl(options.perChatPerSecond, now),
    now,
  };
  const actions = createPersonActions(world);
  const faults = createFaults();
  const log = createCallLog();
  const streams = createEventStreams();
  const readListeners = new Set<(call: ReadCall) => void>();
  let pollCount = 0;

  const botEndpoint = createBotEndpoint({
    token: options.token,
    world,
    methods: { ...createSendMethods(world), ...createOtherMethods(world) },
    validator: createValidator(loadSpecification()),
    faults,
    log,
    onRead(call) {
      for (const listener of readListeners) listener(call);
    },
    onPollCompleted() {
      pollCount += 1;
    },
  });
  const phoneEndpoint = createPhoneEndpoint(() => port, {
    send(text, replyTo, { as, chatId, topicId }) {
      if (replyTo !== undefined && world.history.find(chatId, replyTo) === undefined) return undefined;
      return actions.say(text, as, replyTo, topicId === undefined ? { chatId } : { chatId, topicId }).id;
    },
    press(messageId, row, column, { as, chatId }) {
      const message = world.history.find(chatId, messageId);
      const data = message?.keyboard[row]?.[column]?.callback_data;
      if (message === undefined || data === undefined) return undefined;
      void actions.press(message, data, as); // never rejects; the page hears of its end by an event
      return true;
    },
    file: (fileId) => world.history.findFile((file) => file.fileId === fileId),
    join: (response, view) => streams.open(response, eventStreamHeaders, 'snapshot', snapshot(view), view),
    view(as = owner.id, chatId = as, topicId) {
      const group = world.groups.find(chatId);
      const isThere = group === undefined ? chatId === as : true;
      const hasTopic = topicId === undefined || group?.topics?.some(({ id }) => id === topicId) === true;
      return [owner, ...others].some(({ id }) => id === as) && isThere && hasTopic
        ? { as, chatId, topicId }
        : undefined;
    },
  });

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://sandbox');
    if (botEndpoint.handle(request, response, url) || phoneEndpoint.handle(request, response, url)) return;
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end('{"ok":false,"error_code":404,"description":"Not Found"}');
  });
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(options.port ?? 0, '127.0.0.1', listening.resolve);
  await listening.promise;
  const { port } = server.address() as AddressInfo;

  function snapshot(view: View) {
    return {
      bot: { name: bot.first_name, username: bot.username },
      owner: { id: owner.id, first_name: owner.first_name },
      view: { as: view.as, chat: view.chatId, topic: view.topicId ?? null },
      people: [owner, ...others].map(({ id, first_name: name }) => ({ id, name })),
      groups: world.groups.list(),
      commands: world.commands.shownIn(view.chatId),
      messages: world.history.list(view.chatId).filter(isIn(view)).map(renderChatMessage),
    };
  }

  /** A topic shows its own messages, a group that is open as a whole those of all. */
  function isIn({ topicId }: View): (message: StoredMessage) => boolean {
    return (message) => topicId === undefined || message.topicId === topicId;
  }

  function messages(chatId = owner.id): readonly ChatMessage[] {
    return world.history.list(chatId).map(renderChatMessage);
  }

  world.history.onEvent((event) => {
    if (event.kind === 'delete')
      return streams.send(
        'delete',
        () => ({ id: event.id }),
        ({ chatId }) => chatId === event.chatId,
      );
    const { message } = event;
    streams.send(
      event.kind,
      () => renderChatMessage(message),
      (view) => view.chatId === message.chatId && isIn(view)(message),
    );
  });
  world.commands.onChange(() =>
    streams.send(
      'commands',
      ({ chatId }) => world.commands.shownIn(chatId),
      () => true,
    ),
  );
  world.queries.onEnd(({ messageId, from, answer }) => {
    const { text = null, showAlert = false, answered } = answer;
    const shown = { message_id: messageId, text, show_alert: showAlert, expired: !answered };
    streams.send(
      'answer',
      () => shown,
      ({ as }) => as === from,
    );
  });

  return {
    apiRoot: `http://127.0.0.1:${port}`,
    phoneUrl: `http://127.0.0.1:${port}/phone`,
    calls: log.calls,
    get pollCount() {
      return pollCount;
    },
    get pendingUpdates() {
      return world.updates.size();
    },
    setFault(fault) {
      faults.set(fault);
      const kind = faults.peek('getUpdates')?.kind;
      if (kind === 'down' || kind === 'hang') world.updates.interrupt();
    },
    groups: world.groups,
    messages,
    userSays: (text, { from = owner.id, replyTo, at } = {}) => actions.say(text, from, replyTo, at).id,
    userSendsFile: ({ name, content }, { from = owner.id, replyTo, caption = '', at } = {}) =>
      actions.sendFile({ uploadedName: name, content: Buffer.from(content) }, from, replyTo, caption, at).id,
    async userPresses(messageId, buttonText, { from = owner.id, data } = {}) {
      const message = world.history.get(messageId);
      const button = message && findButton(message, buttonText);
      const sent = data ?? button?.callback_data;
      if (message === undefined || sent === undefined) {
        const offered =
          message?.keyboard
            .flat()
            .map((one) => one.text)
            .join(', ') ?? 'no such message';
        throw new Error(`message ${messageId} has no button "${buttonText}" to press (${offered})`);
      }
      return actions.press(message, sent, from);
    },
    userBlocks: (blocked, from = owner.id) => actions.setBlocked(from, blocked),
    onCall(listener) {
      readListeners.add(listener);
      return () => readListeners.delete(listener);
    },
    waitForMessage: (predicate, timeoutMs = defaultWaitMs) =>
      waitFor(
        () => world.history.all().map(renderChatMessage).find(predicate),
        world.history.onEvent,
        timeoutMs,
        () => `no such message within ${timeoutMs} ms; the last ones are ${JSON.stringify(messages().slice(-5))}`,
      ),
    waitForCall: (predicate, timeoutMs = defaultWaitMs) =>
      waitFor(
        () => log.calls.find(predicate),
        log.onAdd,
        timeoutMs,
        () => `no such call within ${timeoutMs} ms; the last ones are ${JSON.stringify(log.calls.slice(-5))}`,
      ),
    async close() {
      world.queries.close();
      streams.close();
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}

function toUser({ id, firstName }: { readonly id: number; readonly firstName: string }): TelegramUser {
  return { id, is_bot: false, first_name: firstName, language_code: 'en' };
}
