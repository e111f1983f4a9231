import { loadFleetStatus } from '../../src/vigil/status.ts';
import { afterEach, expect, test } from 'vitest';
import { createRoomWorld, HOUR, MINUTE, type RoomWorld, SECOND, START } from '../loop/room-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

const FLEET = `timezone: UTC
home: ./state
telegram: { owners: [1, 2] }
agents:
  writer: { runtime: command, command: [/bin/writer], schedule: every 24h }
  poster: { runtime: command, command: [/bin/poster], publishes: [reply, post, flash] }
drafts:
  kinds:
    reply: { window: 4h, undo: 5m }
    post: { window: 4h }
    flash: { window: 2m, undo: 5m }
    note: { window: 1h, undo: 5m }
`;

async function open(): Promise<RoomWorld> {
  world = createRoomWorld(FLEET);
  world.behaviours['writer'] = (program) => program.exits(0);
  await world.begin();
  return world;
}

function add(of: RoomWorld, kind = 'reply'): number {
  const run = of.storage.runs.lastOf('writer')?.id ?? 0;
  const result = of.rooms.desk.submit({ agent: 'writer', run, kind, to: '@ada', body: 'hello' });
  if (result.kind === 'refused') throw new Error(result.reason);
  return result.id;
}

function card(of: RoomWorld, id: number) {
  return of.shown().find((message) => message.key === `draft:${id}:r1`);
}

function verdicts(of: RoomWorld): string[] {
  return of.storage.drafts.decisionsOf('writer', undefined, 100).map(({ verdict, actor }) => `${verdict} ${actor}`);
}

test('an approved draft goes out when its time to be taken back is over, and not before; its card says when', async () => {
  const fleet = await open();
  const id = add(fleet);

  const approved = fleet.rooms.desk.approve(id, 1, 'owner:1');
  await fleet.advance(5 * MINUTE - SECOND);

  expect(approved.said).toBe('Approved. It goes out at 09:05.');
  expect(card(fleet, id)?.text).toContain('✅ Approved 09:00 by owner 1, goes out at 09:05');
  expect(card(fleet, id)?.buttons).toEqual(['Undo']);
  expect(fleet.named('poster')).toHaveLength(0);

  await fleet.advance(2 * SECOND);

  expect(fleet.named('poster')).toHaveLength(1);
  expect(card(fleet, id)?.buttons).toEqual([]);
});

test('an approval that is taken back leaves the draft pending, with its publication dropped and its agent told', async () => {
  const fleet = await open();
  const id = add(fleet);
  fleet.rooms.desk.approve(id, 1, 'owner:1');
  await fleet.advance(MINUTE);

  const undone = fleet.rooms.desk.undo(id, 1, 'owner:1');
  await fleet.advance(HOUR);

  expect(undone).toMatchObject({ kind: 'done', said: 'Taken back: it waits for your decision again.' });
  expect(fleet.storage.drafts.get(id)).toMatchObject({ state: 'pending', decidedBy: null, undoUntil: null });
  expect(fleet.storage.publications.lastOf(id)?.state).toBe('dropped');
  expect(fleet.named('poster')).toHaveLength(0);
  expect(verdicts(fleet)).toEqual(['approved owner:1', 'undone owner:1']);
  expect(card(fleet, id)?.buttons).toEqual(['Approve', 'Edit', 'Reject', 'Snooze', 'Revise']);
});

test('a draft that was taken back can be approved again, and goes out once', async () => {
  const fleet = await open();
  const id = add(fleet);
  fleet.rooms.desk.approve(id, 1, 'owner:1');
  fleet.rooms.desk.undo(id, 1, 'owner:1');
  fleet.rooms.desk.approve(id, 1, 'owner:1');

  await fleet.advance(6 * MINUTE);

  expect(fleet.named('poster')).toHaveLength(1);
});

test('the second of two owners who take it back is told that the first did', async () => {
  const fleet = await open();
  const id = add(fleet);
  fleet.rooms.desk.approve(id, 1, 'owner:1');

  const first = fleet.rooms.desk.undo(id, 1, 'owner:1');
  const second = fleet.rooms.desk.undo(id, 1, 'owner:2');

  expect([first.kind, second.kind]).toEqual(['done', 'late']);
  expect(second.said).toBe('It was already taken back by owner 1.');
  expect(verdicts(fleet)).toEqual(['approved owner:1', 'undone owner:1']);
});

test('an undo loses against a publisher that has begun', async () => {
  const fleet = await open();
  const id = add(fleet);
  fleet.rooms.desk.approve(id, 1, 'owner:1');
  await fleet.advance(5 * MINUTE + SECOND);

  const undone = fleet.rooms.desk.undo(id, 1, 'owner:2');

  expect(undone).toEqual({ kind: 'late', said: 'It was approved by owner 1 and is being published right now.' });
  expect(fleet.named('poster')).toHaveLength(1);
  expect(fleet.storage.drafts.get(id)?.state).toBe('publishing');
});

