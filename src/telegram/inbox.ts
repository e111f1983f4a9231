import type { Update } from 'grammy/types';
import type { Storage } from '../../storage/storage.ts';
import type { Clock, Log } from '../ports.ts';
import { createWorker, type Worker } from '../worker.ts';
import type { Outbox } from './outbox.ts';

/** Tries of one update before it is set aside: what fails three times fails always. */
const MOST_TRIES = 3;

/**
 * Works through the durable inbox, presses first.
 *
 * Each look: 1. takes the next update; 2. counts the try, so that an update that kills the process is not tried for ever; 3. hands it to the
 * bot; 4. marks it done. A crash before 4 repeats it: every handler's effects have keys or conditions that make the second time harmless.
 */
export function createInboxWorker(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly outbox: Outbox;
  readonly handle: (update: Update, receivedAt: number) => Promise<void>;
  readonly onFatal: (error: unknown) => void;
}): Worker {
  const { storage, log } = options;

  async function look(): Promise<undefined> {
    for (let next = storage.inbox.next(); next !== undefined; next = storage.inbox.next()) {
      const { sequence, updateId, receivedAt, body, attempts } = next;
      if (attempts > 0) storage.transaction(() => storage.inbox.countAttempt(sequence));
      try {
        await options.handle(JSON.parse(body) as Update, receivedAt);
        storage.transaction(() => storage.inbox.finish(sequence));
      } catch (error) {
        const reason = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown';
        log.error('an update could not be handled', { update: updateId, tries: attempts + 1, reason });
        storage.transaction(() => {
          if (attempts === 0) storage.inbox.countAttempt(sequence);
          if (attempts + 1 < MOST_TRIES) return;
          storage.inbox.bury(sequence, reason);
          options.outbox.send({
            key: `dead-update:${updateId}`,
            class: 'reply',
            content: {
              kind: 'text',
              body: {
                text: '⚠️ I could not handle your last message; it is in my log. Please try it another way.',
                entities: [],
              },
            },
          });
        });
      }
    }
    return undefined;
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
