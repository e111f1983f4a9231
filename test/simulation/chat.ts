import type { MessageClass } from '../../storage/outbox-store.ts';
import { TelegramError, type TelegramApi } from '../../src/ports.ts';
import { createChatFaults, type Fault } from './chat-faults.ts';
import { actorOf, APPROVER, OWNER, SECOND_OWNER, VIEWER } from './fleets.ts';
import type { Host } from './machine.ts';
import type { ChatMessage, OwnerPress, Showing, WorldRecord } from './record.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A Telegram in memory, with one chat, and the owner's thumb on it. */
export interface Chat {
  apiFor(host: Host): TelegramApi;
  /** Begins a fault that lasts `forMs`. */
  suffer(fault: Fault, forMs: number): void;
  /** Ends the fault. */
  heal(): void;
  /** Whether every call works right now, and none hangs. */
  isGood(): boolean;
  press(message: ChatMessage, data: string, by?: number): void;
  /** An owner writes; gives the message's id. */
  write(text: string, replyTo?: number, by?: number): number;
  /** Somebody who is no owner writes. */
  writeAsStranger(): void;
  remove(message: ChatMessage): void;
  /** Ends all calls of a control plane that died. */
  hangUp(host: Host): void;
}

/** The Bot API server's real rules (facts: telegram.md 4 and 5). */
const PRESS_LIVES_MS = 150_000;
const MESSAGE_LIVES_MS = 24 * 3_600_000;
const LONGEST_TEXT = 4_096;
const LONGEST_DATA = 64;
const STRANGER = 666;
/** Everybody whom fleet.yaml names. */
const NAMES = new Map([
  [OWNER, 'Ada'],
  [SECOND_OWNER, 'Bob'],
  [APPROVER, 'Cyd'],
  [VIEWER, 'Dot'],
]);
const BOT = { id: 99, is_bot: true, first_name: 'Nightdesk' };
/** An outage of Telegram as long as this has to be told when it is over. */
const TOLD_FROM_MS = 180_000;

interface Update {
  readonly id: number;
  readonly at: number;
  readonly livesMs: number;
  readonly body: object;
}

interface Poll {
  readonly host: Host;
  wake: () => void;
  cut: () => void;
}

type Payload = Readonly<Record<string, unknown>>;

