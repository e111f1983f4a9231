import { expect, it } from 'vitest';
import { fail, type Item, pass } from '../../src/checklist/item.ts';
import { createCallbackData } from '../../src/telegram/callback-data.ts';
import { mendBinding, renderChecklist } from '../../src/telegram/cards/checklist-card.ts';
import { LONGEST_TEXT } from '../../src/telegram/cards/words.ts';
import { createBotWorld } from './bot-world.ts';

/** The checklist as the phone shows it, before and after the machine has told. */
async function open() {
  const world = createBotWorld();
  const first = (await world.says('/checklist')) ?? '';
  const key = world.lastReply();
  const { checklist } = world.rooms;
  checklist.start();
  await expect.poll(() => world.textOf(key)).toContain('🟢 clock');
  await checklist.stop();
  return { world, first, key };
}

it('answers /checklist at once by the rows, and changes the message once the machine has told', async () => {
  const { world, first, key } = await open();

  expect(first).toContain('nobody has looked at this machine yet');
  expect(first).toContain('never drilled');
  const then = world.textOf(key) ?? '';
  expect(then).not.toContain('nobody has looked');
  expect(then.indexOf('🔴')).toBeLessThan(then.indexOf('⚪️'));
  expect(then.indexOf('⚪️')).toBeLessThan(then.indexOf('🟢'));
  expect(then).toContain('🟢 service · now');
});

it('shows what the machine last told, with its age, when it is asked again', async () => {
  const { world } = await open();

  await world.clock.pass(7 * 60_000);
  const again = await world.says('/checklist');

  expect(again).toContain('🟢 service · 7 min');
});

it('asks the machine anew at Refresh, also after a restart', async () => {
  const { world, key } = await open();
  const messageId = world.deliver(key);
  await world.clock.pass(5 * 60_000);

  const { answer } = await world.presses(world.button(key, 'Refresh'), { messageId });
  world.restart();
  const { checklist } = world.rooms;
  checklist.start();

  expect(answer?.text).toBe('Looking…');
  await expect.poll(() => world.rooms.storage.settings.get('checklist-wanted')).toBe('[]');
  await checklist.stop();
  expect(world.textOf(key)).toContain('🟢 service · now');
});

it('has a credential checked, and a backup made, as rows', async () => {
  const { world, key } = await open();
  const messageId = world.deliver(key);

  const checked = await world.presses(world.button(key, 'Check claude'), { messageId });
  const backedUp = await world.presses(world.button(key, 'Back up'), { messageId });
  const again = await world.presses(world.button(key, 'Back up'), { messageId });

  expect(checked.answer?.text).toBe('Checking claude…');
  expect(world.rooms.storage.credentials.get('claude')?.checkWantedAt).toBe(world.clock.now());
  expect([backedUp.answer?.text, again.answer?.text]).toEqual(['Backing up…', 'A backup is being made already.']);
  expect(world.database.prepare('SELECT state, asked_by AS askedBy FROM backup').all()).toEqual([
    { state: 'wanted', askedBy: 'owner:4242' },
  ]);
});

it('begins a drill that is due, and says by when its alert has to come', async () => {
  const { world, key } = await open();

  const { answer } = await world.presses(world.button(key, 'Drill auth'), { messageId: world.deliver(key) });

  expect(answer?.text).toBe('Drill auth: the alert has to come within 60 s.');
});

it('logs a dead credential in from the checklist', async () => {
  const world = createBotWorld();
  world.rooms.custodian.sign({ agent: 'scout', evidence: '401', generations: { claude: 1 } });
  await world.says('/checklist');
  const key = world.lastReply();

  const { answer } = await world.presses(world.button(key, 'Re-auth claude'), { messageId: world.deliver(key) });

  expect(answer?.text).toBe('Logging in…');
  expect(world.rooms.storage.logins.open().map(({ credential }) => credential)).toEqual(['claude']);
});

it('knows of no login of a program that names none, until it is refused', async () => {
  const world = createBotWorld();
  const before = await world.says('/checklist');
  world.rooms.custodian.sign({ agent: 'poster', evidence: '401', generations: { '~poster': 1 } });

  const after = await world.says('/checklist');

  expect(before).not.toContain('the login of poster');
  expect(after).toContain('logins checked: the login of poster is dead');
});

it('does nothing for a button that it did not make', async () => {
  const { world, key } = await open();
  const forged = world.button(key, 'Back up').replace(/[\w-]{11}$/, 'AAAAAAAAAAA');

  const { answer } = await world.presses(forged, { messageId: world.deliver(key) });

  expect(answer?.alert).toBe(true);
  expect(world.database.prepare('SELECT count(*) AS n FROM backup').get()).toEqual({ n: 0 });
});

it('shows a command in a way that a tap copies with what follows it', () => {
  const items: Item[] = [{ id: 'a', title: 'a', ...fail('x', 0, 'drill it: /drill auth, or copy /etc/run/x') }];

  const content = renderChecklist(items, view(false));
  const body = content.kind === 'text' ? content.body : { text: '', entities: [] };

  const copied = body.entities.filter(({ type }) => type === 'code');
  expect(copied.map(({ offset, length }) => body.text.slice(offset, offset + length))).toEqual(['/drill auth']);
});

function view(isChange: boolean) {
  return { now: 1_000_000, timezone: 'UTC', callbackData: createCallbackData('a key of the test'), isChange };
}

it('comes as a file when one message does not hold it, and stays a text where it is a message already', () => {
  const items: Item[] = Array.from({ length: 60 }, (_, index) => ({
    id: `${index}`,
    title: `item ${index}`,
    ...fail('e'.repeat(400), 0, 'm'.repeat(400)),
  }));

  const fresh = renderChecklist(items, view(false));
  const changed = renderChecklist(items, view(true));

  expect(fresh.kind === 'document' && fresh.content.includes('item 59')).toBe(true);
  expect(changed.kind === 'text' && changed.body.text.length <= LONGEST_TEXT).toBe(true);
});

it('has one button for each thing that can be mended, and data that Telegram takes', () => {
  const button = { kind: 'drill', drill: 'heartbeat' } as const;
  const items: Item[] = [
    { id: 'a', title: 'a', ...fail('x', 0, 'y', button) },
    { id: 'b', title: 'b', ...fail('x', 0, 'y', button) },
    { id: 'c', title: 'c', ...fail('x', 0, 'y', { kind: 'reauth', credential: 'c'.repeat(200) }) },
    { id: 'd', title: 'd', ...pass('x', 0) },
  ];

  const content = renderChecklist(items, view(false));
  const buttons = content.kind === 'text' ? (content.buttons ?? []).flat() : [];

  expect(buttons.map(({ text }) => text)).toEqual([
    '🧪 Drill heartbeat',
    expect.stringMatching(/^🔑 Re-auth c+…$/),
    '🔄 Refresh',
  ]);
  expect(buttons.every(({ data }) => Buffer.byteLength(data ?? '') <= 64)).toBe(true);
  expect(mendBinding(button)).toBe('mend:drill:heartbeat');
});
