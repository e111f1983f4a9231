import { describe, expect, it, test } from 'vitest';
import { createPlaces } from '../../src/telegram/places.ts';
import { followPlaces, tellTopicless } from '../../src/telegram/introduction.ts';
import { createStorage } from '../../storage/storage.ts';
import type { Fleet, Place } from '../../src/config/fleet.ts';
import { createVoidDisk } from '../fakes/void-disk.ts';
import { openStorage } from '../fakes/open-storage.ts';
import type { PendingCall } from '../fakes/scripted-api.ts';
import { APPROVER, createBotWorld, GROUP, OWNER } from './bot-world.ts';
import { createSenderWorld, text } from './sender-world.ts';

const SHOP = -1002;
const SHOP_TOPIC = 7;

type Telegram = Fleet['telegram'];

function telegramOf(places: Readonly<Record<string, Place>>, change: Partial<Telegram> = {}): Telegram {
  return {
    owners: [OWNER],
    approvers: [],
    viewers: [],
    chat: GROUP,
    topic: undefined,
    places: new Map(Object.entries(places)),
    ...change,
  };
}

function openBot() {
  return createBotWorld({}, GROUP, 'defaults: { place: shop }\n', [
    `approvers: [${APPROVER}]`,
    'topic: 3',
    `places: { shop: { chat: ${SHOP}, topic: ${SHOP_TOPIC} } }`,
  ]);
}

describe('where messages go', () => {
  it('is its agent’s place, for a card and for what follows it', async () => {
    const world = openBot();
    const id = world.submit('hello');
    world.deliver(`draft:${id}:r1`);

    world.rooms.desk.edit(id, 1, 'other words', `owner:${OWNER}`);

    expect(world.placeOf(`draft:${id}:r1`)).toEqual({ chatId: SHOP, topicId: SHOP_TOPIC });
    expect(world.placeOf(`draft:${id}:r2`)).toEqual({ chatId: SHOP, topicId: SHOP_TOPIC });
  });

  it('is its agent’s place for a question, too', () => {
    const { rooms, placeOf } = openBot();
    const run = rooms.storage.transaction(() =>
      rooms.storage.runs.add({
        agent: 'scout',
        cause: 'schedule',
        publicationId: null,
        wantedAt: 0,
        generations: '{}',
      }),
    );

    rooms.questions.ask({ run, agent: 'scout' }, { text: 'Which city?', options: [], withinMs: 60_000 });

    expect(placeOf('question:1')).toEqual({ chatId: SHOP, topicId: SHOP_TOPIC });
  });

  it('is the fleet’s own topic for an alert', () => {
    const { rooms, placeOf } = openBot();

    rooms.storage.transaction(() => rooms.outbox.send({ key: 'a', class: 'alert', content: text('dark') }));

    expect(placeOf('a')).toEqual({ chatId: GROUP, topicId: 3 });
  });

  it('is where a command was said, into the same topic', async () => {
    const world = openBot();

    await world.says('/status', { from: APPROVER, chatId: SHOP, topicId: 9 });

    expect(world.placeOf(world.lastReply())).toEqual({ chatId: SHOP, topicId: 9 });
  });

  it('is where the button is, for what a press asks', async () => {
    const world = openBot();
    const id = world.submit('hello');
    const at = { chatId: SHOP, topicId: SHOP_TOPIC };

    const { askKey } = await world.presses(world.button(`draft:${id}:r1`, 'Edit'), { at });
    await world.says('words in another topic', { chatId: SHOP, topicId: 8 });
    await world.says('better words', { chatId: SHOP, topicId: SHOP_TOPIC });

    expect(world.placeOf(askKey)).toEqual(at);
    expect(world.draft(id)).toMatchObject({ body: 'better words', revision: 2 });
  });
});

test('in a group that fleet.yaml does not name nobody is answered', async () => {
  const world = openBot();
  const before = world.rows();

  await world.says('/status', { chatId: -1999 });

  expect(world.rows()).toBe(before);
});

