import { afterEach, describe, expect, it } from 'vitest';
import { createRoomWorld, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

async function open(): Promise<RoomWorld> {
  world = createRoomWorld(
    'timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\nagents:\n  scout: { runtime: command, command: [/bin/scout], schedule: every 5m }\n',
  );
  await world.begin();
  return world;
}

const HANGS = { pid: 4_711, startTicks: '99', bootId: 'b', command: 'node stuck.js', ageMs: 61_000 };

describe('orphans', () => {
  it('holds the agent and names who could not be ended, until nobody is left', async () => {
    const fleet = await open();
    fleet.survivors.push(HANGS);

    fleet.named('scout')[0]?.exits(0);
    await fleet.settle();

    const [alert] = fleet.shown().filter(({ key }) => key.startsWith('incident:'));
    expect(alert?.text).toContain('scout: what run 1 started cannot be ended');
    expect(alert?.text).toContain('4711 (61 s old): node stuck.js');
    await fleet.advance(6 * MINUTE);
    expect(fleet.named('scout')).toHaveLength(1);

    fleet.survivors.length = 0;
    await fleet.advance(6 * MINUTE);

    expect(fleet.holds()).toEqual([]);
    expect(fleet.named('scout')).toHaveLength(2);
  });

  it('tells of those that a start finds and cannot end, and closes that once a later start finds nobody', async () => {
    const fleet = await open();
    fleet.named('scout')[0]?.exits(0);
    await fleet.settle();
    fleet.survivors.push(HANGS);
    await fleet.crash();

    expect(fleet.rooms.incidents.unresolved().map(({ incident }) => incident.fingerprint)).toContain('orphan:at-start');
    fleet.survivors.length = 0;
    await fleet.crash(SECOND);

    expect(fleet.rooms.incidents.unresolved().map(({ incident }) => incident.fingerprint)).not.toContain(
      'orphan:at-start',
    );
  });

  it('looks each minute at those that a start found, and says that it is over once nobody is left', async () => {
    const fleet = await open();
    fleet.named('scout')[0]?.exits(0);
    await fleet.settle();
    fleet.survivors.push(HANGS, { ...HANGS, pid: 4_712 });
    await fleet.crash();
    await fleet.advance(3 * MINUTE);
    const asked = fleet.sweeps.filter(({ identity }) => identity?.pid === HANGS.pid);
    const during = fleet.rooms.incidents.unresolved().map(({ incident }) => incident.fingerprint);

    fleet.survivors.length = 0;
    await fleet.advance(MINUTE + 5 * SECOND);
    const swept = fleet.sweeps.length;
    await fleet.advance(3 * MINUTE);

    expect(asked.length).toBeGreaterThanOrEqual(3);
    expect(asked[0]).toEqual({ identity: { pid: 4_711, startTicks: '99', bootId: 'b' } });
    expect(during).toContain('orphan:at-start');
    expect(fleet.rooms.incidents.unresolved()).toEqual([]);
    expect(fleet.shown().some(({ text }) => text.includes('Nobody is left.'))).toBe(true);
    expect(fleet.sweeps.slice(swept).filter(({ identity }) => identity?.startTicks === '99')).toEqual([]);
  });

  it.each([
    ['one of them cannot be identified', { survivors: [HANGS, { ...HANGS, pid: 4_712, startTicks: '' }] }],
    ['there are more than were named', { survivors: [HANGS], unnamed: 3 }],
    ['nobody could be named', { survivors: [] }],
  ])('leaves what a start found to the next one when %s', async (_, found) => {
    const fleet = await open();
    fleet.rooms.orphans.sweptAll({ kind: 'survived', ...found }, []);
    for (const process of fleet.rooms.orphans.stranded())
      fleet.rooms.orphans.strandedSwept(process, { kind: 'gone', survivors: [] });

    expect(fleet.rooms.orphans.stranded()).toEqual([]);
    expect(fleet.rooms.incidents.unresolved().map(({ incident }) => incident.fingerprint)).toEqual(['orphan:at-start']);
  });

  it('tells of those that a lost run left under that run alone, and closes that once nobody is left', async () => {
    const fleet = await open();
    const unresolved = (): string[] => fleet.rooms.incidents.unresolved().map(({ incident }) => incident.fingerprint);
    fleet.survivors.push(HANGS);
    await fleet.crash();
    expect(unresolved()).toEqual(['orphan:1']);
    await fleet.crash(SECOND);
    expect(unresolved()).toEqual(['orphan:1']);

    fleet.survivors.length = 0;
    await fleet.crash(SECOND);

    expect(unresolved()).toEqual([]);
  });

  it('sweeps by mark a run that was killed between its start and its row', async () => {
    const fleet = await open();
    const asked = fleet.sweeps.length;
    await fleet.crash();

    expect(fleet.sweeps.slice(asked).filter(({ mark }) => mark?.isPrefix === true)).toHaveLength(1);
    expect(fleet.named('scout')[0]?.request.env['NIGHTDESK_MARK']).toBe(
      fleet.sweeps[asked]?.mark?.text.replace('NIGHTDESK_MARK=', ''),
    );
  });
});
