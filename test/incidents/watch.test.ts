import { beforeEach, describe, expect, it } from 'vitest';
import { createIncidentWorld, HOUR, type IncidentWorld, MINUTE, SECOND, SECRET } from './incident-world.ts';

let world: IncidentWorld;

beforeEach(async () => {
  world = createIncidentWorld();
  await world.start();
});

describe('an unacknowledged critical incident', () => {
  it('is sent anew after each interval, with its sound, and the older message loses its buttons', async () => {
    world.critical('scout');
    await world.passShown(29 * MINUTE);
    const before = world.keys();

    await world.passShown(32 * MINUTE);

    expect(before).toEqual(['incident:1']);
    expect(world.keys()).toEqual(['incident:1', 'incident:1:r1', 'incident:1:r2']);
    expect(world.messages().map(({ buttons }) => buttons.length)).toEqual([0, 0, 3]);
    expect(world.message('incident:1:r1')).toMatchObject({ silent: false });
    expect(world.message('incident:1')?.text).toContain('Told again below.');
    expect(world.message('incident:1:r2')?.text).toContain('told again 2 times');
  });

  it('is over in its newest message, and the recovery answers that one', async () => {
    world.critical('scout');
    await world.passShown(31 * MINUTE);

    world.incidents.resolve('report:scout', 'Well again.');

    expect(world.message('incident:1:r1')?.text).toMatch(/^🟢 Over/);
    expect(world.storage.outbox.get('incident:1:recovery')?.replyToKey).toBe('incident:1:r1');
  });

  it('is not sent anew once it is acknowledged, nor is a warning', async () => {
    world.critical('scout');
    world.report('writer');
    world.incidents.acknowledge(1, 'owner:1');

    await world.passShown(3 * HOUR);

    expect(world.keys()).toEqual(['incident:1', 'incident:2']);
  });

  it('is sent anew once, not often, after a night in which Nightdesk was away', async () => {
    world.critical('scout');
    world.showAll();

    await world.restart(9 * HOUR);
    await world.passShown(10 * MINUTE);

    expect(world.keys()).toEqual(['incident:1', 'incident:1:r1']);
  });

  it('is sent anew once when the clock jumps on by a day, and a whole interval later when it jumps back', async () => {
    world.critical('scout');
    world.showAll();

    world.clock.jump(24 * HOUR);
    await world.passShown(5 * MINUTE);
    const on = world.keys().length;
    world.clock.jump(-48 * HOUR);
    await world.passShown(25 * MINUTE);
    const back = world.keys().length;
    await world.passShown(10 * MINUTE);

    expect([on, back, world.keys().length]).toEqual([2, 2, 3]);
  });

  it('goes over the fallback with the first repeat and then with each fourth', async () => {
    world.critical('scout');
    await world.passShown(31 * MINUTE);
    const first = world.fallbackRuns.length;

    await world.passShown(91 * MINUTE);
    const until4 = world.fallbackRuns.length;
    await world.passShown(30 * MINUTE);

    expect([first, until4, world.fallbackRuns.length]).toEqual([1, 1, 2]);
    expect(world.fallbackRuns[0]?.request.stdin).toMatch(
      /^Nightdesk: Nobody has acknowledged 1 open incident\.\n#1 critical, for 30 min: scout reports: search failed \(scout\)\n$/,
    );
    expect(world.fallbackRuns[0]?.request.argv).toEqual(['/bin/fallback', '--now']);
  });

  it('is repeated with all others of its storm in one message', async () => {
    for (let n = 1; n <= 40; n += 1) world.critical(`n${n}`);

    await world.passShown(31 * MINUTE);

    expect(world.keys()).toEqual([
      'incident:1',
      'incident:2',
      'incident:3',
      'incident:4',
      'storm:5',
      'storm:5:r1',
      'incident:1:r1',
      'incident:2:r1',
      'incident:3:r1',
      'incident:4:r1',
    ]);
    expect(world.message('storm:5')?.buttons).toEqual([]);
    expect(world.message('storm:5:r1')?.buttons).toEqual(['Ack all 36']);
    expect(world.message('storm:5:r1')?.text).toMatch(/^⚡️ Still open: 36 incidents\n/);
    expect(world.incidents.acknowledgeStorm(5, 'owner:1')).toBe(36);
    expect(world.fallbackRuns).toHaveLength(1);
  });
});

