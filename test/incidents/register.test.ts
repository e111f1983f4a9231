import { beforeEach, describe, expect, it } from 'vitest';
import { createIncidentWorld, type IncidentWorld, MINUTE, trouble } from './incident-world.ts';

let world: IncidentWorld;

beforeEach(() => {
  world = createIncidentWorld();
});

const TROUBLE = trouble('scout');

describe('incident register', () => {
  it('makes one incident and one message of troubles that have the same cause', () => {
    const first = world.incidents.report(TROUBLE);
    const second = world.incidents.report({ ...TROUBLE, evidence: 'slower', agents: ['clerk'] });
    const other = world.incidents.report({ ...TROUBLE, fingerprint: 'other' });

    expect(second.id).toBe(first.id);
    expect(other.id).not.toBe(first.id);
    expect(world.messages()).toHaveLength(2);
    expect(world.messages()[0]?.text).toContain('clerk, scout');
    expect(world.messages()[0]?.text).toContain('slower');
    expect(world.messages()[0]?.text).toContain('seen 2 times');
  });

  it('edits the alert of a trouble that comes a hundred times eleven times at most, and counts all hundred', () => {
    let id = 0;

    for (let n = 1; n <= 100; n += 1) id = world.incidents.report({ ...TROUBLE, evidence: `try ${n}` }).id;

    expect(world.storage.outbox.get(`incident:${id}`)?.wanted).toBeLessThanOrEqual(12);
    expect(world.storage.incidents.get(id)).toMatchObject({ times: 100, evidence: 'try 100' });
  });

  it('edits the alert at once when a trouble that came a hundred times reaches another agent', () => {
    for (let n = 1; n <= 100; n += 1) world.incidents.report(TROUBLE);

    world.incidents.report({ ...TROUBLE, agents: ['clerk'] });

    expect(world.messages()[0]?.text).toContain('clerk, scout');
    expect(world.messages()[0]?.text).toContain('seen 101 times');
  });

  it('shows the full count when a trouble that came a hundred times is over', () => {
    for (let n = 1; n <= 100; n += 1) world.incidents.report(TROUBLE);

    world.incidents.close(TROUBLE.fingerprint);

    expect(world.messages()[0]?.text).toContain('seen 100 times');
  });

  it('says that it is over in a silent reply with its length and cost, and takes the buttons off the alert', async () => {
    const { id } = world.incidents.report(TROUBLE);
    await world.clock.pass(5 * MINUTE);

    const resolved = world.incidents.resolve(TROUBLE.fingerprint, 'Missed: 3 runs.');

    expect(resolved).toMatchObject({ id, state: 'resolved' });
    const [alert, recovery] = world.messages();
    expect(alert?.buttons).toEqual([]);
    expect(recovery).toMatchObject({ silent: true });
    expect(recovery?.text).toContain('5 min');
    expect(recovery?.text).toContain('Missed: 3 runs.');
    expect(world.incidents.resolve(TROUBLE.fingerprint, 'again')).toBeUndefined();
  });

  it('opens a new incident when the same trouble comes after the end of the first', () => {
    const first = world.incidents.report(TROUBLE);
    world.incidents.close(TROUBLE.fingerprint);

    const second = world.incidents.report(TROUBLE);

    expect(second.id).not.toBe(first.id);
    expect(world.messages()).toHaveLength(2);
  });

  it('is acknowledged once, and keeps the buttons that mend', () => {
    const { id } = world.incidents.report({ ...TROUBLE, kind: 'crash' });

    expect(world.incidents.acknowledge(id, 'owner:1')).toBe('acknowledged');
    expect(world.incidents.acknowledge(id, 'owner:1')).toBe('not-firing');
    expect(world.incidents.acknowledge(99, 'owner:1')).toBe('not-firing');
    expect(world.messages()[0]?.buttons.join()).toContain('Pause');
    expect(world.messages()[0]?.buttons.join()).not.toContain('Ack');
  });

  it('makes a sound for a critical one', () => {
    world.incidents.report({ ...TROUBLE, severity: 'critical' });

    expect(world.messages()[0]?.silent).toBe(false);
  });

  it('passes over notes and ends of what nobody reported', () => {
    world.incidents.note('nothing', 'x');
    world.incidents.close('nothing');

    expect(world.incidents.unresolved()).toEqual([]);
    expect(world.messages()).toEqual([]);
  });

  it('says what it cost its agents, behind what the room says, in the recovery and in the alert', async () => {
    const { storage } = world;
    const run = storage.transaction(() => {
      const wantedAt = world.clock.now();
      return storage.runs.add({ agent: 'scout', cause: 'schedule', publicationId: null, wantedAt, generations: '{}' });
    });
    world.incidents.report(TROUBLE);
    await world.clock.pass(MINUTE);
    storage.transaction(() => {
      const now = world.clock.now();
      storage.dues.wait('scout', now, 'schedule');
      const due = storage.dues.waitingOf('scout');
      if (due !== undefined) storage.dues.miss(due, now, 3, 'held', now);
      storage.runs.settle(run, { state: 'done', failure: null, evidence: null, exit: null, endedAt: now });
    });
    world.database.prepare('UPDATE run SET cost_micro_usd = 420000').run();

    world.incidents.resolve(TROUBLE.fingerprint, 'It works again.');

    const cost = 'Missed: 3 runs, $0.42 spent meanwhile.';
    expect(world.get(1)?.cost).toBe(cost);
    expect(world.message('incident:1:recovery')?.text).toContain(`It works again. ${cost}`);
    expect(world.message('incident:1')?.text).toContain(cost);
  });

  it('marks a drill in its title, joins it with no real one, and hides no real one under it', () => {
    const { id } = world.incidents.report({ ...TROUBLE, isDrill: true });
    const drill = world.message('incident:1')?.text;

    world.incidents.report(TROUBLE);

    expect(drill).toMatch(/^🟠 🧪 Drill: scout reports/);
    expect(world.get(id)?.isDrill).toBe(0);
    expect(world.message('incident:1:r1')?.text).toMatch(/^🟠 scout reports/);
  });

  it('tells a warning that has become critical anew, with its sound', () => {
    world = createIncidentWorld({ quiet: true });
    world.incidents.report(TROUBLE);

    world.incidents.report({ ...TROUBLE, severity: 'critical' });

    expect(world.messages().map(({ key, silent }) => [key, silent])).toEqual([
      ['incident:1', true],
      ['incident:1:r1', false],
    ]);
  });
});
