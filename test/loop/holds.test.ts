import { afterEach, describe, expect, it } from 'vitest';
import { loadExplanation } from '../../src/loop/why.ts';
import { createRoomWorld, HOUR, MINUTE, type RoomWorld, SECOND, START } from './room-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

const FLEET = `timezone: UTC
home: ./state
telegram: { owners: [1] }
agents:
  scout: { runtime: command, command: [/bin/scout], schedule: every 5m }
  clerk: { runtime: command, command: [/bin/clerk], schedule: every 5m }
`;

async function open(): Promise<RoomWorld> {
  world = createRoomWorld(FLEET);
  world.behaviours['scout'] = (program) => program.exits(0);
  world.behaviours['clerk'] = (program) => program.exits(0);
  await world.begin();
  return world;
}

describe('owner holds', () => {
  it('add up: one agent of a paused fleet stays held when only that one is resumed', async () => {
    const fleet = await open();
    fleet.rooms.holds.pause('all', 'owner:1', undefined, false);
    fleet.rooms.holds.pause('scout', 'owner:1', undefined, false);

    const result = fleet.rooms.holds.resume('scout', 'owner:1');
    await fleet.advance(6 * MINUTE);

    expect(result).toMatchObject({ released: true, stillHeld: ['the fleet is paused'] });
    expect(fleet.named('scout')).toHaveLength(1);
  });

  it('release every agent and run those that missed something when all is resumed', async () => {
    const fleet = await open();
    fleet.rooms.holds.pause('all', 'owner:1', undefined, false);
    fleet.rooms.holds.pause('scout', 'owner:1', undefined, false);
    await fleet.advance(6 * MINUTE);

    const result = fleet.rooms.holds.resume('all', 'owner:1');
    await fleet.advance(SECOND);

    expect(result).toMatchObject({ released: true, stillHeld: [] });
    expect([fleet.named('scout').length, fleet.named('clerk').length]).toEqual([2, 2]);
    expect(fleet.receipts('scout')).toEqual(['ran', 'skipped: the fleet is paused', 'ran']);
  });

  it('start nobody early when nothing was missed under them', async () => {
    const fleet = await open();
    fleet.rooms.holds.pause('scout', 'owner:1', undefined, false);
    await fleet.advance(MINUTE);

    fleet.rooms.holds.resume('scout', 'owner:1');
    await fleet.advance(SECOND);

    expect(fleet.named('scout')).toHaveLength(1);
  });

  it('survive a restart', async () => {
    const fleet = await open();
    fleet.rooms.holds.pause('scout', 'owner:1', undefined, false);

    await fleet.crash(HOUR);
    await fleet.advance(6 * MINUTE);

    expect(fleet.named('scout')).toHaveLength(1);
    expect(fleet.named('clerk').length).toBeGreaterThan(1);
    expect(fleet.holds()).toEqual(['scout: paused by you']);
  });

  it('end by themselves when they were placed for a time, also while Nightdesk was away', async () => {
    const fleet = await open();
    fleet.rooms.holds.pause('scout', 'owner:1', 7 * MINUTE, false);
    await fleet.advance(6 * MINUTE);
    expect(fleet.holds()).toHaveLength(1);

    await fleet.crash(5 * MINUTE);

    expect(fleet.holds()).toEqual([]);
    expect(fleet.named('scout')).toHaveLength(2);
  });

  it('run what was missed at the moment in which their time is over, and nobody who missed nothing', async () => {
    const fleet = await open();
    fleet.rooms.holds.pause('scout', 'owner:1', 7 * MINUTE, false);
    fleet.rooms.holds.pause('clerk', 'owner:1', 4 * MINUTE, false);

    await fleet.advance(4 * MINUTE + SECOND);
    const clerks = fleet.named('clerk').length;
    await fleet.advance(3 * MINUTE);

    expect(clerks).toBe(1);
    expect(fleet.named('scout').map((program) => program.startedAt - START)).toEqual([0, 7 * MINUTE]);
    expect(fleet.receipts('scout')).toEqual(['ran', 'skipped: paused by you', 'ran']);
  });

  it('of the whole fleet run everyone who missed something when their time is over', async () => {
    const fleet = await open();
    fleet.rooms.holds.pause('all', 'owner:1', 7 * MINUTE, false);

    await fleet.advance(7 * MINUTE + SECOND);

    expect([fleet.named('scout').length, fleet.named('clerk').length]).toEqual([2, 2]);
  });

  it('leave running work alone unless they are placed with now', async () => {
    const fleet = await open();
    fleet.behaviours['scout'] = () => {};
    await fleet.advance(5 * MINUTE);

    const gently = fleet.rooms.holds.pause('scout', 'owner:1', undefined, false);
    await fleet.advance(SECOND);
    expect({ ...gently, alive: fleet.running().length }).toEqual({ stopped: 0, asked: 0, running: 1, alive: 1 });
    const hard = fleet.rooms.holds.pause('scout', 'owner:1', undefined, true);
    await fleet.advance(SECOND);

    expect({ ...hard, alive: fleet.running().length }).toEqual({ stopped: 1, asked: 0, running: 0, alive: 0 });
    expect(fleet.storage.runs.lastOf('scout')).toMatchObject({ state: 'stopped', stopReason: 'paused' });
  });

  it('are no reason to wait any more once they are released', async () => {
    const fleet = await open();
    const { dues, holds } = fleet.storage;
    fleet.rooms.holds.pause('scout', 'owner:1', undefined, false);
    fleet.storage.transaction(() => {
      dues.wait('scout', fleet.now(), 'task');
      dues.explain(dues.waitingOf('scout')?.id ?? 0, holds.active()[0]?.reason ?? '');
    });

    fleet.rooms.holds.resume('scout', 'owner:1');

    expect(dues.waitingOf('scout')).toMatchObject({ cause: 'task', reason: null });
  });

  it('say that nothing was released when nothing was held', async () => {
    const fleet = await open();

    expect(fleet.rooms.holds.resume('scout', 'owner:1')).toMatchObject({ released: false, stillHeld: [] });
  });
});

describe('loadExplanation', () => {
  it('tells what holds an agent, what it waits for, and its receipts with their runs, newest first', async () => {
    const fleet = await open();
    fleet.rooms.holds.pause('all', 'owner:1', undefined, false);
    await fleet.advance(6 * MINUTE);
    const agent = fleet.fleet.agents.get('scout');
    if (agent === undefined) throw new Error('the fleet has a scout');

    const explanation = loadExplanation(agent, fleet.storage, 5);

    expect(explanation.running).toBeUndefined();
    expect(explanation.holds.map((hold) => hold.reason)).toEqual(['the fleet is paused']);
    expect(explanation.next?.dueAt).toBe(fleet.now() + 4 * MINUTE);
    expect(explanation.receipts.map(({ due, run }) => [due.state, run?.state])).toEqual([
      ['skipped', undefined],
      ['ran', 'done'],
    ]);
  });
});
