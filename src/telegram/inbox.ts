import type { Update } from 'grammy/types';
import type { InboxUpdate } from '../../storage/inbox-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Clock, Log } from '../ports.ts';
import { createWorker, isPassingStorageTrouble, type Worker } from '../worker.ts';
import type { Outbox } from './outbox.ts';

/** Tries of one update before it is set aside: what fails three times fails always. */
const MOST_TRIES = 3;

/**
 * Works through the durable inbox, presses first.
 *
 * Each look: 1. takes the next update; 2. counts the try before it is made, so that an update that kills the process is not tried for ever;
 * 3. hands it to the bot; 4. marks it done. A crash before 4 repeats it: every handler's effects have keys or conditions that make the
 * second time harmless.
 */
export function createInboxWorker(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly outbox: Outbox;
  readonly handle: (update: Update, awayMs: number) => Promise<void>;
  readonly onFatal: (error: unknown) => void;
}): Worker {
  const { storage, log } = options;
  /** Tries that failed for want of room, by the update's sequence: they do not count. */
  const excused = new Map<number, number>();

  async function look(): Promise<undefined> {
    for (let next = storage.inbox.next(); next !== undefined; next = storage.inbox.next()) {
      const { sequence, awayMs, body } = next;
      const attempts = next.attempts - (excused.get(sequence) ?? 0);
      if (attempts >= MOST_TRIES) {
        setAside(next, 'Nightdesk ended each time that it was handled');
        continue;
      }
      storage.transaction(() => storage.inbox.countAttempt(sequence));
      try {
        // Keys of answers are made from our own number, which never comes twice, as Telegram's may.
        await options.handle({ ...(JSON.parse(body) as Update), update_id: sequence }, awayMs);
        storage.transaction(() => storage.inbox.finish(sequence));
        excused.delete(sequence);
      } catch (error) {
        // A full disk is not the update's fault: the worker waits, and the update is tried again.
        if (isPassingStorageTrouble(error)) {
          excused.set(sequence, (excused.get(sequence) ?? 0) + 1);
          throw error;
        }
        const reason = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown';
        log.error('an update could not be handled', { update: next.updateId, tries: attempts + 1, reason });
        if (attempts + 1 >= MOST_TRIES) setAside(next, reason);
      }
    }
    return undefined;
  }

  /** Gives an update up, and tells the owner, who would wait for an answer otherwise. */
  function setAside(update: InboxUpdate, reason: string): void {
    excused.delete(update.sequence);
    const text = '⚠️ Something went wrong in me with what you last sent or pressed. Please try it another way.';
    const pressId = pressIdOf(update.body);
    storage.transaction(() => {
      storage.inbox.bury(update.sequence, reason);
      options.outbox.send({
        key: `dead-update:${update.sequence}`,
        class: 'reply',
        content: { kind: 'text', body: { text, entities: [] } },
      });
      if (pressId === undefined) return;
      options.outbox.send({
        key: `answer:${update.sequence}`,
        class: 'answer',
        content: { kind: 'answer', callbackQueryId: pressId, text, alert: true },
      });
    });
  }

  const worker = createWorker({
    name: 'inbox',
    clock: options.clock,
    log,
    everyMs: 2_000,
    look,
    onFatal: options.onFatal,
  });
  storage.onChange('inbox', worker.nudge);
  return worker;
}

function pressIdOf(body: string): string | undefined {
  try {
    return (JSON.parse(body) as Update).callback_query?.id;
  } catch {
    // What cannot be read is nobody's press.
    return undefined;
  }
}
