import type { OutboxRow } from '../../storage/outbox-store.ts';

/** Telegram bears about one message a second in a chat, with bursts (facts: Bot FAQ); alerts and answers do not wait for it. */
const BURST = 12;
/** How long a message has to wait that goes beyond a burst. */
export const REFILL_MS = 1_000;

/** Keeps the pace that Telegram bears in one chat. */
export interface ChatPace {
  /** Lets a message go, and counts it; false: it has to wait, and nothing is counted. `now`: epoch ms. */
  take(row: OutboxRow, now: number): boolean;
}

/** Builds the pace, with a whole burst to begin with. */
export function createChatPace(startedAt: number): ChatPace {
  let tokens = BURST;
  let refilledAt = startedAt;

  function isFree({ class: kind, messageId }: OutboxRow): boolean {
    // The first word of an alert waits for nothing; its edits wait longest, or an alert that is edited all the time starves all others.
    const isEdit = messageId !== null;
    if (kind === 'answer' || (kind === 'alert' && !isEdit)) return true;
    return tokens >= (kind === 'alert' ? 2 : 1);
  }

  return {
    take(row, now) {
      // A clock that was set back refills nothing.
      tokens = Math.min(BURST, tokens + Math.max(0, now - refilledAt) / REFILL_MS);
      refilledAt = now;
      if (!isFree(row)) return false;
      if (row.chatId !== null) tokens = Math.max(0, tokens - 1);
      return true;
    },
  };
}