describe('a place that takes no messages', () => {
  const shop = { shop: { chatId: SHOP, topicId: SHOP_TOPIC } };

  function open(telegram: Telegram, answer: (call: PendingCall) => void) {
    const world = createSenderWorld(openStorage(), createVoidDisk(), (given) => given, undefined, { places: telegram });
    let shown = 0;
    world.api.answerWith((call) => {
      answer(call);
      call.succeed({ message_id: (shown += 1) });
    });
    const targets = () =>
      world.api.calls.map(({ payload }) => [payload['chat_id'], payload['message_thread_id'] ?? null]);
    const told = () =>
      world.api.calls.map((call) => String(world.shown(call))).filter((words) => words.startsWith('🧭'));
    return { ...world, targets, told };
  }

  it('is passed over for its chat where the topic is gone, and that is told once', async () => {
    const world = open(telegramOf(shop), (call) => {
      if (call.payload['message_thread_id'] === SHOP_TOPIC)
        call.fail('bad-request', undefined, 'sendMessage: Bad Request: message thread not found');
    });

    world.send('one', 'card', text('one'), { place: 'shop' });
    await world.clock.rest();
    world.send('two', 'card', text('two'), { place: 'shop' });
    await world.clock.rest();

    expect(world.row('one')).toMatchObject({ state: 'sent', chatId: SHOP, topicId: null });
    expect(world.row('two')).toMatchObject({ state: 'sent', chatId: SHOP, topicId: null });
    expect(world.told()).toHaveLength(1);
    expect(world.told()[0]).toContain('telegram.places.shop');
    expect(world.targets()).toContainEqual([GROUP, null]);
  });

  it.each(['Bad Request: TOPIC_CLOSED', 'Bad Request: topic closed', 'Bad Request: TOPIC_DELETED'])(
    'is passed over where Telegram says %s',
    async (words) => {
      const world = open(telegramOf(shop), (call) => {
        if (call.payload['message_thread_id'] !== undefined) call.fail('forbidden', undefined, words);
      });

      world.send('one', 'reply', text('one'), { place: 'shop' });
      await world.clock.rest();

      expect(world.row('one')).toMatchObject({ state: 'sent', chatId: SHOP, topicId: null });
    },
  );

  it('is passed over for the fleet’s chat where we were thrown out, and what waits there is shown anew', async () => {
    let isOut = false;
    const world = open(telegramOf(shop), (call) => {
      if (isOut && call.payload['chat_id'] === SHOP) call.fail('forbidden', undefined, 'Forbidden: bot was kicked');
    });
    const { storage } = world;
    const run = storage.transaction(() =>
      storage.runs.add({ agent: 'scout', cause: 'schedule', publicationId: null, wantedAt: 0, generations: '{}' }),
    );
    const draft = storage.transaction(() =>
      storage.drafts.add({
        agent: 'scout',
        runId: run,
        key: null,
        kind: 'reply',
        recipient: '@ada',
        url: null,
        context: null,
        priority: 3,
        createdAt: 0,
        windowEndsAt: null,
        body: 'hello',
        hash: 'x',
        media: '[]',
      }),
    );
    world.send(`draft:${draft}:r1`, 'card', text('waits'), { place: 'shop' });
    world.send('draft:99:r1', 'card', text('of nobody'), { place: 'shop' });
    await world.clock.rest();
    isOut = true;

    world.send('new', 'card', text('new'), { place: 'shop' });
    await world.clock.rest();

    expect(world.row('new')).toMatchObject({ state: 'sent', chatId: GROUP });
    expect(world.row(`draft:${draft}:r1`)).toMatchObject({ state: 'sent', chatId: GROUP });
    expect(world.row('draft:99:r1')).toMatchObject({ chatId: SHOP });
    expect(world.told()).toHaveLength(1);
    expect(world.told()[0]).toMatch(/cannot write to the place shop .*bot was kicked/);
  });

  it('has no answer to a command sent elsewhere', async () => {
    const world = open(telegramOf(shop), (call) => {
      if (call.payload['chat_id'] === SHOP) call.fail('forbidden');
    });

    world.send('reply:1', 'reply', text('status'), { chatId: SHOP });
    await world.clock.rest();

    expect(world.row('reply:1')).toMatchObject({ state: 'queued', chatId: SHOP });
  });

  it('is told of again once it had taken a message in between', async () => {
    let isOut = true;
    const world = open(telegramOf(shop), (call) => {
      if (isOut && call.payload['chat_id'] === SHOP) call.fail('forbidden');
    });
    const send = async (key: string) => {
      world.send(key, 'card', text(key), { place: 'shop' });
      await world.clock.pass(1_000);
    };

    await send('a');
    isOut = false;
    await send('b');
    isOut = true;
    await send('c');

    expect(world.told()).toHaveLength(2);
  });

  it.each([
    ['the fleet’s chat', telegramOf({}), undefined, 'telegram.chat'],
    ['a place', telegramOf({ shop: { chatId: SHOP, topicId: undefined } }), 'shop', 'telegram.places.shop.chat'],
  ])('is followed for good where %s became a supergroup', async (_title, telegram, place, key) => {
    const old = place === undefined ? GROUP : SHOP;
    const world = open(telegram, (call) => {
      if (call.payload['chat_id'] === old)
        call.fail(
          'forbidden',
          undefined,
          'Bad Request: group chat was upgraded to a supergroup chat (migrate_to_chat_id -100777)',
        );
    });

    world.send('one', 'card', text('one'), { place });
    await world.clock.rest();
    const before = world.api.calls.length;
    world.send('two', 'card', text('two'), { place });
    await world.clock.rest();

    expect(world.row('one')).toMatchObject({ state: 'sent', chatId: -100_777 });
    expect(world.targets().slice(before)).toEqual([[-100_777, null]]);
    expect(world.told()).toHaveLength(1);
    expect(world.told()[0]).toContain(key);
    expect(createPlaces({ fleet: { telegram }, storage: world.storage }).isOurs(-100_777)).toBe(true);
  });

  it('is the chat itself where a private chat has no topics', () => {
    const storage = createStorage(openStorage().database);
    const telegram = telegramOf({ mine: { chatId: APPROVER, topicId: 5 } });
    const places = createPlaces({ fleet: { telegram }, storage });

    const before = places.of('mine');
    storage.transaction(() => storage.settings.set('bot', JSON.stringify({ has_topics_enabled: false })));

    expect(before).toEqual({ chatId: APPROVER, topicId: 5 });
    expect(places.of('mine')).toEqual({ chatId: APPROVER, topicId: null });
  });
});

