import { afterEach, describe, expect, it } from 'vitest';
import { createRoomWorld, HOUR, MINUTE, type RoomWorld, SECOND, START } from '../loop/room-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

const FLEET = `timezone: UTC
home: ./state
telegram: { owners: [1] }
agents:
  writer: { runtime: command, command: [/bin/writer], schedule: every 24h }
  poster: { runtime: command, command: [/bin/poster], publishes: [reply] }
drafts: { kinds: { reply: { window: 4h } } }
`;

async function open(): Promise<RoomWorld> {
  world = createRoomWorld(FLEET);
  world.behaviours['writer'] = (program) => program.exits(0);
  world.behaviours['poster'] = (program) => program.exits(0);
  await world.begin();
  return world;
}

function submit(of: RoomWorld, more: object = {}) {
  const run = of.storage.runs.lastOf('writer')?.id ?? 0;
  return of.rooms.desk.submit({ agent: 'writer', run, kind: 'reply', to: '@ada', body: 'hello', ...more });
}

function add(of: RoomWorld): number {
  const result = submit(of);
  if (result.kind === 'refused') throw new Error(result.reason);
  return result.id;
}

/** Telegram shows the card, as the sender would write it down. */
function deliver(of: RoomWorld, id: number, at: number): void {
  const row = of.storage.outbox.get(`draft:${id}:r1`);
  of.storage.transaction(() => of.storage.outbox.delivered(row?.id ?? 0, row?.wanted ?? 0, 100 + id, at));
}

function text(of: RoomWorld, id: number): string {
  return of.shown().find(({ key }) => key === `draft:${id}:r1`)?.text ?? '';
}

describe('the time to a decision', () => {
  it('counts from when the card was shown to the first word of a person about it', async () => {
    const fleet = await open();
    const [approved, edited] = [add(fleet), add(fleet)];
    deliver(fleet, approved, START + MINUTE);
    deliver(fleet, edited, START + MINUTE);
    await fleet.advance(11 * MINUTE);

    fleet.rooms.desk.edit(edited, 1, 'hi', 'owner:1');
    await fleet.advance(9 * MINUTE);
    fleet.rooms.desk.approve(approved, 1, 'owner:1');
    fleet.rooms.desk.approve(edited, 2, 'owner:1');
    await fleet.advance(SECOND);

    expect(fleet.storage.drafts.latencies(START)).toEqual([19 * MINUTE, 10 * MINUTE]);
    expect(fleet.storage.drafts.latencies(START + 12 * MINUTE)).toEqual([19 * MINUTE]);
  });

  it('counts from the submission where Telegram never said that it showed the card', async () => {
    const fleet = await open();
    const id = add(fleet);
    await fleet.advance(5 * MINUTE);

    fleet.rooms.desk.reject(id, 1, 'owner:1');
    fleet.rooms.desk.giveReason(id, 'no', 'owner:1');

    expect(fleet.storage.drafts.get(id)?.shownAt).toBe(START);
    expect(fleet.storage.drafts.latencies(START)).toEqual([5 * MINUTE]);
  });

  it('leaves out what a rule decided, and what expired is counted as missed', async () => {
    const fleet = await open();
    const ruled = add(fleet);
    add(fleet);
    fleet.rooms.desk.approve(ruled, 1, 'rule:reply');
    await fleet.advance(4 * HOUR + SECOND);

    expect(fleet.storage.drafts.latencies(START)).toEqual([]);
    expect(fleet.storage.drafts.missed(START)).toBe(1);
    expect(fleet.storage.drafts.missed(START + 5 * HOUR)).toBe(0);
  });
});

describe('the record of an agent', () => {
  it('stands on each new card, once there is one', async () => {
    const fleet = await open();
    const first = add(fleet);
    expect(text(fleet, first)).not.toContain('writer: ');
    const [edited, rejected] = [add(fleet), add(fleet)];
    fleet.rooms.desk.approve(first, 1, 'owner:1');
    fleet.rooms.desk.edit(edited, 1, 'hi', 'owner:1');
    fleet.rooms.desk.approve(edited, 2, 'owner:1');
    fleet.rooms.desk.reject(rejected, 1, 'owner:1');

    const next = add(fleet);

    expect(text(fleet, next)).toContain('writer: 1 as is · 1 edited · 1 rejected');
  });

  it('keeps what a rule let out apart from what a person approved', async () => {
    const fleet = await open();
    for (const by of ['owner:1', 'rule:reply', 'rule:reply']) fleet.rooms.desk.approve(add(fleet), 1, by);

    expect(text(fleet, add(fleet))).toContain('writer: 1 as is · 2 by your rule');
  });

  it('is of the newest fifty, and says so', async () => {
    const fleet = await open();
    for (let index = 0; index < 10; index += 1) fleet.rooms.desk.reject(add(fleet), 1, 'owner:1');
    for (let index = 0; index < 50; index += 1) fleet.rooms.desk.approve(add(fleet), 1, 'owner:1');

    expect(text(fleet, add(fleet))).toContain('writer: 50 as is (last 50)');
  });
});

describe('a draft that cannot be taken', () => {
  it.each([
    ['without text', { body: '  \n' }, 'the text is empty: there is nothing to approve'],
    [
      'with a text that nobody can see',
      { body: '\u200b\u2060 \u00a0' },
      'the text is empty: there is nothing to approve',
    ],
    ['to nobody', { to: ' ' }, 'it says nobody whom it goes to'],
    ['with a window of nothing', { windowMs: 0 }, 'its window is over before it begins: nobody could decide in time'],
    [
      'with a window in the past',
      { windowMs: -HOUR },
      'its window is over before it begins: nobody could decide in time',
    ],
  ])('is refused in a sentence: %s', async (_title, more, reason) => {
    const fleet = await open();

    expect(submit(fleet, more)).toEqual({ kind: 'refused', reason });
    expect(fleet.storage.drafts.countInState('pending')).toBe(0);
  });

  it('is not one of a megabyte: its card is a file with all of it', async () => {
    const fleet = await open();
    const body = '🌍 wide text\n'.repeat(75_000);

    const result = submit(fleet, { body });

    expect(result.kind).toBe('accepted');
    const row = fleet.storage.outbox.get('draft:1:r1');
    expect(JSON.parse(row?.content ?? '{}')).toMatchObject({ kind: 'document', content: body });
  });
});

it('tells who listens of each change within its transaction', async () => {
  const fleet = await open();
  const heard: string[] = [];
  fleet.rooms.desk.onChange((id) => {
    const draft = fleet.storage.drafts.get(id);
    heard.push(`${id} ${draft?.state} r${draft?.revision}${draft?.snoozedUntil === null ? '' : ' snoozed'}`);
  });

  const id = add(fleet);
  fleet.rooms.desk.snooze(id, 1, START + HOUR, 'owner:1');
  fleet.rooms.desk.wantVersion(id, 1, 'shorter', 'owner:1');
  fleet.rooms.desk.edit(id, 1, 'hi', 'owner:1');
  fleet.rooms.desk.reject(id, 2, 'owner:1');

  expect(heard).toEqual([
    '1 pending r1',
    '1 pending r1 snoozed',
    '1 pending r1 snoozed',
    '1 pending r2',
    '1 rejected r2',
  ]);
});
