import { afterEach, describe, expect, it } from 'vitest';
import { createRoomWorld, HOUR, MINUTE, type RoomWorld, SECOND, START } from './room-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

const HEAD = 'timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\n';

function open(yaml: string): RoomWorld {
  world = createRoomWorld(HEAD + yaml);
  return world;
}

function agent(name: string, rest: string): string {
  return `  ${name}: { runtime: command, command: [/bin/${name}], ${rest} }\n`;
}

/** When the programs of that name were started, in minutes after the world's beginning. */
function startMinutes(of: RoomWorld, name: string): number[] {
  return of.named(name).map((program) => (program.startedAt - START) / MINUTE);
}

describe('scheduler', () => {
  it('runs an agent at once and then at each interval when its schedule is every', async () => {
    const fleet = open(`agents:\n${agent('scout', 'schedule: every 5m')}`);
    fleet.behaviours['scout'] = (program) => program.exits(0);

    await fleet.begin();
    await fleet.advance(16 * MINUTE);

    expect(startMinutes(fleet, 'scout')).toEqual([0, 5, 10, 15]);
    expect(fleet.receipts('scout')).toEqual(['ran', 'ran', 'ran', 'ran']);
  });

  it('runs an agent at the times of its expression only when its schedule is cron', async () => {
    const fleet = open(`agents:\n${agent('scout', 'schedule: "15,45 * * * *"')}`);
    fleet.behaviours['scout'] = (program) => program.exits(0);

    await fleet.begin();
    await fleet.advance(HOUR);

    expect(startMinutes(fleet, 'scout')).toEqual([15, 45]);
  });

  it('runs an agent again and again and leaves no skipped receipts when its schedule is continuous', async () => {
    const fleet = open(`agents:\n${agent('scout', 'schedule: continuous')}`);

    await fleet.begin();
    await fleet.advance(10 * MINUTE);
    fleet.named('scout')[0]?.exits(0);
    await fleet.advance(2 * SECOND);

    expect(fleet.named('scout')).toHaveLength(2);
    expect(fleet.receipts('scout')).toEqual(['ran', 'ran']);
  });

  it('skips a due time with a reason when the last run still goes on', async () => {
    const fleet = open(`agents:\n${agent('scout', 'schedule: every 5m')}`);

    await fleet.begin();
    await fleet.advance(11 * MINUTE);

    expect(fleet.named('scout')).toHaveLength(1);
    expect(fleet.receipts('scout')).toEqual(['ran', 'skipped x2: its last run is still going']);
  });

  it('runs an agent once and counts the missed ones when Nightdesk was away', async () => {
    const fleet = open(`agents:\n${agent('scout', 'schedule: every 5m')}${agent('clerk', 'schedule: "*/10 * * * *"')}`);
    fleet.behaviours['scout'] = (program) => program.exits(0);
    fleet.behaviours['clerk'] = (program) => program.exits(0);
    await fleet.begin();
    await fleet.advance(11 * MINUTE);

    await fleet.crash(HOUR);
    await fleet.advance(SECOND);

    expect(startMinutes(fleet, 'scout')).toEqual([0, 5, 10, 71]);
    expect(fleet.receipts('scout').at(-2)).toBe('missed x11: Nightdesk was not looking');
    expect(fleet.receipts('clerk').slice(-2)).toEqual(['missed x5: Nightdesk was not looking', 'ran']);
    for (const name of ['scout', 'clerk']) {
      const missed = fleet.storage.dues.receipts(name, 10).find(({ state }) => state === 'missed');
      const everyMs = (name === 'scout' ? 5 : 10) * MINUTE;
      expect((missed?.lastAt ?? 0) - (missed?.dueAt ?? 0)).toBe(((missed?.times ?? 0) - 1) * everyMs);
    }
    await fleet.advance(4 * MINUTE);
    expect(startMinutes(fleet, 'scout').at(-1)).toBe(75);
  });

  it('runs an agent once when it is due each second and Nightdesk was away for a week', async () => {
    const fleet = open(`agents:\n${agent('scout', 'schedule: "* * * * * *"')}`);
    fleet.behaviours['scout'] = (program) => program.exits(0);
    await fleet.begin();
    await fleet.advance(SECOND);
    const before = fleet.named('scout').length;

    await fleet.crash(7 * 24 * HOUR);
    await fleet.advance(5 * SECOND);

    expect(fleet.named('scout').length - before).toBeLessThanOrEqual(7);
  });

  it('keeps an agent within its active hours', async () => {
    const fleet = open(`agents:\n${agent('scout', 'schedule: every 1h, active: "08:00-11:00"')}`);
    fleet.behaviours['scout'] = (program) => program.exits(0);

    await fleet.begin();
    await fleet.advance(25 * HOUR);

    expect(startMinutes(fleet, 'scout')).toEqual([0, 60, 1380, 1440, 1500]);
  });

  it('starts no more than the limit and whoever waited longest first when the fleet is full', async () => {
    const fleet = open(
      `concurrency: 2\nagents:\n${['a', 'b', 'c', 'd'].map((name) => agent(name, 'schedule: every 10m')).join('')}`,
    );
    await fleet.begin();
    expect(fleet.running().map((program) => program.name)).toEqual(['a', 'b']);

    await fleet.advance(MINUTE);
    fleet.named('a')[0]?.exits(0);
    await fleet.advance(SECOND);
    expect(fleet.running().map((program) => program.name)).toEqual(['b', 'c']);
    await fleet.advance(10 * MINUTE);
    fleet.named('b')[0]?.exits(0);
    await fleet.advance(SECOND);

    expect(fleet.running().map((program) => program.name)).toEqual(['c', 'd']);
  });

  it('lets an approved draft go out when the agents alone would fill the fleet for ever', async () => {
    const fleet = open(
      `concurrency: 1\nagents:\n${agent('a', 'schedule: every 1s')}${agent('b', 'schedule: every 1s')}` +
        `  poster: { runtime: command, command: [/bin/poster], publishes: [reply] }\n`,
    );
    await fleet.begin();
    const run = fleet.storage.runs.alive()[0]?.id ?? 0;
    const submitted = fleet.rooms.desk.submit({ agent: 'a', run, kind: 'reply', to: '@ada', body: 'hello' });
    const id = submitted.kind === 'accepted' ? submitted.id : 0;
    fleet.rooms.desk.approve(id, 1, 'owner:1');

    for (let round = 0; round < 3; round += 1) {
      for (const program of fleet.running()) program.exits(0);
      await fleet.advance(3 * SECOND);
    }

    expect(fleet.named('poster')).toHaveLength(1);
  });

  it('gives up no due time and no approved draft while Nightdesk restarts, and starts both after it', async () => {
    const fleet = open(
      `agents:\n${agent('scout', 'schedule: every 5m')}` +
        `  poster: { runtime: command, command: [/bin/poster], publishes: [reply] }\n`,
    );
    fleet.behaviours['scout'] = (program) => program.exits(0);
    await fleet.begin();
    const run = fleet.storage.runs.lastOf('scout')?.id ?? 0;
    const submitted = fleet.rooms.desk.submit({ agent: 'scout', run, kind: 'reply', to: '@ada', body: 'hello' });
    const id = submitted.kind === 'accepted' ? submitted.id : 0;
    fleet.room.holdsAll = 'Nightdesk restarts';
    fleet.rooms.desk.approve(id, 1, 'owner:1');

    await fleet.advance(9 * MINUTE);
    const during = { scout: startMinutes(fleet, 'scout'), posted: fleet.named('poster').length };
    const why = fleet.storage.dues.waitingOf('scout')?.reason;
    const card = fleet.shown().find(({ key }) => key === `draft:${id}:r1`)?.text;
    fleet.room.holdsAll = undefined;
    await fleet.advance(3 * SECOND);

    expect(during).toEqual({ scout: [0], posted: 0 });
    expect(why).toBe('Nightdesk restarts');
    expect(card).toContain('waits: Nightdesk restarts');
    expect(fleet.named('scout')).toHaveLength(2);
    expect(fleet.named('poster')).toHaveLength(1);
    expect(fleet.receipts('scout')).toEqual(['ran', 'ran']);
  });

  it('tells the reason of each skipped due time when an agent is held', async () => {
    const fleet = open(`agents:\n${agent('scout', 'schedule: every 5m')}`);
    fleet.behaviours['scout'] = (program) => program.exits(0);
    await fleet.begin();
    fleet.rooms.holds.pause('scout', 'owner:1', undefined, false);

    await fleet.advance(16 * MINUTE);

    expect(fleet.receipts('scout')).toEqual(['ran', 'skipped x3: paused by you']);
  });

  it('tells that everything due has been picked up only after its first tick', async () => {
    const fleet = open(`agents:\n${agent('scout', 'schedule: every 5m')}`);
    let dues: number | undefined;
    void fleet.rooms.scheduler.ticked.then(() => {
      dues = fleet.storage.runs.alive().length;
    });
    await fleet.settle();
    expect(dues).toBeUndefined();

    await fleet.begin();

    expect(dues).toBe(1);
  });

  it('drops the waiting due time of an agent that fleet.yaml names no more', async () => {
    const fleet = open(`agents:\n${agent('scout', 'schedule: every 5m')}`);
    fleet.storage.dues.wait('ghost', fleet.now(), 'schedule');

    await fleet.begin();

    expect(fleet.storage.dues.waitingOf('ghost')).toBeUndefined();
  });
});

