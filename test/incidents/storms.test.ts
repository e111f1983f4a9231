import { beforeEach, describe, expect, it } from 'vitest';
import { createIncidentWorld, type IncidentWorld, MINUTE, SECOND } from './incident-world.ts';

let world: IncidentWorld;

beforeEach(() => {
  world = createIncidentWorld();
});

describe('a storm of incidents', () => {
  it('of a hundred in a minute is five messages, which count all of them, the critical ones first', async () => {
    for (let n = 1; n <= 100; n += 1) {
      if (n % 20 === 0) world.critical(`n${n}`);
      else world.report(`n${n}`);
      world.showAll();
      await world.clock.pass(500);
    }

    expect(world.keys()).toEqual(['incident:1', 'incident:2', 'incident:3', 'storm:4', 'incident:20']);
    const storm = world.message('storm:4');
    expect(storm?.text).toMatch(/^⚡️ 96 incidents more at once\n96 reports of agents\.\n🔴 #40 n40/);
    expect(storm?.text.match(/^🔴/gm)).toHaveLength(4);
    expect(storm?.text.split('\n').length).toBeLessThanOrEqual(24);
    expect(storm?.text).toContain('… and 76 more');
    expect(storm?.text).toContain('/incidents shows all');
    expect(storm?.buttons).toEqual(['Ack all 96']);
  });

  it('has a button for what mends each, the critical ones first, five at most, until they are over', () => {
    for (let n = 1; n <= 4; n += 1) world.critical(`n${n}`);
    for (let n = 1; n <= 7; n += 1) {
      const severity = n <= 5 ? 'warning' : 'critical';
      world.report(`c${n}`, { kind: 'auth', fingerprint: `auth:c${n}`, agents: [], severity });
    }

    expect(world.message('storm:5')?.buttons).toEqual([
      ...['c6', 'c7', 'c1', 'c2', 'c3'].map((name) => `Re-auth ${name}`),
      'Ack all 7',
    ]);

    for (let n = 1; n <= 7; n += 1) world.incidents.close(`auth:c${n}`);

    expect(world.message('storm:5')?.buttons).toEqual([]);
  });

  it('is acknowledged as a whole, and only what its message tells of', () => {
    for (let n = 1; n <= 6; n += 1) world.report(`n${n}`);

    const acknowledged = world.incidents.acknowledgeStorm(4, 'owner:1');

    expect(acknowledged).toBe(3);
    expect(world.incidents.unresolved().map(({ incident }) => incident.state)).toEqual([
      'firing',
      'firing',
      'firing',
      'acknowledged',
      'acknowledged',
      'acknowledged',
    ]);
    expect(world.message('storm:4')?.buttons).toEqual([]);
    expect(world.message('storm:4')?.text).toMatch(/^👀 3 incidents more at once\n.* Acknowledged: 3\./);
    expect(world.message('storm:4')?.text).toContain('Acknowledged: 3.');
    expect(world.incidents.acknowledgeStorm(4, 'owner:1')).toBe(0);
  });

  it('takes no critical one in once it is acknowledged: that has a new message, with its sound', () => {
    for (let n = 1; n <= 6; n += 1) world.critical(`n${n}`);
    world.showAll();
    world.incidents.acknowledgeStorm(5, 'owner:1');

    world.critical('late');
    world.critical('later');

    expect(world.keys().at(-1)).toBe('storm:7');
    expect(world.message('storm:7')).toMatchObject({ silent: false });
    expect(world.message('storm:7')?.text).toContain('2 incidents more at once');
    expect(world.message('storm:5')?.text).not.toContain('late');
  });

  it('that is over is three silent messages and one more, and its own says so', () => {
    for (let n = 1; n <= 50; n += 1) world.report(`n${n}`);
    world.showAll();

    for (let n = 1; n <= 50; n += 1) world.incidents.resolve(`report:n${n}`, 'Well again.');

    expect(world.keys().slice(4)).toEqual([
      'incident:1:recovery',
      'incident:2:recovery',
      'incident:3:recovery',
      'recoveries:4',
    ]);
    expect(
      world
        .messages()
        .slice(4)
        .every(({ silent }) => silent),
    ).toBe(true);
    expect(world.message('recoveries:4')?.text).toMatch(/^🟢 47 more incidents are over\n/);
    expect(world.message('storm:4')?.text).toMatch(/^🟢 47 incidents more at once\n47 reports of agents\. Over: 47\./);
    expect(world.message('storm:4')?.buttons).toEqual([]);
  });

  it('in the next hour is a message of its own again', async () => {
    for (let n = 1; n <= 6; n += 1) world.report(`n${n}`);
    world.showAll();
    await world.clock.pass(11 * MINUTE);

    for (let n = 7; n <= 12; n += 1) world.report(`n${n}`);

    expect(world.keys().slice(4)).toEqual(['incident:7', 'incident:8', 'incident:9', 'storm:10']);
  });

  it('that came without a sound at night takes no critical one in', async () => {
    world = createIncidentWorld({ quiet: true });
    for (let n = 1; n <= 5; n += 1) world.report(`n${n}`);

    for (let n = 6; n <= 9; n += 1) world.critical(`n${n}`);

    const loud = world.messages().filter(({ silent }) => !silent);
    expect(loud.map(({ key }) => key)).toEqual(['incident:6', 'storm:7']);
  });

  it('that blows evenly for an hour is bounded, too', async () => {
    for (let n = 1; n <= 240; n += 1) {
      world.critical(`n${n}`);
      world.showAll();
      await world.clock.pass(15 * SECOND);
    }

    expect(world.keys().length).toBeLessThanOrEqual(6 * (13 + 1));
  });
});

describe('what happens while Telegram cannot be reached', () => {
  beforeEach(async () => {
    for (let n = 1; n <= 200; n += 1) {
      if (n % 3 === 0) world.critical(`n${n}`);
      else world.report(`n${n}`);
      world.failAll();
      await world.clock.pass(MINUTE);
    }
  });

  it('waits as three alerts and one digest', () => {
    expect(world.keys()).toEqual(['incident:1', 'incident:2', 'incident:3', 'storm:4']);
    expect(world.message('storm:4')?.text).toMatch(/^⚡️ While Telegram could not be reached: 197 incidents\n/);
    expect(world.message('storm:4')?.silent).toBe(false);
  });

  it('and is over by then is told as over, without a message of its own', () => {
    for (let n = 1; n <= 150; n += 1) world.incidents.resolve(`report:n${n}`, 'Well again.');
    world.showAll();

    expect(world.keys()).toEqual(['incident:1', 'incident:2', 'incident:3', 'storm:4']);
    expect(world.message('incident:1')?.text).toMatch(/^🟢 Over: n1/);
    // What is over wakes nobody, what is not does.
    expect(world.message('incident:1')?.silent).toBe(true);
    expect(world.message('storm:4')?.silent).toBe(false);
    expect(world.message('storm:4')?.text).toContain('Over: 147.');
    expect(world.message('storm:4')?.text).toContain('🔴 #153 ');
  });

  it('is told alone again once Telegram works', async () => {
    world.showAll();
    await world.clock.pass(10 * MINUTE);

    world.report('later');

    expect(world.keys().at(-1)).toBe('incident:201');
  });
});

it('what waits untried since Telegram asked all to wait is three alerts and one digest, too', async () => {
  for (let n = 1; n <= 30; n += 1) {
    world.critical(`n${n}`);
    await world.clock.pass(MINUTE);
  }

  expect(world.keys()).toEqual(['incident:1', 'incident:2', 'incident:3', 'storm:4']);
});

describe('a chat that refuses what it is sent', () => {
  it('leaves the owner a copy in his own chat that is kept up to date', () => {
    world.report('scout');
    world.refuseAll();

    world.incidents.acknowledge(1, 'owner:1');

    expect(world.message('incident:1:private')?.text).toContain('acknowledged');
    expect(world.incidents.unresolved().map(({ incident }) => world.incidents.delivery(incident).kind)).toEqual([
      'shown',
    ]);
  });

  it('does not make a digest of all that comes later', async () => {
    for (let n = 1; n <= 20; n += 1) {
      world.critical(`n${n}`);
      world.refuseAll();
      await world.clock.pass(5 * MINUTE);
    }

    expect(world.keys().filter((key) => key.startsWith('storm:'))).toEqual([]);
    expect(world.keys().filter((key) => key.endsWith(':private'))).toHaveLength(20);
    expect(world.fallbackRuns).toEqual([]);
  });
});
