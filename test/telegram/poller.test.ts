import { expect, test } from 'vitest';
import { createAccess } from '../../src/telegram/access.ts';
import { createOutbox } from '../../src/telegram/outbox.ts';
import { createPoller, type HeardMessage, type PollerDeath, type PollerNews } from '../../src/telegram/poller.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import { openStorage } from '../fakes/open-storage.ts';
import { createScriptedApi } from '../fakes/scripted-api.ts';

const OWNER = 4242;
const STRANGER = 666;

function message(updateId: number, from = OWNER) {
  return { update_id: updateId, message: { message_id: 1, from: { id: from }, text: 'hi' } };
}

function startPoller(
  opened = openStorage(),
  claim: (message: HeardMessage) => (() => void) | undefined = () => undefined,
  heardBefore: () => number | undefined = () => undefined,
) {
  const { storage } = opened;
  const clock = createManualClock();
  const log = createMemoryLog();
  const api = createScriptedApi();
  const news: PollerNews[] = [];
  const deaths: PollerDeath[] = [];
  const fatal: unknown[] = [];
  let firsts = 0;
  const outbox = createOutbox({ storage, clock, chatId: OWNER, scrub: (text) => text, isQuiet: () => false });
  const access = createAccess({
    fleet: { telegram: { owners: [OWNER], approvers: [], viewers: [] } },
    storage,
    outbox,
    clock,
    log,
  });
  const poller = createPoller({
    api,
    storage,
    clock,
    log,
    random: { fraction: () => 0.5, token: () => 'x' },
    isKnown: access.isKnown,
    onStranger: access.onStranger,
    scrub: (text) => text,
    claim,
    heardBefore,
    onNews: (item) => news.push(item),
    onDeath: (death) => deaths.push(death),
    onFirst: () => {
      firsts += 1;
    },
    onFatal: (error) => fatal.push(error),
  });
  poller.start();
  const last = () => api.calls.at(-1)!;
  return { ...opened, clock, log, api, news, deaths, fatal, poller, last, firsts: () => firsts };
}

test('the first poll does not wait and the next ones do; only the three kinds that we read are asked for', async () => {
  const { clock, api, firsts } = startPoller();
  await clock.rest();

  api.calls[0]?.succeed([]);
  await clock.rest();

  expect(api.calls.map((call) => [call.payload['timeout'], call.timeoutMs])).toEqual([
    [0, 20_000],
    [25, 45_000],
  ]);
  expect(api.calls[0]?.payload['allowed_updates']).toEqual(['message', 'callback_query', 'my_chat_member']);
  expect(firsts()).toBe(1);
});

test('a batch is stored before the next poll confirms it', async () => {
  const { clock, api, last, storage } = startPoller();
  await clock.rest();

  last().succeed([message(10), message(11)]);
  await clock.rest();

  expect(storage.inbox.waiting()).toBe(2);
  expect(api.calls[0]?.payload['offset']).toBeUndefined();
  expect(last().payload['offset']).toBe(12);
});

test('a batch that could not be stored is not confirmed but asked for again', async () => {
  const { clock, last, api, storage, database, fatal, firsts } = startPoller();
  await clock.rest();
  database.exec(
    `CREATE TRIGGER broken BEFORE INSERT ON inbox BEGIN SELECT RAISE(ABORT, 'x'); END; PRAGMA max_page_count = 1`,
  );
  database.exec('DROP TRIGGER broken');
  const pages = database.pragma('page_count', { simple: true }) as number;
  database.pragma(`max_page_count = ${pages}`);
  const huge = { ...message(10), message: { from: { id: OWNER }, text: 'x'.repeat(2_000_000) } };

  last().succeed([huge]);
  await clock.rest();
  const before = { waiting: storage.inbox.waiting(), firsts: firsts(), calls: api.calls.length };
  database.pragma('max_page_count = 1000000');
  await clock.pass(5_000);
  last().succeed([huge]);
  await clock.rest();

  expect(before).toEqual({ waiting: 0, firsts: 0, calls: 1 });
  expect(fatal).toEqual([]);
  expect(api.calls[1]?.payload['offset']).toBeUndefined();
  expect(last().payload['offset']).toBe(11);
  expect({ waiting: storage.inbox.waiting(), firsts: firsts() }).toEqual({ waiting: 1, firsts: 1 });
});