describe('crashes of an agent', () => {
  it('are tried again later each time and end in one critical incident when there were six', async () => {
    const fleet = open(`agents:\n${agent('scout', 'schedule: every 10s')}`);
    fleet.behaviours['scout'] = (program) => {
      program.says('boom: no such table\n', 'stderr');
      program.exits(1);
    };

    await fleet.begin();
    await fleet.advance(HOUR);

    expect(fleet.named('scout')).toHaveLength(6);
    expect(fleet.holds()).toEqual(['scout: it failed too often']);
    const alerts = fleet.shown().filter((message) => message.key.startsWith('incident:'));
    expect(alerts.map((message) => message.text.split('\n')[0])).toEqual([
      expect.stringMatching(/over: scout failed: crash/i),
      expect.stringContaining('scout failed 6 times within an hour'),
    ]);
    expect(alerts[1]?.text).toContain('boom: no such table');
    expect(alerts[1]?.buttons).toEqual(['Restart', 'Log', 'Ack', 'Silence 2 h']);
  });

  it('are forgiven and the incident is over when the owner resumes it and it runs well', async () => {
    const fleet = open(`agents:\n${agent('scout', 'schedule: every 10s')}`);
    fleet.behaviours['scout'] = (program) => program.exits(1);
    await fleet.begin();
    await fleet.advance(HOUR);
    fleet.behaviours['scout'] = (program) => program.exits(0);

    const { released, stillHeld } = fleet.rooms.holds.resume('scout', 'owner:1');
    await fleet.advance(SECOND);

    expect({ released, stillHeld }).toEqual({ released: true, stillHeld: [] });
    expect(fleet.named('scout')).toHaveLength(7);
    expect(fleet.storage.incidents.listUnresolved()).toEqual([]);
    expect(fleet.shown().at(-1)?.text).toMatch(/recovered.*scout failed 6 times/i);
  });

  it('lead to a new try no earlier than the backoff when there was one', async () => {
    const fleet = open(`agents:\n${agent('scout', 'schedule: every 1s')}`);
    fleet.behaviours['scout'] = (program) => program.exits(fleet.named('scout').length === 1 ? 1 : 0);

    await fleet.begin();
    await fleet.advance(20 * SECOND);

    const [first, second] = fleet.named('scout');
    expect((second?.startedAt ?? 0) - (first?.startedAt ?? 0)).toBeGreaterThanOrEqual(10 * SECOND);
    expect(fleet.storage.incidents.listUnresolved()).toEqual([]);
  });
});
