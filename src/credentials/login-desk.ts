import { LOGGED_IN, type LoginRow, type LoginView } from '../../storage/login-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Clock } from '../ports.ts';
import type { CallbackData } from '../telegram/callback-data.ts';
import {
  loginKey,
  loginPromptKey,
  renderLogin,
  renderLoginFailure,
  renderLoginPrompt,
  renderUntaken,
} from '../telegram/cards/login-card.ts';
import { holdsToken } from '../secrets.ts';
import type { Outbox } from '../telegram/outbox.ts';
import type { Custodian } from './custodian.ts';
import { kindOfQuestion, looksLikeCode, readAnswer, secretsIn } from './login-answer.ts';
import { type LoginMessage, readMessage } from './login-message.ts';

/** For how long after a login's end a code for it may still come, and its message follows what its check says. */
const LATE_MS = 15 * 60_000;
/** What looks like a code may be one for a card that Telegram has not brought up to date for hours; it must not be stored as words. */
const CODE_LATE_MS = 24 * 3_600_000;

/** A message of an owner's, before anything of it is stored. */
interface Heard {
  readonly userId: number;
  readonly chatId: number;
  readonly messageId: number;
  readonly text: string;
  readonly replyTo: number | undefined;
  readonly sentAt?: number;
}

/** How a login ended. */
export type LoginOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'cancelled' };

/** Where the owner meets his logins: what he is shown, what he answers, and his cancelling. Answers are kept in memory only. */
export interface LoginDesk {
  /** Whether a message is meant for a login; what it gives takes it, in the transaction of whoever heard it. */
  claim(message: Heard): (() => void) | undefined;
  /** The answer that waits to be typed in, once. */
  answerFor(id: number): string | undefined;
  /** Shows how far a login has come; `refusal` is why the last answer was not taken. */
  show(login: LoginRow, view: LoginView, refusal?: string): void;
  end(login: LoginRow, outcome: LoginOutcome): void;
  cancel(id: number): 'cancelling' | 'over';
  /** Cancels the newest login that was asked for in this chat; false when there is none. */
  cancelIn(chatId: number): boolean;
  /** Brings the messages of all recent logins up to date. */
  refresh(): void;
}