/** How old each stored update may be, in minutes. */
function ages(database: ReturnType<typeof startPoller>['database']): unknown[] {
  return database.prepare('SELECT away_ms / 60000 FROM inbox ORDER BY sequence').pluck().all();
}

test('an update may be as old as the silence before it, and the next one is fresh', async () => {
  const { clock, last, database } = startPoller();
  await clock.rest();
  last().succeed([message(1)]);
  await clock.rest();

  await clock.pass(20_000);
  clock.jump(25 * 60_000);
  last().succeed([message(2)]);
  await clock.rest();
  last().succeed([message(3)]);
  await clock.rest();

  expect(ages(database)).toEqual([0, 25, 0]);
});

test('what follows a full batch may be as old as that batch', async () => {
  const { clock, last, database } = startPoller();
  await clock.rest();
  last().succeed([]);
  await clock.rest();

  clock.jump(30 * 60_000);
  last().succeed(Array.from({ length: 100 }, (_, index) => message(index + 1)));
  await clock.rest();
  last().succeed([message(101)]);
  await clock.rest();
  last().succeed([message(102)]);
  await clock.rest();

  expect(ages(database).slice(98)).toEqual([30, 30, 30, 0]);
});

test('the first batch may be as old as the last word that an earlier process heard', async () => {
  const { clock, last, database } = startPoller(
    openStorage(),
    () => undefined,
    () => Date.UTC(2026, 10, 22, 11),
  );
  await clock.rest();

  last().succeed([message(1)]);
  await clock.rest();

  expect(ages(database)).toEqual([60]);
});

test('what is written under a picture is heard like a message, and as little of it stored where it is claimed', async () => {
  const { clock, last, database } = startPoller(openStorage(), ({ text }) =>
    text === 'TEST-code-4711' ? () => {} : undefined,
  );
  await clock.rest();
  const picture = { message_id: 10, date: 1, chat: { id: OWNER }, from: { id: OWNER }, caption: 'TEST-code-4711' };

  last().succeed([{ update_id: 10, message: picture }]);
  await clock.rest();

  expect(database.prepare('SELECT body FROM inbox').pluck().all()).toEqual(['{"update_id":10}']);
});

test('a message that is claimed is stored without its content, and taken once though it comes twice', async () => {
  const heard: HeardMessage[] = [];
  const taken: string[] = [];
  const { clock, last, storage, database } = startPoller(openStorage(), (heardNow) => {
    heard.push(heardNow);
    return heardNow.text === 'TEST-code-4711' ? () => void taken.push(heardNow.text) : undefined;
  });
  await clock.rest();
  const update = (id: number, from: number, text: string) => ({
    update_id: id,
    message: {
      message_id: id,
      date: 1,
      chat: { id: from },
      from: { id: from },
      text,
      reply_to_message: { message_id: 5 },
    },
  });
  const batch = [
    update(10, OWNER, 'TEST-code-4711'),
    update(11, OWNER, 'hello'),
    update(12, STRANGER, 'TEST-code-4711'),
  ];

  last().succeed(batch);
  await clock.rest();
  last().succeed(batch);
  await clock.rest();

  expect(taken).toEqual(['TEST-code-4711']);
  expect(heard[0]).toEqual({
    userId: OWNER,
    chatId: OWNER,
    messageId: 10,
    text: 'TEST-code-4711',
    replyTo: 5,
    sentAt: 1_000,
  });
  expect(storage.inbox.waiting()).toBe(2);
  expect(database.prepare('SELECT body FROM inbox ORDER BY sequence').pluck().all()).toEqual([
    '{"update_id":10}',
    JSON.stringify(batch[1]),
  ]);
});

test('update ids that start again lower are followed', async () => {
  const { clock, last, storage } = startPoller();
  await clock.rest();
  last().succeed([message(900_000)]);
  await clock.rest();

  last().succeed([message(17)]);
  await clock.rest();

  expect(storage.inbox.waiting()).toBe(2);
  expect(last().payload['offset']).toBe(18);
});

test('a restart in the middle gets the same updates again and stores them once', async () => {
  const opened = openStorage();
  const first = startPoller(opened);
  await first.clock.rest();
  first.last().succeed([message(1), message(2)]);
  await first.clock.rest();

  const second = startPoller(opened);
  await second.clock.rest();
  second.last().succeed([message(1), message(2), message(3)]);
  await second.clock.rest();

  expect(opened.storage.inbox.waiting()).toBe(3);
});

