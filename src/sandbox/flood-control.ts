import { tooManyRequests } from './bot-error.ts';

/** Telegram's limit of messages per chat and second, off unless a number is given. */
export interface FloodControl {
  /** Counts a message to this chat; throws a 429 when there were too many within the last second. */
  check(chatId: number): void;
}

/** Creates the limit; refused messages are not counted. */
export function createFloodControl(perChatPerSecond: number | undefined, now: () => number): FloodControl {
  const recent = new Map<number, readonly number[]>();
  return {
    check(chatId) {
      if (perChatPerSecond === undefined) return;
      const time = now();
      const sent = (recent.get(chatId) ?? []).filter((at) => time - at < 1_000);
      if (sent.length >= perChatPerSecond) throw tooManyRequests(1);
      recent.set(chatId, [...sent, time]);
    },
  };
}