test('whoever fleet.yaml names no more is shown nothing more, in new messages and in old ones', async () => {
  const before = telegramOf({}, { approvers: [APPROVER] });
  const people = { approvers: [APPROVER] };
  const telegram = {
    ...before,
    get approvers() {
      return people.approvers;
    },
  };
  const world = createSenderWorld(openStorage(), createVoidDisk(), (given) => given, undefined, { places: telegram });
  world.api.answerWith((call) => call.succeed({ message_id: 5 }));
  world.send('review', 'reply', text('draft #1'), { chatId: APPROVER });
  await world.clock.rest();
  people.approvers = [];

  world.edit('review', text('draft #2'));
  world.send('more', 'reply', text('draft #3'), { chatId: APPROVER });
  world.send('strip', 'notice', { kind: 'delete', messageId: 5, isSecret: true }, { chatId: APPROVER });
  await world.clock.rest();

  expect(world.api.calls.map(({ method }) => method)).toEqual(['sendMessage', 'deleteMessage']);
  expect(world.row('review')?.state).toBe('sent');
  expect(world.row('more')?.state).toBe('refused');
});

test('that private chats have no topics is said once, with the keys that name some', () => {
  const telegram = telegramOf({ mine: { chatId: APPROVER, topicId: 5 } }, { chat: OWNER, topic: 2 });
  const { storage, outbox, row } = createSenderWorld();
  const keys = () => storage.outbox.due(Number.MAX_SAFE_INTEGER, 10).map(({ key }) => key);

  tellTopicless({ storage, outbox, fleet: { telegram } }, { has_topics_enabled: true });
  const before = keys();
  tellTopicless({ storage, outbox, fleet: { telegram } }, { has_topics_enabled: false });
  tellTopicless({ storage, outbox, fleet: { telegram } }, { has_topics_enabled: false });

  expect(before).toEqual([]);
  expect(keys()).toHaveLength(1);
  expect(row(keys()[0] ?? '')?.content).toContain('(telegram.topic, telegram.places.mine.topic)');
});