test.each([
  [
    'message',
    (n: number) => ({ message: { message_id: n, date: n, chat: { id: OWNER }, from: { id: OWNER }, text: 'hi' } }),
  ],
  ['press', (n: number) => ({ callback_query: { id: `${n}`, data: 'x', from: { id: OWNER } } })],
])('another %s under an id that was seen before is stored, and the same one again is not', async (_kind, body) => {
  const { clock, last, storage } = startPoller();
  await clock.rest();
  last().succeed([{ update_id: 5, ...body(1) }]);
  await clock.rest();

  last().succeed([{ update_id: 5, ...body(1) }]);
  await clock.pass(500);
  const again = storage.inbox.waiting();
  last().succeed([{ update_id: 5, ...body(2) }]);
  await clock.rest();

  expect([again, storage.inbox.waiting()]).toEqual([1, 2]);
});

test('a message of a stranger sends nothing that waits for its chat any sooner', async () => {
  const { clock, last, storage } = startPoller();
  await clock.rest();
  const inTenMinutes = clock.now() + 600_000;
  storage.transaction(() =>
    storage.outbox.add({
      key: 'a',
      class: 'card',
      priority: 3,
      chatId: OWNER,
      replyToKey: null,
      content: '{}',
      silent: 0,
      nextAt: inTenMinutes,
      giveUpAt: null,
      createdAt: clock.now(),
    }),
  );

  last().succeed([message(1, STRANGER)]);
  await clock.rest();

  expect(storage.outbox.get('a')?.nextAt).toBe(inTenMinutes);
});

test('strangers are neither stored nor answered, and told of once a day', async () => {
  const { clock, last, storage, database } = startPoller();
  await clock.rest();

  last().succeed([message(1, STRANGER), message(2, STRANGER), message(3)]);
  await clock.rest();
  await clock.pass(24 * 3_600_000);
  last().succeed([{ update_id: 4, callback_query: { id: '1', from: { id: STRANGER } } }]);
  await clock.rest();

  const rows = database.prepare('SELECT key, chat_id AS chat, class FROM outbox').all();
  expect(storage.inbox.waiting()).toBe(1);
  expect(rows).toEqual([
    { key: 'stranger:2026-11-22', chat: OWNER, class: 'notice' },
    { key: 'stranger:2026-11-23', chat: OWNER, class: 'notice' },
  ]);
});

test('a stranger in a group is told of once he means us: people also talk to each other there', async () => {
  const { clock, last, storage } = startPoller();
  const inGroup = (id: number, text: string) => ({
    update_id: id,
    message: { message_id: id, from: { id: STRANGER }, chat: { id: -1001 }, text },
  });
  const told = () => storage.outbox.due(Number.MAX_SAFE_INTEGER, 5).length;
  await clock.rest();

  last().succeed([inGroup(1, 'lunch?')]);
  await clock.rest();
  const before = told();
  last().succeed([inGroup(2, '/status')]);
  await clock.rest();

  expect([before, told()]).toEqual([0, 1]);
});

test('a server that answers empty polls at once is asked twice a second, not without end', async () => {
  const { clock, api } = startPoller();
  api.answerWith((call) => call.succeed([]));
  await clock.rest();
  api.calls[0]?.succeed([]);

  await clock.pass(10_000);

  expect(api.calls.length).toBeLessThan(30);
  expect(api.calls.length).toBeGreaterThan(15);
});

test('an outage is told after a minute, and its end at the first answer', async () => {
  const { clock, api, news, last, log } = startPoller();
  await clock.rest();
  last().succeed([]);
  await clock.rest();
  news.length = 0;
  api.answerWith((call) => call.fail('unreachable'));
  last().fail('unreachable');

  await clock.pass(45_000);
  const early = news.length;
  await clock.pass(45_000);
  api.answerWith((call) => call.succeed([message(1)]));
  await clock.pass(31_000);

  expect(early).toBe(0);
  expect(news[0]?.kind).toBe('outage');
  expect(news.at(-1)?.kind).toBe('up');
  expect(log.lines.filter((line) => line.includes('getUpdates failed')).length).toBeLessThan(15);
});

