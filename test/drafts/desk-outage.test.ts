import { afterEach, describe, expect, it } from 'vitest';
import { TELEGRAM_OUTAGE } from '../../src/telegram/poller-watch.ts';
import { HOUR, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';
import { addDraft, DESK_FLEET, deliver, openDeskWorld, waitingKeys } from './desk-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

async function open(yaml = DESK_FLEET): Promise<RoomWorld> {
  world = await openDeskWorld(yaml);
  return world;
}

/** Telegram is out of reach from now on, as the poller tells it. */
function cutTelegram(of: RoomWorld): void {
  of.rooms.incidents.report({
    kind: 'poller',
    fingerprint: TELEGRAM_OUTAGE,
    subject: 'telegram',
    severity: 'critical',
    title: 'Telegram could not be reached',
    evidence: 'refused',
    agents: [],
    note: '',
  });
}

/** New messages of the desk that wait to be sent: edits make no sound, and incidents have messages of their own. */
function news(of: RoomWorld): string[] {
  return waitingKeys(of).filter(
    (key) => /^(draft|review|reminder|woken|expired|rule)/.test(key) && of.storage.outbox.get(key)?.messageId === null,
  );
}

describe('after an absence', () => {
  it('one message tells what is past and what still waits, instead of expiries and reminders', async () => {
    const fleet = await open();
    addDraft(fleet, { windowMs: 20 * MINUTE, to: '@gone' });
    addDraft(fleet, { windowMs: 4 * HOUR, to: '@late' });
    addDraft(fleet, { windowMs: 3 * HOUR, to: '@next' });
    await fleet.advance(SECOND);
    deliver(fleet);

    await fleet.crash(2 * HOUR);
    await fleet.advance(20 * SECOND);

    const told = fleet.shown().filter(({ key }) => key.startsWith('review:'));
    expect(told).toHaveLength(1);
    expect(told[0]?.text).toContain('I was away for 2 h');
    expect(told[0]?.text).toContain('⌛ Expired meanwhile: 1 draft\n#1 reply to @gone');
    expect(told[0]?.text.indexOf('@next')).toBeLessThan(told[0]?.text.indexOf('@late') ?? -1);
    expect(told[0]?.buttons.join()).toContain('Review');
    expect(news(fleet).filter((key) => /^(expired|reminder)/.test(key))).toEqual([]);
    expect(fleet.storage.drafts.get(1)?.state).toBe('expired');
  });

  it('is told once, also when it crashes again at once', async () => {
    const fleet = await open();
    addDraft(fleet, { windowMs: 20 * MINUTE });
    deliver(fleet);

    await fleet.crash(2 * HOUR);
    await fleet.crash(SECOND);
    await fleet.advance(20 * SECOND);

    expect(waitingKeys(fleet, 'review:')).toHaveLength(1);
    expect(waitingKeys(fleet, 'expired')).toEqual([]);
  });

  it('is told with what expired before, when the message about the absence before was never shown', async () => {
    const fleet = await open();
    addDraft(fleet, { windowMs: 20 * MINUTE, to: '@gone' });
    await fleet.advance(SECOND);
    deliver(fleet);
    await fleet.crash(2 * HOUR);
    await fleet.advance(MINUTE);

    await fleet.crash(HOUR);
    await fleet.advance(20 * SECOND);

    const told = fleet.shown().filter(({ key }) => key.startsWith('review:'));
    expect(told.map(({ text }) => text).join('\n')).toContain('#1 reply to @gone');
  });

  it('takes the cards that nobody has seen into that message', async () => {
    const fleet = await open();
    for (let n = 0; n < 4; n += 1) addDraft(fleet, { windowMs: 4 * HOUR });

    await fleet.crash(HOUR);
    await fleet.advance(SECOND);

    expect(news(fleet)).toEqual(['review:1']);
  });

  it('says nothing of its own where nothing ended and a single draft waits', async () => {
    const fleet = await open();
    const id = addDraft(fleet, { windowMs: 4 * HOUR });

    await fleet.crash(HOUR);
    await fleet.advance(SECOND);

    expect(news(fleet)).toEqual([`draft:${id}:r1`]);
  });

  it('is told after a sleep of the machine as well', async () => {
    const fleet = await open();
    addDraft(fleet, { windowMs: 20 * MINUTE });
    deliver(fleet);
    await fleet.advance(SECOND);

    fleet.jump(HOUR);
    await fleet.advance(20 * SECOND);

    expect(waitingKeys(fleet, 'review:')).toHaveLength(1);
    expect(waitingKeys(fleet, 'expired')).toEqual([]);
  });

  it('what ends is not told apart, whoever looks first', async () => {
    const fleet = await open();
    addDraft(fleet, { windowMs: 20 * MINUTE });
    deliver(fleet);
    await fleet.advance(SECOND);

    fleet.jump(HOUR);
    fleet.storage.transaction(() => fleet.rooms.desk.expireDue(fleet.now()));

    expect(fleet.storage.drafts.get(1)?.state).toBe('expired');
    expect(waitingKeys(fleet, 'expired')).toEqual([]);
  });

  it('is not made of a restart', async () => {
    const fleet = await open();
    addDraft(fleet);
    addDraft(fleet);
    deliver(fleet);

    await fleet.crash(20 * SECOND);
    await fleet.advance(20 * SECOND);

    expect(waitingKeys(fleet, 'review:')).toEqual([]);
  });
});

describe('an outage of Telegram', () => {
  it('of more than ten minutes ends with one message for all that it withheld', async () => {
    const fleet = await open();
    addDraft(fleet, { windowMs: 15 * MINUTE, to: '@gone' });
    deliver(fleet);
    await fleet.advance(MINUTE);
    cutTelegram(fleet);
    for (let n = 0; n < 3; n += 1) {
      addDraft(fleet, { windowMs: 2 * HOUR });
      await fleet.advance(5 * MINUTE);
    }

    expect(news(fleet)).toEqual([]);
    await fleet.crash(SECOND);
    await fleet.advance(20 * SECOND);
    expect(news(fleet)).toEqual([]);

    fleet.rooms.incidents.resolve(TELEGRAM_OUTAGE, 'back');
    await fleet.advance(20 * SECOND);

    expect(news(fleet)).toHaveLength(1);
    const [told] = fleet.shown().filter(({ key }) => key.startsWith('review:'));
    expect(told?.text).toContain('Telegram could not be reached for');
    expect(told?.text).toContain('@gone');
  });

  it('of a few minutes withholds nothing', async () => {
    const fleet = await open();
    const id = addDraft(fleet);
    cutTelegram(fleet);
    await fleet.advance(5 * MINUTE);
    fleet.rooms.incidents.resolve(TELEGRAM_OUTAGE, 'back');
    await fleet.advance(20 * SECOND);

    expect(news(fleet)).toEqual([`draft:${id}:r1`]);
  });

  it('tells of what expired just before it, and was not told any more', async () => {
    const fleet = await open();
    const id = addDraft(fleet, { windowMs: 5 * MINUTE });
    await fleet.advance(SECOND);
    deliver(fleet);
    await fleet.advance(6 * MINUTE);
    expect(news(fleet)).toContain(`expired:${id}:r1`);

    // Messages have not come through for minutes already when it is known as an outage.
    await fleet.advance(3 * MINUTE);
    cutTelegram(fleet);
    await fleet.advance(12 * MINUTE);
    fleet.rooms.incidents.resolve(TELEGRAM_OUTAGE, 'back');
    await fleet.advance(20 * SECOND);

    const [triage, ...others] = news(fleet);
    expect(others).toEqual([]);
    expect(fleet.shown().find(({ key }) => key === triage)?.text).toContain(`#${id} reply`);
  });

  it('leaves a single draft its card', async () => {
    const fleet = await open();
    cutTelegram(fleet);
    await fleet.advance(12 * MINUTE);
    const id = addDraft(fleet, { windowMs: 3 * HOUR });
    await fleet.advance(MINUTE);
    expect(news(fleet)).toEqual([]);

    fleet.rooms.incidents.resolve(TELEGRAM_OUTAGE, 'back');
    await fleet.advance(20 * SECOND);

    expect(news(fleet)).toEqual([`draft:${id}:r1`]);
  });

  it('lets no more than the burst wait as cards', async () => {
    const fleet = await open();
    for (let n = 0; n < 9; n += 1) {
      addDraft(fleet, { windowMs: 4 * HOUR });
      await fleet.advance(61 * SECOND);
    }

    expect(waitingKeys(fleet, 'draft:').length).toBeLessThanOrEqual(5);
    expect(waitingKeys(fleet, 'review:')).toHaveLength(1);
  });
});