test('a reply is linked only to a message of the same place', async () => {
  const world = createSenderWorld();
  world.api.answerWith((call) => call.succeed({ message_id: 77 }));
  world.send('card', 'card');
  await world.clock.rest();

  world.send('elsewhere', 'reply', text('elsewhere'), { chatId: APPROVER, replyToKey: 'card' });
  world.send('here', 'reply', text('here'), { replyToKey: 'card' });
  await world.clock.rest();

  const linkOf = (words: string) =>
    world.api.calls.find((call) => world.shown(call) === words)?.payload['reply_parameters'];
  expect(linkOf('elsewhere')).toBeUndefined();
  expect(linkOf('here')).toMatchObject({ message_id: 77 });
});

describe('what waits when fleet.yaml changed', () => {
  const at = (chatId: number, topicId?: number): Place => ({ chatId, topicId });

  function open(telegram: Telegram) {
    const world = createSenderWorld(openStorage(), createVoidDisk(), (given) => given, undefined, { places: telegram });
    // Nothing is sent: Telegram does not answer.
    followPlaces(world.storage, { telegram });
    return world;
  }

  it.each([
    ['a place that moved', { shop: at(SHOP, 9) }, {}, { chatId: SHOP, topicId: 9 }],
    ['a place that is gone', {}, {}, { chatId: GROUP, topicId: null }],
    ['a place of another name, where it was', { store: at(SHOP, 7) }, {}, { chatId: SHOP, topicId: 7 }],
    ['a fleet that moved, and took the place along', {}, { chat: -1009, topic: 4 }, { chatId: -1009, topicId: 4 }],
  ])('goes with %s', (_title, places, change, expected) => {
    const before = telegramOf({ shop: at(SHOP, 7) });
    const { storage, send, row } = open(before);
    send('card', 'card', text('card'), { place: 'shop' });

    followPlaces(storage, { telegram: telegramOf(places, change) });

    expect(row('card')).toMatchObject(expected);
  });

  it('stays in what only others are called for', () => {
    const { storage, send, row } = open(telegramOf({ shop: at(SHOP, 7), blog: at(SHOP, 7) }));
    send('card', 'card', text('card'), { place: 'shop' });

    followPlaces(storage, { telegram: telegramOf({ shop: at(-1005), blog: at(SHOP, 7) }) });

    expect(row('card')).toMatchObject({ chatId: SHOP, topicId: 7 });
  });

  it('goes along from the chat that a version without places had kept', () => {
    const { storage, send, row } = createSenderWorld(openStorage(), createVoidDisk(), (given) => given, undefined, {
      places: telegramOf({}),
    });
    storage.transaction(() => storage.settings.set('chat', String(GROUP)));
    send('card', 'card', text('card'));

    followPlaces(storage, { telegram: telegramOf({}, { chat: -1009 }) });

    expect(row('card')).toMatchObject({ chatId: -1009, topicId: null });
  });
});