test('an outage is told after a minute, also when the clock is set back by an hour in the middle of it', async () => {
  const { clock, api, news, last } = startPoller();
  await clock.rest();
  last().succeed([]);
  await clock.rest();
  api.answerWith((call) => call.fail('unreachable'));
  last().fail('unreachable');

  await clock.pass(10_000);
  clock.jump(-3_600_000);
  await clock.pass(80_000);

  expect(news.at(-1)?.kind).toBe('outage');
});

test('a clock that is set ahead by an hour makes neither an outage nor a hang of a poll that failed once', async () => {
  const { clock, api, news, last, deaths } = startPoller();
  await clock.rest();
  last().succeed([]);
  await clock.rest();
  api.answerWith((call) => call.fail('lost'));
  last().fail('lost');

  clock.jump(3_600_000);
  await clock.pass(10_000);

  expect([news.map(({ kind }) => kind), deaths]).toEqual([['up'], []]);
});

test('the first success of a process says up, since an earlier process may have told of an outage', async () => {
  const { clock, last, news } = startPoller();
  await clock.rest();

  last().succeed([]);
  await clock.rest();

  expect(news).toEqual([{ kind: 'up' }]);
});

test('another poller is told of after three conflicts in a row, once', async () => {
  const { clock, api, news } = startPoller();
  api.answerWith((call) => call.fail('conflict'));
  await clock.rest();
  api.calls[0]?.fail('conflict');

  await clock.pass(1_000);
  const early = news.length;
  await clock.pass(30_000);

  expect(early).toBe(0);
  expect(news.map((item) => item.kind)).toEqual(['conflict']);
});

test('polls that hang are made anew on new connections, and end the process after ten minutes', async () => {
  const { clock, api, deaths } = startPoller();
  api.answerWith((call) => void clock.after(call.timeoutMs, () => call.fail('lost')));
  await clock.rest();
  api.calls[0]?.fail('lost');

  await clock.pass(300_000);
  const early = { deaths: deaths.length, resets: api.resets };
  await clock.pass(400_000);

  expect(early.deaths).toBe(0);
  expect(early.resets).toBeGreaterThan(2);
  expect(deaths).toEqual([{ kind: 'hung', sinceMs: expect.any(Number) }]);
});

test('connections that are reset at once for an hour are an outage, and no reason to end', async () => {
  const { clock, api, deaths, news } = startPoller();
  api.answerWith((call) => call.fail('lost'));
  await clock.rest();
  api.calls[0]?.fail('lost');

  await clock.pass(3_600_000);

  expect(deaths).toEqual([]);
  expect(news.some((item) => item.kind === 'outage')).toBe(true);
});

test('a refused token ends the poller', async () => {
  const { clock, last, deaths, api } = startPoller();
  await clock.rest();

  last().fail('unauthorized');
  await clock.pass(60_000);

  expect(deaths).toEqual([{ kind: 'unauthorized', reason: 'getUpdates: scripted unauthorized' }]);
  expect(api.calls.length).toBe(1);
});

test('the pause that Telegram asks a poll for is kept', async () => {
  const { clock, last, api } = startPoller();
  await clock.rest();

  last().fail('flood', 17_000);
  await clock.pass(16_999);
  const early = api.calls.length;
  await clock.pass(1);

  expect([early, api.calls.length]).toEqual([1, 2]);
});

test('stopping ends a poll that waits', async () => {
  const { clock, poller, last } = startPoller();
  await clock.rest();
  last().succeed([]);
  await clock.rest();

  await poller.stop();

  expect(clock.timers).toBe(0);
});

test('says until when its step under way ends at the latest, a poll or a pause, and nothing once it is stopped', async () => {
  const { clock, poller, last } = startPoller();
  await clock.rest();
  const first = poller.settlesBy();
  last().succeed([]);
  await clock.rest();
  await clock.pass(1_000);
  const long = poller.settlesBy();
  const heardAt = poller.lastCompletedAt();
  clock.jump(-3_600_000);
  last().fail('flood', 3_600_000);
  await clock.rest();
  const pause = poller.settlesBy();

  await poller.stop();

  expect([first, long, heardAt]).toEqual([20_000, 45_000, 0]);
  expect(pause).toBe(clock.monotonic() + 3_600_000);
  expect(poller.settlesBy()).toBeUndefined();
});