/** Builds the desk. */
export function createLoginDesk(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly callbackData: CallbackData;
  readonly custodian: Pick<Custodian, 'loginEnded'>;
  readonly fleetChatId: number;
  /** Whether somebody is an owner, by fleet.yaml as it is now; without it whoever asked for a login. */
  readonly isOwner?: (userId: number) => boolean;
  /** What chat that is now: a group that grew has another id. */
  readonly followChat?: (chatId: number) => number;
  readonly learnSecret: (secret: string) => void;
}): LoginDesk {
  const { storage, clock, outbox, callbackData } = options;
  /** One answer for each login at most; gone once it is typed in, or with the process. */
  const answers = new Map<number, string>();
  /** Keys of what asked again because a message was no answer; few, since a login lasts minutes, and gone with it. */
  const repeated = new Map<number, readonly string[]>();

  function chatOf(login: LoginRow): number {
    return login.chatId === null ? options.fleetChatId : (options.followChat?.(login.chatId) ?? login.chatId);
  }

  function isOpen(login: LoginRow): boolean {
    return login.state === 'wanted' || login.state === 'running';
  }

  function meantFor(message: Heard): LoginMessage | undefined {
    const { chatId, replyTo } = message;
    const lateMs = looksLikeCode(message.text) ? CODE_LATE_MS : LATE_MS;
    return readMessage(message.text, {
      // What Telegram held back for hours was written in time all the same.
      recent: storage.logins.recent(Math.min(clock.now(), message.sentAt ?? Infinity) - lateMs),
      isOwn: (login) => login.wantedBy === `owner:${message.userId}` && chatOf(login) === chatId,
      // Telegram numbers groups below zero.
      isGroup: chatId < 0,
      replied: replyTo === undefined ? undefined : storage.outbox.byMessage(chatId, replyTo)?.key,
      isCredential: (name) => storage.credentials.get(name) !== undefined,
    });
  }

  function remove({ chatId, messageId }: Heard): void {
    outbox.send({
      key: `delete:${chatId}:${messageId}`,
      class: 'answer',
      chatId,
      content: { kind: 'delete', messageId, isSecret: true },
    });
  }

  /** Whoever may not log in any more: what he sends for a login is not typed in, and must not stay. */
  function refuseStranger(heard: Heard): void {
    remove(heard);
    outbox.send({
      key: `token:${heard.chatId}:${heard.messageId}`,
      class: 'reply',
      chatId: heard.chatId,
      content: {
        kind: 'text',
        body: { text: 'Only owners log in: I deleted your message, and did nothing with it.', entities: [] },
      },
    });
  }

  /** A token that no login asked for: nobody knows whose it is, and it must not stay. */
  function refuseToken(heard: Heard): void {
    remove(heard);
    const text =
      'That looked like a token, so I deleted your message, and did nothing with it. To hand in a new token: /reauth first, then send it.';
    outbox.send({
      key: `token:${heard.chatId}:${heard.messageId}`,
      class: 'reply',
      // In a group that is not the fleet's nobody is answered.
      chatId: heard.chatId > 0 ? heard.chatId : options.fleetChatId,
      content: { kind: 'text', body: { text, entities: [] } },
    });
  }

  function take({ login, kind }: LoginMessage, heard: Heard): void {
    const { chatId, messageId, text } = heard;
    remove(heard);
    const [question = ''] = (login.question ?? 'code').split('\n');
    const isSecret = kind !== 'answer' || kindOfQuestion(question) !== 'free' || looksLikeCode(text);
    const answer = kind === 'answer' ? readAnswer(text, question) : undefined;
    // A sentence that was refused is no secret, and scrubbing its words would take them out of everything.
    if (isSecret && (answer?.kind !== 'refused' || looksLikeCode(text)))
      for (const secret of secretsIn(text)) options.learnSecret(secret);
    if (answer === undefined) {
      const isMended = login.detail === LOGGED_IN && storage.credentials.get(login.credential)?.state !== 'dead';
      const content = renderUntaken(login, kind === 'answer' ? 'late' : kind, isMended, callbackData);
      return say(`${loginKey(login.id)}:late:${chatId}:${messageId}`, login, content);
    }
    if (answer.kind === 'refused') {
      const refusal = `Nothing was typed in: ${answer.why}.`;
      const key = `${loginPromptKey(login.id, login.answers)}:${messageId}`;
      repeated.set(login.id, [...(repeated.get(login.id) ?? []), key]);
      return say(key, login, renderLoginPrompt(login, refusal));
    }
    if (!storage.logins.take(login.id)) return;
    answers.set(login.id, answer.text);
    withdrawPrompts(login);
    refreshOne(login.id);
  }

  function say(key: string, login: LoginRow, content: Parameters<Outbox['send']>[0]['content']): void {
    outbox.send({
      key,
      class: 'alert',
      chatId: chatOf(login),
      content,
      replyToKey: loginKey(login.id),
      sound: 'always',
    });
  }

  /** A prompt that was answered would keep the owner's keyboard open; messages of its kind cannot be edited. */
  function withdrawPrompts(login: LoginRow): void {
    withdraw(login, loginPromptKey(login.id, login.answers));
    for (const key of repeated.get(login.id) ?? []) withdraw(login, key);
    repeated.delete(login.id);
  }

  function withdraw(login: LoginRow, key: string): void {
    const row = storage.outbox.get(key);
    if (row === undefined) return;
    if (row.messageId === null) {
      const text = `The login to ${login.credential} waits for no answer any more.`;
      return outbox.takeBack(key, { kind: 'text', body: { text, entities: [] } });
    }
    outbox.send({
      key: `${key}:gone`,
      class: 'notice',
      chatId: chatOf(login),
      content: { kind: 'delete', messageId: row.messageId, isSecret: false },
    });
  }

  function refreshOne(id: number): void {
    const login = storage.logins.get(id);
    if (login === undefined) return;
    const content = renderLogin(login, storage.credentials.get(login.credential), callbackData);
    const key = loginKey(id);
    if (storage.outbox.get(key) === undefined) {
      outbox.send({ key, class: 'alert', chatId: chatOf(login), content });
    } else outbox.edit(key, content);
  }

  function wantCancel(id: number): boolean {
    if (!storage.logins.wantCancel(id, clock.now())) return false;
    refreshOne(id);
    return true;
  }

  return {
    claim(message) {
      const found = meantFor(message);
      if (found !== undefined && options.isOwner?.(message.userId) === false) return () => refuseStranger(message);
      if (found !== undefined) return () => take(found, message);
      return holdsToken(message.text) ? () => refuseToken(message) : undefined;
    },

    answerFor(id) {
      const answer = answers.get(id);
      answers.delete(id);
      return answer;
    },

    show: (login, view, refusal) =>
      storage.transaction(() => {
        if (!storage.logins.show(login.id, login.answers, view)) return;
        const shown = storage.logins.get(login.id);
        if (shown === undefined) return;
        refreshOne(login.id);
        if (view.stage === 'asking')
          say(loginPromptKey(login.id, login.answers), shown, renderLoginPrompt(shown, refusal));
      }),

    end: (login, outcome) =>
      storage.transaction(() => {
        answers.delete(login.id);
        const reason =
          outcome.kind === 'cancelled' ? 'it was cancelled' : outcome.kind === 'failed' ? outcome.reason : '';
        options.custodian.loginEnded(login, outcome.kind === 'done' ? { kind: 'done' } : { kind: 'failed', reason });
        const ended = storage.logins.get(login.id);
        if (ended === undefined || isOpen(ended)) return;
        withdrawPrompts(ended);
        refreshOne(login.id);
        if (outcome.kind !== 'failed') return;
        const isDead = storage.credentials.get(login.credential)?.state === 'dead';
        say(`${loginKey(login.id)}:failed`, ended, renderLoginFailure(ended, reason, isDead, callbackData));
      }),

    cancel: (id) => storage.transaction(() => (wantCancel(id) ? 'cancelling' : 'over')),

    cancelIn: (chatId) =>
      storage.transaction(() => {
        const open = storage.logins
          .open()
          .findLast((login) => chatOf(login) === chatId && login.cancelWantedAt === null);
        return open !== undefined && wantCancel(open.id);
      }),

    refresh: () =>
      storage.transaction(() => {
        const newest = new Map<string, LoginRow>();
        for (const login of storage.logins.recent(clock.now() - LATE_MS).reverse()) newest.set(login.credential, login);
        for (const { id } of newest.values()) refreshOne(id);
      }),
  };
}
