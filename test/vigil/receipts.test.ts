import { afterEach, describe, expect, it } from 'vitest';
import type { DueRow } from '../../storage/due-store.ts';
import { decideReceipt } from '../../src/vigil/receipts.ts';
import { createRoomWorld, HOUR, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

async function open(schedule: string): Promise<RoomWorld> {
  world = createRoomWorld(
    `timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\nagents:\n  scout: { runtime: command, command: [/bin/scout], schedule: ${schedule} }\n`,
    { withVigil: true },
  );
  world.behaviours['scout'] = (program) => program.exits(0);
  await world.begin();
  return world;
}

const DUE: DueRow = {
  id: 1,
  agent: 'scout',
  dueAt: 0,
  lastAt: 0,
  times: 1,
  cause: 'schedule',
  state: 'waiting',
  reason: null,
  runId: null,
  settledAt: null,
};

const incidents = (fleet: RoomWorld) => fleet.rooms.incidents.unresolved().map(({ incident }) => incident);

describe('the decision about a receipt', () => {
  const facts = { now: 0, since: 0, waiting: undefined, alive: undefined, lonelySince: undefined };

  it.each([
    ['nothing is wrong where nothing is known', facts, undefined],
    ['a due time of some minutes is on its way', { ...facts, waiting: DUE, now: 5 * MINUTE - 1 }, undefined],
    [
      'an unexplained one is not',
      { ...facts, waiting: DUE, now: 5 * MINUTE },
      'it has been due for 5 min, and nothing came of it',
    ],
    ['an explained one waits', { ...facts, waiting: { ...DUE, reason: 'waits for memory' }, now: HOUR }, undefined],
    ['one of before a start is given its time', { ...facts, waiting: DUE, now: HOUR, since: HOUR - MINUTE }, undefined],
    [
      'an agent without any next time is forgotten',
      { ...facts, lonelySince: 0, now: 5 * MINUTE },
      'it has a schedule, and no next due time',
    ],
  ])('receipt: %s', (_, given, problem) => {
    expect(decideReceipt(given)).toBe(problem);
  });
});

describe('the watch over receipts', () => {
  it('says nothing while the loop does its work', async () => {
    const fleet = await open('every 10m');

    await fleet.advance(HOUR);

    expect(incidents(fleet)).toEqual([]);
  });

  it('tells of a due time without a receipt when the scheduler does not look, and of its receipt', async () => {
    const fleet = await open('every 10m');
    await fleet.advance(MINUTE);
    await fleet.rooms.scheduler.stop();

    await fleet.advance(9 * MINUTE + 4 * MINUTE);
    expect(incidents(fleet)).toEqual([]);
    await fleet.advance(2 * MINUTE);
    expect(incidents(fleet)).toMatchObject([
      {
        kind: 'schedule',
        fingerprint: 'schedule:scout',
        severity: 'critical',
        evidence: 'it has been due for 5 min, and nothing came of it',
      },
    ]);
    fleet.rooms.scheduler.start();
    await fleet.advance(MINUTE);

    expect(incidents(fleet)).toEqual([]);
  });

  it('tells of a run that nobody starts', async () => {
    const fleet = await open('every 10m');
    await fleet.advance(MINUTE);
    await fleet.rooms.runner.stop();

    await fleet.advance(16 * MINUTE);

    expect(incidents(fleet)).toMatchObject([
      { kind: 'schedule', evidence: expect.stringMatching(/^run 2 has been starting for 5 min/) },
    ]);
  });
});

describe('a clock that jumps', () => {
  it('ahead is told once and closed at once, and agents run once to catch up', async () => {
    const fleet = await open('every 5m');
    await fleet.advance(MINUTE);

    fleet.setWall(3 * HOUR);
    await fleet.advance(10 * SECOND);

    const told = fleet.shown().filter(({ text }) => text.includes('clock jumped'));
    expect(told).toHaveLength(1);
    expect(told[0]?.text).toContain('The clock jumped 3 h ahead');
    expect(told[0]?.text).toContain('This machine slept, or its clock was set. 1 agent runs once to catch up.');
    expect(incidents(fleet)).toEqual([]);
    expect(fleet.named('scout')).toHaveLength(2);
    await fleet.advance(HOUR);
    expect(fleet.shown().filter(({ text }) => text.includes('clock jumped'))).toHaveLength(1);
  });

  it('is no jump while it is set right by seconds', async () => {
    const fleet = await open('every 5m');
    for (let number = 0; number < 20; number += 1) {
      fleet.setWall(5 * SECOND);
      await fleet.advance(10 * SECOND);
    }

    expect(fleet.shown().filter(({ text }) => text.includes('clock jumped'))).toEqual([]);
  });

  it.each([
    ['every 5m', 'every 5m'],
    ['a cron expression', '"*/5 * * * *"'],
  ])('back by a day leaves no agent asleep whose schedule is %s', async (_, schedule) => {
    const fleet = await open(schedule);
    await fleet.advance(11 * MINUTE);
    const before = fleet.named('scout').length;
    fleet.rooms.holds.pause('scout', 'owner:1', 2 * MINUTE, false);
    fleet.rooms.holds.resume('scout', 'owner:1');

    fleet.setWall(-24 * HOUR);
    await fleet.advance(11 * MINUTE);

    expect(fleet.named('scout').length - before).toBeGreaterThanOrEqual(2);
    const told = fleet.shown().find(({ text }) => text.includes('clock jumped'));
    expect(told?.text).toContain('The clock jumped 24 h back');
    expect(incidents(fleet)).toEqual([]);
  });

  it('back by an hour runs nobody twice who is due once a day', async () => {
    const fleet = await open('"30 9 * * *"');
    await fleet.advance(40 * MINUTE);
    expect(fleet.named('scout')).toHaveLength(1);

    fleet.setWall(-HOUR);
    await fleet.advance(2 * HOUR);

    expect(fleet.named('scout')).toHaveLength(1);
  });

  it('back moves a pause of its owner with it, and says until when it is', async () => {
    const fleet = await open('every 5m');
    fleet.rooms.holds.pause('scout', 'owner:1', HOUR, false);
    await fleet.advance(MINUTE);

    fleet.setWall(-3 * HOUR);
    await fleet.advance(10 * SECOND);

    const told = fleet.shown().find(({ text }) => text.includes('clock jumped'));
    expect(told?.text).toContain('moved back with it: 1 hold.');
    expect(told?.text).toContain('Held now: scout until 12 January 07:00');
  });
});
