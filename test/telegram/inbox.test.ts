import type { Update } from 'grammy/types';
import { expect, test } from 'vitest';
import { createInboxWorker } from '../../src/telegram/inbox.ts';
import { createOutbox } from '../../src/telegram/outbox.ts';
import { createStorage } from '../../storage/storage.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import { openStorage } from '../fakes/open-storage.ts';

const OWNER = 4242;

function createInbox(handle: (update: Update) => Promise<void> | void, opened = openStorage()) {
  const clock = createManualClock();
  const log = createMemoryLog();
  const fatal: unknown[] = [];
  const storage = createStorage(opened.database);
  const outbox = createOutbox({ storage, clock, chatId: OWNER, scrub: (text) => text, isQuiet: () => false });
  const worker = createInboxWorker({
    storage,
    clock,
    log,
    outbox,
    handle: async (update) => await handle(update),
    onFatal: (error) => fatal.push(error),
  });
  const add = (updateId: number, body: object, urgent = false, identity = `message ${updateId}`): boolean =>
    storage.transaction(() =>
      storage.inbox.add({
        updateId,
        identity,
        receivedAt: 0,
        urgent,
        body: JSON.stringify({ update_id: updateId, ...body }),
      }),
    );
  return { ...opened, storage, clock, log, fatal, worker, add };
}

test('presses are handled before messages that came earlier', async () => {
  const handled: number[] = [];
  const inbox = createInbox(
    (update) => void handled.push(Number(update.message?.message_id ?? update.callback_query?.id)),
  );
  inbox.add(1, { message: { message_id: 1 } });
  inbox.add(2, { message: { message_id: 2 } });
  inbox.add(3, { callback_query: { id: '3' } }, true);

  inbox.worker.start();
  await inbox.clock.rest();

  expect(handled).toEqual([3, 1, 2]);
});

test('an update that is stored twice is handled once, even after it was handled', async () => {
  const handled: number[] = [];
  const inbox = createInbox(
    (update) => void handled.push(Number(update.message?.message_id ?? update.callback_query?.id)),
  );
  inbox.worker.start();

  const first = inbox.add(7, { message: { message_id: 7 } });
  await inbox.clock.rest();
  const second = inbox.add(7, { message: { message_id: 7 } });
  await inbox.clock.rest();

  expect([first, second]).toEqual([true, false]);
  expect(handled).toEqual([7]);
});

test('another update under an id that was handled before is handled, under a number of its own', async () => {
  const handled: Update[] = [];
  const inbox = createInbox((update) => void handled.push(update));
  inbox.worker.start();

  inbox.add(7, { message: { message_id: 1 } }, false, 'message 1');
  await inbox.clock.rest();
  inbox.add(7, { message: { message_id: 2 } }, false, 'message 2');
  await inbox.clock.rest();

  expect(handled.map((update) => update.message?.message_id)).toEqual([1, 2]);
  expect(new Set(handled.map((update) => update.update_id)).size).toBe(2);
});

test('two updates of one id that both fail are both told, and both presses are answered', async () => {
  const inbox = createInbox(() => {
    throw new Error('boom');
  });
  inbox.add(7, { callback_query: { id: '98' } }, true, 'press 98');
  inbox.add(7, { callback_query: { id: '99' } }, true, 'press 99');

  inbox.worker.start();
  await inbox.clock.rest();

  const rows = inbox.database.prepare(`SELECT class, count(*) AS n FROM outbox GROUP BY class ORDER BY class`).all();
  expect(rows).toEqual([
    { class: 'answer', n: 2 },
    { class: 'reply', n: 2 },
  ]);
});

test('an update that fails three times is set aside and told, and the next one is handled', async () => {
  const handled: number[] = [];
  const inbox = createInbox((update) => {
    handled.push(Number(update.message?.message_id ?? update.callback_query?.id));
    if (update.message?.message_id === 1) throw new Error('boom');
  });
  inbox.add(1, { message: { message_id: 1 } });
  inbox.add(2, { message: { message_id: 2 } });

  inbox.worker.start();
  await inbox.clock.rest();

  expect(handled).toEqual([1, 1, 1, 2]);
  expect(inbox.storage.outbox.get('dead-update:1')?.content).toContain('Please try it another way');
  expect(inbox.database.prepare(`SELECT state, error, body FROM inbox WHERE update_id = 1`).get()).toEqual({
    state: 'dead',
    error: 'Error: boom',
    body: '',
  });
});

test('a press that is set aside is answered, so that the phone stops waiting', async () => {
  const inbox = createInbox(() => {
    throw new Error('boom');
  });
  inbox.add(1, { callback_query: { id: '99' } }, true);

  inbox.worker.start();
  await inbox.clock.rest();

  const answers = inbox.database.prepare(`SELECT content FROM outbox WHERE class = 'answer'`).all();
  expect(JSON.stringify(answers)).toContain('99');
});

test('an update that ends the process is tried three times, not for ever', async () => {
  const opened = openStorage();
  let tries = 0;
  const dies = (): Promise<void> => {
    tries += 1;
    return new Promise(() => {});
  };
  createInbox(dies, opened).add(1, { message: { message_id: 1 } });

  for (let life = 0; life < 5; life += 1) {
    const inbox = createInbox(dies, opened);
    inbox.worker.start();
    await inbox.clock.rest();
  }

  expect(tries).toBe(3);
  expect(opened.storage.inbox.waiting()).toBe(0);
  expect(opened.storage.outbox.get('dead-update:1')).toBeDefined();
});

test('an update cut off in the middle is handled again by the next process', async () => {
  const opened = openStorage();
  const handled: number[] = [];
  const first = createInbox(() => new Promise(() => {}), opened);
  first.add(5, { message: { message_id: 5 } });
  first.worker.start();
  await first.clock.rest();

  const second = createInbox(
    (update) => void handled.push(Number(update.message?.message_id ?? update.callback_query?.id)),
    opened,
  );
  second.worker.start();
  await second.clock.rest();

  expect(handled).toEqual([5]);
  expect(opened.storage.inbox.waiting()).toBe(0);
});

test('a full disk is not the fault of the update: it waits, however long, and is handled afterwards', async () => {
  let tries = 0;
  const inbox = createInbox(() => {
    tries += 1;
    if (tries <= 6) throw Object.assign(new Error('full'), { code: 'SQLITE_FULL' });
  });
  inbox.add(1, { message: { message_id: 1 } });

  inbox.worker.start();
  await inbox.clock.rest();
  const atOnce = tries;
  await inbox.clock.pass(60_000);

  expect([atOnce, tries]).toEqual([1, 7]);
  expect(inbox.database.prepare('SELECT state FROM inbox').pluck().all()).toEqual(['done']);
  expect(inbox.storage.inbox.waiting()).toBe(0);
  expect(inbox.fatal).toEqual([]);
});

test('the text of an update is dropped once it was handled', async () => {
  const inbox = createInbox(() => {});
  inbox.add(1, { message: { text: 'my password is hunter2' } });

  inbox.worker.start();
  await inbox.clock.rest();

  expect(inbox.database.prepare('SELECT body FROM inbox').get()).toEqual({ body: '' });
});
