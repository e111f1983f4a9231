import { afterEach, describe, expect, it } from 'vitest';
import { HOUR, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';
import { addDraft, deliver, openDeskWorld } from './desk-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

const SHOP = -1002;

/** The writer works for the shop; the clerk has no place, so his drafts are told of in the fleet's chat, which is the owner's. */
async function open(): Promise<RoomWorld> {
  world = await openDeskWorld(`timezone: UTC
home: ./state
telegram: { owners: [1], places: { shop: { chat: ${SHOP}, topic: 7 } } }
agents:
  writer: { runtime: command, command: [/bin/writer], on: task, place: shop }
  clerk: { runtime: command, command: [/bin/clerk], on: task }
drafts: { burst: 3, kinds: { reply: { window: 20m } } }
`);
  return world;
}

/** The chats that got messages with such keys, with what these say. */
function told(of: RoomWorld, prefix: string): readonly (readonly [chat: number | null | undefined, text: string])[] {
  return of
    .shown()
    .filter(({ key }) => key.startsWith(prefix))
    .map(({ key, text }) => [of.storage.outbox.get(key)?.chatId, text]);
}

describe('drafts of several places', () => {
  it('are reminded of in their own place, in one message where there are several', async () => {
    const fleet = await open();
    const writers = [addDraft(fleet), addDraft(fleet)];
    const clerks = addDraft(fleet, { agent: 'clerk' });
    deliver(fleet);

    await fleet.advance(10 * MINUTE + SECOND);

    const [both] = told(fleet, 'review:');
    expect(both?.[0]).toBe(SHOP);
    expect(both?.[1]).toContain(`Reminder of 2 drafts: #${writers[0]}, #${writers[1]}`);
    expect(told(fleet, 'reminder:')).toMatchObject([[1, expect.stringContaining(`#${clerks}`)]]);
  });

  it('that come at once are one queue message for each place, with its own drafts', async () => {
    const fleet = await open();
    for (let n = 0; n < 4; n += 1) addDraft(fleet, { to: '@shop' });
    for (let n = 0; n < 4; n += 1) addDraft(fleet, { to: '@office', agent: 'clerk' });

    await fleet.advance(SECOND);

    const queues = told(fleet, 'review:');
    expect(queues).toHaveLength(2);
    expect(new Set(queues.map(([chat]) => chat))).toEqual(new Set([SHOP, 1]));
    expect(queues.find(([chat]) => chat === SHOP)?.[1]).not.toContain('@office');
    expect(queues.find(([chat]) => chat === 1)?.[1]).not.toContain('@shop');
  });

  it('that an absence left behind are one message for each place, with what is past there', async () => {
    const fleet = await open();
    addDraft(fleet, { to: '@shop' });
    for (let n = 0; n < 2; n += 1) addDraft(fleet, { to: '@office', agent: 'clerk', windowMs: 9 * HOUR });
    await fleet.advance(SECOND);
    deliver(fleet);

    await fleet.crash(2 * HOUR);
    await fleet.advance(20 * SECOND);

    const triages = told(fleet, 'review:');
    expect(triages).toHaveLength(2);
    expect(new Set(triages.map(([chat]) => chat))).toEqual(new Set([SHOP, 1]));
    expect(triages.find(([chat]) => chat === SHOP)?.[1]).toContain('⌛ Expired meanwhile: 1 draft\n#1 reply to @shop');
    expect(triages.find(([chat]) => chat === 1)?.[1]).not.toContain('Expired');
  });

  it('that expire are told of where they were', async () => {
    const fleet = await open();
    addDraft(fleet, { to: '@shop' });
    addDraft(fleet, { to: '@office', agent: 'clerk' });
    deliver(fleet);

    await fleet.advance(21 * MINUTE);

    expect(new Set(told(fleet, 'expired:').map(([chat]) => chat))).toEqual(new Set([SHOP, 1]));
  });
});