describe('a silence', () => {
  it('of one incident holds repeats and the fallback back until it ends, and its card says so', async () => {
    world.critical('scout');
    expect(world.incidents.silence(1, 2 * HOUR, 'owner:1')).toBe('changed');
    expect(world.incidents.silence(1, 2 * HOUR, 'owner:1')).toBe('unchanged');
    const silenced = world.message('incident:1');

    await world.passShown(2 * HOUR - MINUTE);
    const during = world.keys();
    await world.passShown(2 * MINUTE);

    expect(silenced?.text).toContain('🔕 silenced until 14:00');
    expect(silenced?.buttons).toEqual(['Log', 'Ack', 'End silence']);
    expect(during).toEqual(['incident:1']);
    expect(world.fallbackRuns).toHaveLength(1);
    expect(world.keys()).toEqual(['incident:1', 'incident:1:r1']);
  });

  it('that was ended by a press lets it repeat', async () => {
    world.critical('scout');
    world.incidents.silence(1, 2 * HOUR, 'owner:1');

    expect(world.incidents.silence(1, null, 'owner:1')).toBe('changed');
    await world.passShown(31 * MINUTE);

    expect(world.keys()).toEqual(['incident:1', 'incident:1:r1']);
  });

  it('of all records new ones without a sound, and tells them when it ends', async () => {
    world.incidents.silenceMatching('all', HOUR, 'owner:1');

    world.critical('scout');
    await world.passShown(59 * MINUTE);
    const during = world.messages().map(({ key, silent }) => [key, silent]);
    await world.passShown(2 * MINUTE);

    expect(during).toEqual([['incident:1', true]]);
    expect(world.message('incident:1:r1')).toMatchObject({ silent: false });
  });

  it('takes in what is open, and its end frees all', () => {
    world.critical('scout');
    world.critical('writer');

    expect(world.incidents.silenceMatching('scout', HOUR, 'owner:1')).toBe(1);
    expect(world.message('incident:1')?.text).toContain('silenced until');
    expect(world.message('incident:2')?.text).not.toContain('silenced until');
    expect(world.incidents.endSilences('owner:1')).toBe(2);
    expect(world.message('incident:1')?.text).not.toContain('silenced until');
  });
});

describe('what Telegram does not show', () => {
  it('goes over the fallback after a minute, in one text with all that is open', async () => {
    world.report('writer');
    world.critical('scout', { title: `the key ${SECRET} is dead` });
    world.failAll();
    await world.clock.pass(55 * SECOND);
    const before = world.fallbackRuns.length;

    await world.clock.pass(10 * SECOND);

    expect(before).toBe(0);
    expect(world.fallbackRuns).toHaveLength(1);
    expect(world.fallbackRuns[0]?.request.stdin).toBe(
      'Nightdesk: Telegram does not show 2 open incidents.\n#2 critical, for 60 s: the key [secret] is dead (scout)\n#1 warning, for 60 s: writer reports: search failed (writer)\n',
    );
    const rows = JSON.stringify(world.database.prepare('SELECT * FROM fallback').all());
    expect(rows).not.toContain(SECRET);
  });

  it('is joined to the next text when it comes within ten minutes', async () => {
    world.critical('n1');
    world.failAll();
    await world.clock.pass(65 * SECOND);
    for (let n = 2; n <= 9; n += 1) {
      world.critical(`n${n}`);
      world.failAll();
      await world.clock.pass(MINUTE);
    }
    const before = world.fallbackRuns.length;

    await world.clock.pass(3 * MINUTE);

    expect(before).toBe(1);
    expect(world.fallbackRuns).toHaveLength(2);
    expect(world.fallbackRuns[1]?.request.stdin).toContain('8 open incidents');
  });

  it('says at once that Telegram itself is out of reach', async () => {
    world.critical('telegram', { kind: 'poller', title: 'Telegram could not be reached', agents: [] });
    world.failAll();

    await world.clock.pass(5 * SECOND);

    expect(world.fallbackRuns[0]?.request.stdin).toContain('Telegram could not be reached');
  });

  it('stays off the fallback when it is a warning, when it is silenced, or when it was shown', async () => {
    world.report('writer');
    world.failAll();
    world.critical('scout');
    world.incidents.silence(2, HOUR, 'owner:1');
    await world.clock.pass(5 * MINUTE);
    world.incidents.close('report:writer');
    world.incidents.close('report:scout');
    world.critical('shown');
    world.showAll();

    await world.clock.pass(5 * MINUTE);

    expect(world.fallbackRuns).toEqual([]);
  });

  it('is repeated over the fallback only, as long as it is not shown', async () => {
    world.critical('scout');
    for (let minute = 0; minute < 40; minute += 1) {
      world.failAll();
      await world.clock.pass(MINUTE);
    }

    expect(world.keys()).toEqual(['incident:1']);
    expect(world.fallbackRuns.map(({ request }) => request.stdin?.split('\n')[0])).toEqual([
      'Nightdesk: Telegram does not show 1 open incident.',
      'Nightdesk: Nobody has acknowledged 1 open incident.',
    ]);
  });

  it('goes nowhere without a fallback', async () => {
    world = createIncidentWorld({ hasFallback: false });
    await world.start();
    world.critical('scout');
    world.failAll();

    await world.clock.pass(2 * HOUR);

    expect(world.fallbackRuns).toEqual([]);
    expect(world.storage.fallbacks.newest('')).toBeUndefined();
    expect(world.get(1)?.fallbackAt).toBeNull();
  });
});
