import { beforeEach, describe, expect, it } from 'vitest';
import { createIncidentWorld, type IncidentWorld, MINUTE, SECOND, trouble } from './incident-world.ts';

const AUTH = trouble('claude', {
  kind: 'auth',
  fingerprint: 'auth:claude',
  severity: 'critical',
  title: 'claude is dead',
  agents: ['scout', 'writer'],
});
const HEARTBEAT = trouble('scout', { kind: 'heartbeat', fingerprint: 'heartbeat:scout', severity: 'critical' });

let world: IncidentWorld;

beforeEach(async () => {
  world = createIncidentWorld();
  await world.start();
  world.incidents.report(AUTH);
});

describe('an incident that follows from another', () => {
  it('is a line of the other’s card, and makes no message', () => {
    const { id } = world.incidents.report(HEARTBEAT);

    expect(world.keys()).toEqual(['incident:1']);
    expect(world.get(id)).toMatchObject({ inhibitedBy: 1, messageKey: null });
    expect(world.message('incident:1')?.text).toContain('Also: heartbeat of scout (follows from this)');
  });

  it('closes silently when it is over within the minute after the other', async () => {
    world.incidents.report(HEARTBEAT);
    world.incidents.resolve('auth:claude', 'Works.');
    await world.passShown(50 * SECOND);

    world.incidents.resolve('heartbeat:scout', 'It beats.');
    await world.passShown(5 * MINUTE);

    expect(world.keys()).toEqual(['incident:1', 'incident:1:recovery']);
  });

  it('is told when it outlives the other by a minute', async () => {
    world.incidents.report(HEARTBEAT);
    world.incidents.resolve('auth:claude', 'Works.');
    await world.passShown(MINUTE - 5 * SECOND);
    const before = world.keys();

    await world.passShown(10 * SECOND);

    expect(before).toEqual(['incident:1', 'incident:1:recovery']);
    expect(world.keys().slice(2)).toEqual(['incident:2']);
    expect(world.message('incident:2')).toMatchObject({ silent: false });
  });

  it('is not told while something else explains it by then', async () => {
    world.incidents.report(HEARTBEAT);
    world.incidents.report({ ...AUTH, kind: 'disk', fingerprint: 'disk', subject: 'machine', agents: [] });
    world.incidents.resolve('auth:claude', 'Works.');

    await world.passShown(3 * MINUTE);

    expect(world.keys()).not.toContain('incident:2');
    expect(world.get(2)?.inhibitedBy).toBe(3);
    expect(world.message('incident:3')?.text).toContain('Also: heartbeat of scout');
  });

  it('is told at once when it reaches an agent that the other does not hold', () => {
    world.incidents.report(HEARTBEAT);

    world.incidents.report({ ...HEARTBEAT, agents: ['other'] });

    expect(world.keys()).toEqual(['incident:1', 'incident:2']);
    expect(world.message('incident:1')?.text).not.toContain('Also:');
  });

  it('leaves the other’s card when it is over before', () => {
    world.incidents.report(HEARTBEAT);

    world.incidents.resolve('heartbeat:scout', 'It beats.');

    expect(world.message('incident:1')?.text).not.toContain('Also:');
    expect(world.keys()).toEqual(['incident:1']);
  });

  it('can be forgotten together with the other after a month', async () => {
    world.incidents.report(HEARTBEAT);
    world.incidents.close('auth:claude');
    world.incidents.close('heartbeat:scout');
    await world.clock.pass(MINUTE);

    world.storage.purges.sweep('incident', world.clock.now(), 0, 100);

    expect(world.get(1)).toBeUndefined();
    expect(world.get(2)).toBeUndefined();
  });
});
