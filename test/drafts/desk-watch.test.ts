import { afterEach, describe, expect, it } from 'vitest';
import { HOUR, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';
import { addDraft, DESK_FLEET, deliver, openDeskWorld, waitingKeys } from './desk-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

async function open(yaml = DESK_FLEET, withVigil = false): Promise<RoomWorld> {
  world = await openDeskWorld(yaml, withVigil);
  return world;
}

describe('reminders', () => {
  it('come once at half and at four fifths of the window, in reply to the card, with its buttons', async () => {
    const fleet = await open();
    const id = addDraft(fleet);
    deliver(fleet);

    await fleet.advance(10 * MINUTE - SECOND);
    expect(waitingKeys(fleet, 'reminder')).toEqual([]);
    await fleet.advance(2 * SECOND);
    const [first] = fleet.shown().filter(({ key }) => key.startsWith('reminder'));
    expect(first).toMatchObject({ key: `reminder:${id}:50`, silent: false });
    expect(first?.text).toContain('10 min left');
    expect(first?.buttons).toEqual(['Approve', 'Edit', 'Reject', 'Snooze', 'Revise']);
    expect(fleet.storage.outbox.get(`reminder:${id}:50`)?.replyToKey).toBe(`draft:${id}:r1`);
    deliver(fleet);

    await fleet.advance(6 * MINUTE);
    expect(waitingKeys(fleet, 'reminder')).toEqual([`reminder:${id}:80`]);
    deliver(fleet);
    await fleet.advance(3 * MINUTE);
    expect(waitingKeys(fleet, 'reminder')).toEqual([]);
  });

  it('say what became of the draft, without buttons, once it is decided', async () => {
    const fleet = await open();
    const id = addDraft(fleet);
    deliver(fleet);
    await fleet.advance(10 * MINUTE);
    deliver(fleet);

    fleet.rooms.desk.reject(id, 1, 'owner:1');

    const reminder = fleet.shown().find(({ key }) => key === `reminder:${id}:50`);
    expect(reminder).toMatchObject({ text: '⏰ Draft #1 to @ada: 🚫 rejected', buttons: [] });
  });

  it('all say what became of the draft, the earlier ones too', async () => {
    const fleet = await open();
    const id = addDraft(fleet);
    deliver(fleet);
    await fleet.advance(10 * MINUTE);
    deliver(fleet);
    await fleet.advance(6 * MINUTE);
    deliver(fleet);

    fleet.rooms.desk.reject(id, 1, 'owner:1');

    const told = [50, 80].map((percent) => fleet.shown().find(({ key }) => key === `reminder:${id}:${percent}`));
    expect(told.map((reminder) => reminder?.text)).toEqual(Array(2).fill('⏰ Draft #1 to @ada: 🚫 rejected'));
  });

  it('are one message when several are due within half a minute', async () => {
    const fleet = await open();
    addDraft(fleet);
    await fleet.advance(20 * SECOND);
    addDraft(fleet);
    await fleet.advance(SECOND);
    deliver(fleet);

    await fleet.advance(10 * MINUTE - 21 * SECOND);

    const told = fleet.shown().filter(({ text }) => text.includes('⏰'));
    expect(told.map(({ text }) => text.split('\n')[0])).toEqual(['⏰ Reminder of 2 drafts: #1, #2']);
    expect(told[0]?.text).toContain('\nAll that waits, the most urgent first:\n#');
    expect(waitingKeys(fleet, 'reminder')).toEqual([]);
    deliver(fleet);
    await fleet.advance(MINUTE);
    expect(fleet.shown().filter(({ text }) => text.includes('⏰'))).toEqual([]);
  });

  it('come with the highest percent only when several are late after a crash', async () => {
    const fleet = await open();
    const id = addDraft(fleet, { windowMs: 60 * SECOND });
    deliver(fleet);

    await fleet.crash(50 * SECOND);
    await fleet.advance(SECOND);

    expect(waitingKeys(fleet, 'reminder')).toEqual([`reminder:${id}:80`]);
    deliver(fleet);
    await fleet.crash(SECOND);
    await fleet.advance(500);
    expect(waitingKeys(fleet, 'reminder')).toEqual([]);
  });

  it('do not come twice when the clock is set back between the first and the second', async () => {
    const fleet = await open(DESK_FLEET, true);
    const id = addDraft(fleet);
    deliver(fleet);
    await fleet.advance(11 * MINUTE);
    expect(deliver(fleet)).toContain(`reminder:${id}:50`);

    fleet.setWall(-8 * MINUTE);
    await fleet.advance(9 * MINUTE);
    expect(deliver(fleet).filter((key) => key.startsWith('reminder'))).toEqual([]);

    await fleet.advance(6 * MINUTE);
    expect(waitingKeys(fleet, 'reminder')).toEqual([`reminder:${id}:80`]);
  });

  it('are planned anew at each start, since fleet.yaml may have changed', async () => {
    const fleet = await open();
    const id = addDraft(fleet);
    deliver(fleet);
    await fleet.advance(SECOND);
    fleet.storage.deskWatch.plan(id, null);

    await fleet.crash();
    await fleet.advance(10 * MINUTE);

    expect(waitingKeys(fleet, 'reminder')).toEqual([`reminder:${id}:50`]);
  });

  it('come without a sound in quiet hours', async () => {
    const fleet = await open(DESK_FLEET.replace('agents:', 'alerts: { quiet: "09:05-10:00" }\nagents:'));
    const id = addDraft(fleet);
    expect(fleet.shown()).toMatchObject([{ key: `draft:${id}:r1`, silent: false }]);
    deliver(fleet);

    await fleet.advance(10 * MINUTE + SECOND);

    expect(fleet.shown().find(({ key }) => key === `reminder:${id}:50`)).toMatchObject({ silent: true });
  });
});

describe('the countdown', () => {
  it('edits the card only where its words change', async () => {
    const fleet = await open();
    const id = addDraft(fleet, { kind: 'memo', windowMs: 20 * MINUTE });
    deliver(fleet);

    await fleet.advance(4 * MINUTE);
    expect(deliver(fleet)).toEqual([]);
    await fleet.advance(MINUTE + SECOND);
    expect(deliver(fleet)).toEqual([`edit draft:${id}:r1`]);
    await fleet.advance(4 * MINUTE);
    expect(deliver(fleet)).toEqual([]);
  });

  it('is kept up for the twenty most urgent cards only', async () => {
    const fleet = await open(DESK_FLEET.replace('burst: 5', 'burst: 100'));
    for (let n = 0; n < 25; n += 1) addDraft(fleet, { kind: 'memo', windowMs: 10 * MINUTE + (n + 3) * SECOND });
    await fleet.advance(SECOND);
    deliver(fleet);

    await fleet.advance(30 * SECOND);

    expect(deliver(fleet).filter((key) => key.startsWith('edit'))).toHaveLength(20);
  });
});

describe('a snooze that ends', () => {
  it('is told once, in reply to the card, and swallows the reminders of its time', async () => {
    const fleet = await open();
    const id = addDraft(fleet);
    deliver(fleet);
    fleet.rooms.desk.snooze(id, 1, fleet.now() + 17 * MINUTE, 'owner:1');
    deliver(fleet);

    await fleet.advance(16 * MINUTE);
    expect(waitingKeys(fleet)).toEqual([]);
    await fleet.advance(MINUTE + SECOND);

    const [woken] = fleet.shown().filter(({ key }) => key.startsWith('woken:'));
    expect(woken?.text).toContain('is back');
    expect(woken).toMatchObject({ silent: false, buttons: ['Approve', 'Edit', 'Reject', 'Snooze', 'Revise'] });
    deliver(fleet);
    await fleet.crash();
    await fleet.advance(2 * MINUTE);
    expect(waitingKeys(fleet).filter((key) => /woken|reminder/.test(key))).toEqual([]);
  });
});

describe('a burst', () => {
  it('of nineteen drafts is at most five cards and one message that is edited', async () => {
    const fleet = await open();
    const sent: string[] = [];
    for (let n = 0; n < 19; n += 1) {
      addDraft(fleet);
      if (n === 1) sent.push(...deliver(fleet));
      await fleet.advance(100);
    }
    await fleet.advance(SECOND);
    sent.push(...deliver(fleet));
    await fleet.advance(MINUTE);
    sent.push(...deliver(fleet));

    const messages = sent.filter((key) => !key.startsWith('edit'));
    expect(messages.filter((key) => key.startsWith('draft:')).length).toBeLessThanOrEqual(5);
    expect(messages.filter((key) => key.startsWith('draft:')).slice(0, 2)).toEqual(['draft:1:r1', 'draft:2:r1']);
    expect(messages.filter((key) => key.startsWith('review:'))).toHaveLength(1);
    expect(fleet.storage.reviews.waiting({}, [])).toBe(19);
  });

  it('is told of after a crash that came before its message', async () => {
    const fleet = await open();
    for (let n = 0; n < 8; n += 1) addDraft(fleet);

    await fleet.crash();
    await fleet.advance(SECOND);

    expect(waitingKeys(fleet, 'review:')).toHaveLength(1);
    expect(waitingKeys(fleet, 'draft:')).toEqual(['draft:1:r1']);
  });

  it('needs no reminder while the message that tells of it is newer than ten minutes', async () => {
    const fleet = await open();
    for (let n = 0; n < 8; n += 1) addDraft(fleet, { windowMs: 10 * MINUTE });
    await fleet.advance(SECOND);
    deliver(fleet);

    await fleet.advance(7 * MINUTE);

    expect(deliver(fleet).filter((key) => key.startsWith('reminder'))).toEqual(['reminder:1:50']);
    await fleet.advance(2 * MINUTE);
    expect(waitingKeys(fleet, 'reminder')).toEqual(['reminder:1:80']);
  });

  it('leaves a single draft its card at once', async () => {
    const fleet = await open();

    const id = addDraft(fleet);

    expect(waitingKeys(fleet)).toEqual([`draft:${id}:r1`]);
  });
});

describe('the watch over the desk', () => {
  it('does as little with a thousand waiting drafts as with one', async () => {
    const fleet = await open();
    addDraft(fleet, { kind: 'memo' });
    await fleet.advance(SECOND);
    fleet.storage.transaction(() => {
      for (let n = 0; n < 1_000; n += 1) addDraft(fleet, { kind: 'memo', windowMs: 9 * HOUR + n * SECOND });
    });
    await fleet.advance(10 * SECOND);

    const due = fleet.storage.deskWatch.due(fleet.now(), 2_000);

    expect(due).toEqual([]);
    expect(fleet.storage.deskWatch.nextAt()).toBeGreaterThan(fleet.now());
  });
});
