import type { Chat } from './chat.ts';
import { MINUTE_MS, SECOND_MS } from './fleets.ts';
import type { LoginPages } from './login-pages.ts';
import type { ChatMessage, WorldRecord } from './record.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualClock } from './virtual-clock.ts';

const LOGIN = /^🔑 Logging in to (\w+)/;

const PROMPT = /^(?:❌.*\n)?(?:Send me the code that the page shows|The login to \w+ asks: )/;

/** Builds the owner's part in logins: whether a message is one of a login's; then he sees to it, rightly, wrongly, late, or not at all. */
export function createOwnerLogins(options: {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly record: WorldRecord;
  readonly chat: Chat;
  readonly pages: LoginPages;
  readonly isCalm: () => boolean;
}): (message: ChatMessage) => boolean {
  const { clock, random, record, chat, pages, isCalm } = options;
  /** How each card looked when he last did something about it. */
  const seen = new Map<number, string>();

  /** What he types is a secret, and has to go. */
  function type(secret: string, replyTo: number | undefined): void {
    // By a clock that was set nobody knows which login has just ended.
    if (record.jumps.some(({ at }) => at > clock.now() - 30 * MINUTE_MS)) return;
    const messageId = chat.write(secret, replyTo);
    record.typed.push({ messageId, secret, at: clock.now(), deletedAt: undefined });
  }

  function sayLater(secret: string, replyTo: number | undefined): void {
    const delayMs =
      isCalm() || random.chance(0.7) ? random.between(1, 20) * SECOND_MS : random.between(1, 14) * MINUTE_MS;
    clock.after(delayMs, () => type(secret, replyTo));
  }

  /** Right mostly; or what is no code at all, one that is none of this page, or one that was cut where his window ended. */
  function garble(secret: string): string {
    const draw = isCalm() ? 0 : random.fraction();
    if (draw < 0.7) return secret;
    if (draw < 0.85) return pages.makeWrongCode();
    return `${secret.slice(0, 24)}\n${secret.slice(24)}`;
  }

  return (message) => {
    const credential = LOGIN.exec(message.text)?.[1];
    if (credential === undefined) return false;
    if (seen.get(message.id) === message.text && !isCalm()) return true;
    seen.set(message.id, message.text);
    const link = message.buttons.find(({ url }) => url !== undefined)?.url;
    const prompt = record.messages.findLast(({ text }) => PROMPT.test(text));
    // In a group only what answers a prompt is taken for an answer.
    const isGroup = message.chatId < 0;
    const replyTo = isGroup || random.chance(0.5) ? prompt?.id : undefined;
    if (isGroup && replyTo === undefined) return true;
    if (!isCalm() && random.chance(0.1)) {
      const cancel = message.buttons.find(({ text }) => text === 'Cancel')?.data;
      if (cancel !== undefined) chat.press(message, cancel);
      return true;
    }
    if (!isCalm() && random.chance(0.1)) {
      chat.write('I do not have it with me', replyTo);
      return true;
    }
    if (message.text.includes('Type in this code there') && link !== undefined) pages.letIn(link);
    else if (message.text.includes('Send me the code') && link !== undefined) {
      const code = pages.codeOf(link);
      if (code !== undefined) sayLater(garble(code), replyTo);
    } else if (message.text.includes('Send me what it asks for'))
      sayLater(garble(pages.makeToken(credential)), replyTo);
    return true;
  };
}
