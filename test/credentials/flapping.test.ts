import { afterEach, describe, expect, it } from 'vitest';
import { describeFlapping, falseAlarmsOf, isDoubtful } from '../../src/credentials/flapping.ts';
import { createRoomWorld, HOUR, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';

const SIGN = 'HTTP 401 Unauthorized: token expired\n';
const NOW = 1_800_000_000_000;

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

function open(agents: string): RoomWorld {
  world = createRoomWorld(
    `timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\ncredentials:\n  claude: { check: [/bin/check], check_every: 24h, backoff: { first: 1m, max: 2m } }\nagents:\n${agents}`,
  );
  world.behaviours['check'] = (program) => {
    program.says('AUTH_OK\n');
    program.exits(0);
  };
  return world;
}

function agent(name: string, every: string): string {
  return `  ${name}: { runtime: command, command: [/bin/${name}], schedule: every ${every}, credentials: [claude] }\n`;
}

function died(at: number) {
  return { at, event: 'dead', actor: 'a' };
}

function titles(of: RoomWorld): string[] {
  return of.storage.incidents.listUnresolved().map(({ kind, title }) => `${kind}: ${title}`);
}

/** How many incidents of dead credentials there were: each is an alert that rings. */
function rings(of: RoomWorld): number {
  const ids = Array.from({ length: 100 }, (_, index) => index + 1);
  return ids.filter((id) => of.storage.incidents.get(id)?.kind === 'auth').length;
}

describe('describeFlapping', () => {
  it('says how often and how fast it died from the third death within an hour on', () => {
    const deaths = [died(NOW), died(NOW - 20 * MINUTE), died(NOW - 50 * MINUTE)];

    expect(describeFlapping(deaths, NOW)).toBe('3 times in 50 min');
    expect(describeFlapping(deaths.slice(1), NOW)).toBeUndefined();
    expect(describeFlapping(deaths, NOW + 11 * MINUTE)).toBeUndefined();
    expect(describeFlapping([], NOW)).toBeUndefined();
  });
});

describe('isDoubtful', () => {
  const facts = { falseAlarms: 2, hasCheck: true, othersWellAt: NOW - HOUR, now: NOW };

  it.each<[string, Partial<typeof facts> | { othersWellAt: undefined }, boolean]>([
    ['two false alarms while others work well', {}, true],
    ['one false alarm', { falseAlarms: 1 }, false],
    ['nobody else who works well', { othersWellAt: undefined }, false],
    ['others who last worked well seven hours ago', { othersWellAt: NOW - 7 * HOUR }, false],
    ['no check that could be asked', { hasCheck: false }, false],
  ])('judges an agent with %s', (_what, change, doubtful) => {
    expect(isDoubtful({ ...facts, ...change })).toBe(doubtful);
  });

  it('counts the false alarms of this agent within six hours', () => {
    const alarm = { at: NOW - HOUR, event: 'false alarm', actor: 'a' };

    expect(falseAlarmsOf('a', [alarm, { ...alarm, actor: 'b' }, { ...alarm, at: NOW - 7 * HOUR }], NOW)).toBe(1);
  });
});

describe('a credential that flaps', () => {
  it('is three alerts at most, then one that stays open and says how often, until it has been quiet', async () => {
    const fleet = open(agent('a', '2m'));
    let isBad = true;
    fleet.behaviours['a'] = (program) => {
      if (isBad) program.says(SIGN);
      program.exits(0);
    };
    await fleet.begin();

    await fleet.advance(HOUR);

    expect(
      fleet.storage.journal.of('credential:claude', 200).filter(({ event }) => event === 'dead').length,
    ).toBeGreaterThan(5);
    expect(rings(fleet)).toBe(3);
    expect(titles(fleet)).toHaveLength(1);
    expect(titles(fleet)[0]).toMatch(/^auth: Credential claude (is dead again|keeps dying): \d+ times in \d+ min$/);
    isBad = false;
    await fleet.advance(10 * MINUTE);
    expect(fleet.holds()).toEqual([]);
    expect(titles(fleet)).toHaveLength(1);
    await fleet.advance(30 * MINUTE);
    expect(titles(fleet)).toEqual([]);
  });

  it('by the words of one agent is not dead for them any more: that agent is named, the check is asked, the others run', async () => {
    const fleet = open(agent('wolf', '10m') + agent('good', '3m'));
    fleet.behaviours['good'] = (program) => program.exits(0);
    fleet.behaviours['wolf'] = (program) => {
      program.says(SIGN);
      program.exits(0);
    };
    await fleet.begin();
    await fleet.advance(30 * MINUTE);
    const checks = fleet.named('check').length;
    const runs = fleet.named('wolf').length;

    await fleet.advance(HOUR);

    expect(titles(fleet)).toEqual(['report: wolf prints words of a dead login, but claude works']);
    expect(fleet.storage.journal.of('credential:claude', 200).filter(({ event }) => event === 'dead')).toHaveLength(2);
    expect(rings(fleet)).toBe(2);
    expect(fleet.named('wolf').length - runs).toBeGreaterThanOrEqual(5);
    expect(fleet.named('check').length - checks).toBeLessThanOrEqual(fleet.named('wolf').length - runs + 1);
    expect(fleet.holds()).toEqual([]);
    fleet.behaviours['wolf'] = (program) => program.exits(0);
    await fleet.advance(11 * MINUTE);
    expect(titles(fleet)).toEqual([]);
  });

  it('is dead within seconds of the words of an agent that has cried wolf, when its check says so, too', async () => {
    const fleet = open(agent('wolf', '10m') + agent('good', '3m'));
    fleet.behaviours['good'] = (program) => program.exits(0);
    fleet.behaviours['wolf'] = (program) => {
      program.says(SIGN);
      program.exits(0);
    };
    await fleet.begin();
    await fleet.advance(35 * MINUTE);
    fleet.behaviours['check'] = (program) => {
      program.says('AUTH_FAILED: revoked\n');
      program.exits(1);
    };
    const before = fleet.named('wolf').length;

    while (fleet.named('wolf').length === before) await fleet.advance(SECOND);
    await fleet.advance(2 * SECOND);

    expect(titles(fleet)).toEqual(['auth: Credential claude is dead']);
    expect(fleet.holds().toSorted()).toEqual(['good: claude is dead', 'wolf: claude is dead']);
  });

  it('is dead at the first words of any other agent, at once', async () => {
    const fleet = open(agent('wolf', '10m') + agent('good', '3m'));
    fleet.behaviours['good'] = (program) => program.exits(0);
    fleet.behaviours['wolf'] = (program) => {
      program.says(SIGN);
      program.exits(0);
    };
    await fleet.begin();
    await fleet.advance(35 * MINUTE);
    fleet.behaviours['good'] = () => {};
    await fleet.advance(4 * MINUTE);

    fleet.named('good').at(-1)?.says(SIGN);
    await fleet.settle();

    expect(fleet.storage.credentials.get('claude')?.state).toBe('dead');
  });
});
