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
});