test('with undo 0 the publisher has its run as soon as the loop looked, and there is no button', async () => {
  const fleet = await open();
  const id = add(fleet, 'post');

  const approved = fleet.rooms.desk.approve(id, 1, 'owner:1');
  await fleet.settle();

  expect(approved.said).toBe('Approved, going out.');
  expect(fleet.storage.runs.lastOf('poster')?.wantedAt).toBe(START);
  expect(card(fleet, id)?.buttons).toEqual([]);
});

test('what waits under a hold can be taken back even where undo is 0', async () => {
  const fleet = await open();
  const id = add(fleet, 'post');
  fleet.rooms.holds.pause('poster', 'owner:1', undefined, false);
  fleet.rooms.desk.approve(id, 1, 'owner:1');
  await fleet.advance(10 * MINUTE);
  const waiting = card(fleet, id);

  const undone = fleet.rooms.desk.undo(id, 1, 'owner:1');
  fleet.rooms.holds.resume('poster', 'owner:1');
  await fleet.advance(MINUTE);

  expect(waiting?.text).toContain('paused by owner 1');
  expect(waiting?.buttons).toEqual(['Undo']);
  expect(undone.kind).toBe('done');
  expect(fleet.named('poster')).toHaveLength(0);
});

test('the time to take it back never lasts past the window: it goes out in the last tenth of what was left', async () => {
  const fleet = await open();
  const id = add(fleet, 'flash');

  fleet.rooms.desk.approve(id, 1, 'owner:1');
  await fleet.advance(107 * SECOND);
  expect(fleet.named('poster')).toHaveLength(0);
  await fleet.advance(2 * SECOND);

  expect(fleet.storage.drafts.get(id)?.state).toBe('publishing');
});

test('an approval whose window ends within a second goes out at once, and says that there is no Undo', async () => {
  const fleet = await open();
  const id = add(fleet, 'flash');
  await fleet.advance(119 * SECOND + 500);

  const approved = fleet.rooms.desk.approve(id, 1, 'owner:1');
  await fleet.advance(300);

  expect(approved.said).toBe('Approved, going out now: its window ends too soon for an Undo.');

  expect(fleet.storage.drafts.get(id)?.state).toBe('publishing');
});

test('a kind that nobody publishes is not taken back: its agent was told already', async () => {
  const fleet = await open();
  const id = add(fleet, 'note');
  fleet.rooms.desk.approve(id, 1, 'owner:1');

  expect(card(fleet, id)?.buttons).toEqual([]);
  expect(fleet.rooms.desk.undo(id, 1, 'owner:1').kind).toBe('late');
});

test('what is on the way out is what somebody publishes: from its approval until it is published', async () => {
  const fleet = await open();
  const onTheWay = () => loadFleetStatus(fleet.fleet, fleet.storage, fleet.now()).drafts.approved;
  fleet.rooms.desk.approve(add(fleet, 'note'), 1, 'owner:1');

  expect(onTheWay()).toBe(0);
  fleet.rooms.desk.approve(add(fleet), 1, 'owner:1');
  expect(onTheWay()).toBe(1);
  await fleet.advance(6 * MINUTE);
  expect(onTheWay()).toBe(1);
  fleet.named('poster')[0]?.exits(0);
  await fleet.settle();
  expect(onTheWay()).toBe(0);
});

test('after a crash within the time to take it back it still goes out once, at its time', async () => {
  const fleet = await open();
  const id = add(fleet);
  fleet.rooms.desk.approve(id, 1, 'owner:1');
  await fleet.advance(MINUTE);

  await fleet.crash();
  await fleet.advance(3 * MINUTE);
  expect(fleet.named('poster')).toHaveLength(0);
  await fleet.advance(2 * MINUTE);

  expect(fleet.named('poster')).toHaveLength(1);
});

test('a clock that is set back keeps the time to take it back as long as it was', async () => {
  const fleet = await open();
  const id = add(fleet);
  const before = START - HOUR;
  fleet.rooms.desk.approve(id, 1, 'owner:1');

  fleet.storage.transaction(() => {
    fleet.storage.drafts.setBack({ now: before, byMs: HOUR });
    fleet.storage.publications.setBack({ now: before, byMs: HOUR });
  });

  expect(fleet.storage.drafts.get(id)?.undoUntil).toBe(before + 5 * MINUTE);
  expect(fleet.storage.publications.lastOf(id)?.nextAt).toBe(before + 5 * MINUTE);
});