/** Builds the chat. `keyOf` finds the outbox row that a new message stands for. */
export function createChat(options: {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly record: WorldRecord;
  readonly isCalm: () => boolean;
  /** Whether the control plane can write down what it is told. */
  readonly canNote: () => boolean;
  readonly keyOf: (
    text: string,
    buttons: readonly string[],
  ) => { readonly key: string; readonly class: MessageClass; readonly askedAt: number } | undefined;
  /** Looks for secrets in what is sent. */
  readonly look: (text: string, where: string) => void;
  readonly trace: (line: string) => void;
  /** Where the fleet's owners are told. */
  readonly fleetChat: number;
}): Chat {
  const { clock, random, record, fleetChat } = options;
  const queries = new Map<string, { readonly askedAt: number; readonly press: OwnerPress }>();
  let updates: Update[] = [];
  let nextUpdate = random.between(1, 1_000_000_000);
  let nextMessage = random.between(1, 1_000);
  const faults = createChatFaults(options);
  let begunFaults = 0;
  /** Until when the control plane knows that it has to wait. */
  let askedToWait: { readonly host: Host; readonly until: number } | undefined;
  let poll: Poll | undefined;

  /** A machine that slept counts the time that it was asked to wait from where it fell asleep. */
  const isWaiting = (): boolean =>
    askedToWait !== undefined && askedToWait.host.isAlive && askedToWait.until > clock.machine.monotonic();

  function call(
    host: Host,
    method: string,
    payload: Payload,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    if (!host.isAlive) return promise;
    let isOpen = true;
    const settle = (how: () => void): void => {
      if (!isOpen) return;
      isOpen = false;
      if (!host.isAlive) return;
      if (!clock.isAsleep()) return how();
      // Nobody is there to take the answer; where it is lost, that shows at once, or by our own deadline.
      const isLost = random.chance(0.7);
      signal?.addEventListener('abort', () => reject(new TelegramError('aborted', method, 'stopped by us')), {
        once: true,
      });
      if (isLost) faults.hangs(1);
      clock.machine.after(isLost && random.chance(0.5) ? timeoutMs : random.between(1, 900), () => {
        if (isLost) faults.hangs(-1);
        if (!host.isAlive) return;
        if (isLost) reject(new TelegramError('lost', method, 'the machine slept'));
        else how();
      });
    };
    const fail = (code: TelegramError['code'], text: string, retryAfterMs?: number): void =>
      settle(() => reject(new TelegramError(code, method, text, retryAfterMs)));
    signal?.addEventListener('abort', () => fail('aborted', 'stopped by us'), { once: true });

    const latency = random.between(30, 250);
    const isToChat = payload['chat_id'] !== undefined;
    if (isToChat && askedToWait?.host === host && askedToWait.until > clock.machine.monotonic())
      record.impatient.push({ at: clock.now(), method, earlyMs: askedToWait.until - clock.machine.monotonic() });
    const kind = faults.of(isToChat);
    // What this call will show, looked up now: the row is marked as of now.
    const act = prepare(host, method, payload);
    switch (kind) {
      case 'down':
        clock.after(5, () => fail('unreachable', 'ECONNREFUSED'));
        break;
      case 'server':
        clock.after(latency, () => fail('server', '502 Bad Gateway'));
        break;
      case 'flood':
      case 'storm': {
        const retryMs = faults.retryAfterMs(kind);
        faults.troubled(clock.now() + latency + retryMs);
        clock.after(latency, () => {
          const isHeard = isOpen && !clock.isAsleep();
          if (isToChat && isHeard) askedToWait = { host, until: clock.machine.monotonic() + retryMs };
          fail('flood', 'Too Many Requests', retryMs);
        });
        break;
      }
      case 'hang':
        hangUntilTimeout(timeoutMs, fail);
        break;
      case 'lossy':
        if (method !== 'getUpdates' && random.chance(0.6)) clock.after(latency, () => act()?.lose());
        hangUntilTimeout(random.chance(0.5) ? latency + 10 : timeoutMs, fail);
        break;
      case 'half-sent':
        if (method === 'getUpdates') waitForUpdates(host, payload, latency, timeoutMs, settle, fail, resolve);
        else {
          clock.after(latency, () => act()?.lose());
          hangUntilTimeout(random.chance(0.5) ? latency + 10 : timeoutMs, fail);
        }
        break;
      default:
        if (method === 'getUpdates') waitForUpdates(host, payload, latency, timeoutMs, settle, fail, resolve);
        else
          clock.after(latency, () => {
            const outcome = act();
            if (outcome === undefined) return;
            if (outcome.error !== undefined) return fail(outcome.error, 'Bad Request');
            settle(() => {
              outcome.know();
              resolve(outcome.result);
            });
          });
    }
    return promise;
  }

  function hangUntilTimeout(afterMs: number, fail: (code: 'lost', text: string) => void): void {
    faults.hangs(1);
    clock.machine.after(afterMs, () => {
      faults.hangs(-1);
      fail('lost', 'no answer in time');
    });
  }

  function waitForUpdates(
    host: Host,
    payload: Payload,
    latency: number,
    timeoutMs: number,
    settle: (how: () => void) => void,
    fail: (code: TelegramError['code'], text: string) => void,
    resolve: (updates: unknown) => void,
  ): void {
    const offset = payload['offset'] as number | undefined;
    const timeout = (payload['timeout'] as number) * 1_000;
    updates = updates.filter(
      ({ id, at, livesMs }) => at + livesMs > clock.now() && (offset === undefined || id >= offset),
    );
    const give = (): void => {
      poll = undefined;
      clock.after(latency, () =>
        settle(() => resolve(updates.slice(0, 100).map(({ id, body }) => ({ update_id: id, ...body })))),
      );
    };
    if (updates.length > 0) return give();
    const mine: Poll = {
      host,
      wake: give,
      cut: () => {
        poll = undefined;
        hangUntilTimeout(random.chance(0.5) ? 10 : timeoutMs, fail);
      },
    };
    poll = mine;
    clock.after(timeout, () => poll === mine && give());
  }

  interface Outcome {
    readonly result: unknown;
    readonly error?: TelegramError['code'];
    readonly know: () => void;
    readonly lose: () => void;
  }

  const GOOD: Outcome = { result: true, know: () => undefined, lose: () => undefined };

  function wrong(error: TelegramError['code']): Outcome {
    return { ...GOOD, error };
  }

  /** What the call does when it arrives. */
  function prepare(host: Host, method: string, payload: Payload): () => Outcome | undefined {
    checkForSecrets(method, payload);
    const text = (payload['text'] ?? payload['caption'] ?? '') as string;
    switch (method) {
      case 'getMe':
        return () => ({
          ...GOOD,
          result: { id: 99, is_bot: true, first_name: 'Nightdesk', username: 'nightdesk_bot', can_join_groups: false },
        });
      case 'sendMessage':
      case 'sendDocument': {
        const row = options.keyOf(
          text,
          buttonsOf(payload).map(({ data }) => data ?? ''),
        );
        return () => show(host, payload, text, row);
      }
      case 'editMessageText':
      case 'editMessageCaption':
        return () => edit(payload, text);
      case 'editMessageReplyMarkup':
        return () => edit(payload, undefined);
      case 'answerCallbackQuery':
        return () => {
          const query = queries.get(String(payload['callback_query_id']));
          if (query === undefined || query.askedAt + PRESS_LIVES_MS < clock.now()) return wrong('bad-request');
          query.press.answer = { text, isAlert: payload['show_alert'] === true, at: clock.now() };
          return GOOD;
        };
      case 'setMyCommands':
        return () => GOOD;
      case 'deleteMessage':
        return () => remove(Number(payload['message_id']));
      default:
        return () => undefined;
    }
  }

  function show(host: Host, payload: Payload, text: string, row: ReturnType<typeof options.keyOf>): Outcome {
    if (!isValid(payload, text)) return wrong('bad-request');
    const chatId = Number(payload['chat_id']);
    if (chatId !== fleetChat && !NAMES.has(chatId)) record.bugs.push(`a message to chat ${String(payload['chat_id'])}`);
    const message: ChatMessage = {
      id: (nextMessage += 1),
      chatId,
      at: clock.now(),
      text,
      buttons: buttonsOf(payload),
    };
    record.messages.push(message);
    options.trace(`chat shows ${row?.key ?? 'what no row stands for'}: ${text.split('\n')[0]?.slice(0, 80)}`);
    if (row === undefined) record.bugs.push(`a message that no row stands for: ${text.slice(0, 60)}`);
    const showing: Showing | undefined =
      row === undefined
        ? undefined
        : {
            ...row,
            at: clock.now(),
            messageId: message.id,
            text: text.split('\n')[0] ?? '',
            whole: text,
            isSilent: payload['disable_notification'] === true,
            isKnown: false,
          };
    if (showing !== undefined) record.showings.push(showing);
    return {
      result: { message_id: message.id },
      know() {
        if (showing === undefined || !options.canNote()) return;
        showing.isKnown = true;
        // An answer that arrives in the instant of a crash is not known to anybody afterwards.
        answers.push({ host, at: clock.now(), showing });
      },
      lose: () => undefined,
    };
  }

  const answers: { readonly host: Host; readonly at: number; readonly showing: Showing }[] = [];

  function edit(payload: Payload, text: string | undefined): Outcome {
    const message = record.messages.find(({ id }) => id === payload['message_id']);
    if (message === undefined) return wrong('message-gone');
    if (text !== undefined && !isValid(payload, text)) return wrong('bad-request');
    const buttons = buttonsOf(payload);
    const isSame =
      (text === undefined || message.text === text) && JSON.stringify(buttons) === JSON.stringify(message.buttons);
    if (isSame) return wrong('not-modified');
    if (text !== undefined) message.text = text;
    message.buttons = buttons;
    return { ...GOOD, result: { message_id: message.id } };
  }

  function remove(messageId: number): Outcome {
    const typed = record.typed.find((message) => message.messageId === messageId);
    if (typed !== undefined) typed.deletedAt ??= clock.now();
    const index = record.messages.findIndex(({ id }) => id === messageId);
    if (index >= 0) record.messages.splice(index, 1);
    return typed === undefined && index < 0 ? wrong('message-gone') : GOOD;
  }

  function isValid(payload: Payload, text: string): boolean {
    const entities = (payload['entities'] ?? payload['caption_entities'] ?? []) as readonly {
      offset: number;
      length: number;
    }[];
    return (
      text.trim() !== '' &&
      text.length <= LONGEST_TEXT &&
      entities.every(({ offset, length }) => offset + length <= text.length) &&
      buttonsOf(payload).every(({ data }) => data === undefined || Buffer.byteLength(data) <= LONGEST_DATA)
    );
  }

  function checkForSecrets(method: string, payload: Payload): void {
    options.look(JSON.stringify(payload), method);
  }

  /** It was away for so long until now: whoever was there the whole time has to say so. */
  function noteOutage(forMs: number, begun: number): void {
    const since = clock.now();
    if (record.upSince === undefined || record.upSince > since - forMs || begun !== begunFaults) return;
    record.duties.push({
      what: `Telegram was away for ${Math.round(forMs / 1_000)} s`,
      since,
      isTold: ({ messages }) =>
        messages.some(({ text, at }) => at >= since && /Telegram could not be reached/.test(text)),
    });
  }

  /** Gives the id of the update. */
  function arrive(livesMs: number, body: object): number {
    const id = (nextUpdate += 1);
    updates.push({ id, at: clock.now(), livesMs, body });
    if (faults.current() === undefined) poll?.wake();
    return id;
  }

  function chatOf(from: number): object {
    return fleetChat < 0 && from !== STRANGER
      ? { id: fleetChat, type: 'supergroup', title: 'The fleet' }
      : { id: from, type: 'private', first_name: 'Somebody' };
  }

  function messageBody(from: number, text: string, replyTo?: number): object {
    const command = /^\/\w+/.exec(text)?.[0];
    const chat = chatOf(from);
    return {
      message: {
        message_id: (nextMessage += 1),
        date: Math.floor(clock.now() / 1_000),
        from: { id: from, is_bot: false, first_name: 'Somebody' },
        chat,
        text,
        ...(command === undefined ? {} : { entities: [{ type: 'bot_command', offset: 0, length: command.length }] }),
        ...(replyTo === undefined
          ? {}
          : {
              reply_to_message: { message_id: replyTo, date: 0, chat, text: textOf(replyTo), from: BOT },
            }),
      },
    };
  }

  function textOf(messageId: number): string {
    return record.messages.find(({ id }) => id === messageId)?.text ?? 'a card';
  }

  return {
    apiFor: (host) => ({
      call: <Result>(
        method: string,
        payload: Payload,
        { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
      ) => call(host, method, payload, timeoutMs, signal) as Promise<Result>,
      downloadFile: () => Promise.resolve(undefined),
      reset: () => undefined,
    }),
    suffer(kind, forMs) {
      options.trace(`Telegram: ${kind} for ${Math.round(forMs / 1_000)} s`);
      faults.begin(kind, forMs);
      const begun = (begunFaults += 1);
      if ((kind === 'down' || kind === 'server') && forMs >= TOLD_FROM_MS)
        clock.after(forMs, () => noteOutage(forMs, begun));
      if (kind !== 'storm' && kind !== 'half-sent') poll?.cut();
    },
    heal() {
      begunFaults += 1;
      faults.end();
    },
    isGood: () => faults.isGood() && !isWaiting(),
    press(message, data, by = OWNER) {
      const id = `q${nextUpdate}`;
      const press = { ...readButton(data), by: actorOf(by), text: message.text, at: clock.now(), answer: undefined };
      record.presses.push(press);
      queries.set(id, { askedAt: clock.now(), press });
      options.trace(`${actorOf(by)} presses ${data.split(':').slice(0, -1).join(':')}`);
      arrive(PRESS_LIVES_MS, {
        callback_query: {
          id,
          from: { id: by, is_bot: false, first_name: NAMES.get(by) ?? 'Somebody' },
          chat_instance: '1',
          data,
          message: {
            message_id: message.id,
            date: Math.floor(message.at / 1_000),
            chat:
              message.chatId < 0
                ? { id: message.chatId, type: 'supergroup', title: 'The fleet' }
                : { id: message.chatId, type: 'private', first_name: 'Ada' },
            text: message.text,
          },
        },
      });
    },
    write(text, replyTo, by = OWNER) {
      options.trace(`${actorOf(by)} writes ${text}`);
      const update = arrive(MESSAGE_LIVES_MS, messageBody(by, text, replyTo));
      record.texts.push({ by: actorOf(by), text, at: clock.now(), update });
      return nextMessage;
    },
    writeAsStranger: () => void arrive(MESSAGE_LIVES_MS, messageBody(STRANGER, '/status')),
    remove(message) {
      const index = record.messages.indexOf(message);
      if (index >= 0) record.messages.splice(index, 1);
      for (const showing of record.showings) if (showing.messageId === message.id) showing.isKnown = false;
    },
    hangUp(host) {
      if (poll?.host === host) poll = undefined;
      for (const { at, showing, host: asker } of answers)
        if (asker === host && at === clock.now()) showing.isKnown = false;
      answers.length = 0;
    },
  };
}

/** What a button asks for, as it stands in its data. */
export function readButton(data: string): Pick<OwnerPress, 'verb' | 'id' | 'revision' | 'choice'> {
  const [verb = '', id, revision = '', ...rest] = data.split(':');
  const choice = rest.length > 1 ? Number.parseInt(rest[0] ?? '', 36) : undefined;
  return { verb, id: Number(id), revision: Number.parseInt(revision, 36), choice };
}

function buttonsOf(payload: Payload): ChatMessage['buttons'] {
  const markup = payload['reply_markup'] as
    | { inline_keyboard?: readonly (readonly { text: string; callback_data?: string; url?: string }[])[] }
    | undefined;
  return (markup?.inline_keyboard ?? [])
    .flat()
    .map(({ text, callback_data, url }) => ({ text, data: callback_data, url }));
}
