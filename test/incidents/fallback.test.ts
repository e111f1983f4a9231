import { beforeEach, describe, expect, it } from 'vitest';
import { createIncidentWorld, type IncidentWorld, HOUR, MINUTE, SECOND, SECRET } from './incident-world.ts';

let world: IncidentWorld;

beforeEach(async () => {
  world = createIncidentWorld({ endsByHand: true });
  await world.start();
});

async function queueText(key = 'unshown:x', text = 'It burns.'): Promise<void> {
  world.storage.transaction(() =>
    world.storage.fallbacks.add({ key, incidentId: null, text, createdAt: world.clock.now() }),
  );
  await world.clock.pass(5 * SECOND);
}

function states(): unknown[] {
  return world.database.prepare('SELECT state FROM fallback ORDER BY id').pluck().all();
}

describe('the fallback route', () => {
  it('hands the text to the program on its stdin, in the base environment and the fleet’s folder', async () => {
    await queueText();
    world.fallbackRuns[0]?.exits(0);
    await world.clock.rest();

    expect(world.fallbackRuns[0]?.request).toMatchObject({
      argv: ['/bin/fallback', '--now'],
      stdin: 'It burns.',
      env: { PATH: '/bin' },
      cwd: '/fleet',
    });
    expect(states()).toEqual(['sent']);
  });

  it('runs one program at a time', async () => {
    await queueText('a');
    await queueText('b');
    const first = world.fallbackRuns.length;

    world.fallbackRuns[0]?.exits(0);
    await world.clock.pass(SECOND);

    expect(first).toBe(1);
    expect(world.fallbackRuns).toHaveLength(2);
  });

  it('tries three times with pauses, then says once in Telegram why, and that it works again', async () => {
    for (const [index, pause] of [10 * SECOND, MINUTE, 0].entries()) {
      if (index === 0) await queueText();
      world.fallbackRuns[index]?.says(`no route to host ${SECRET}\n`);
      world.fallbackRuns[index]?.exits(1);
      await world.clock.pass(pause);
    }
    await world.clock.pass(HOUR);
    const [broken] = world.incidents.unresolved();
    await queueText('b');
    world.fallbackRuns[3]?.exits(0);
    await world.clock.rest();

    expect(world.fallbackRuns).toHaveLength(4);
    expect(broken?.incident).toMatchObject({ kind: 'fallback', severity: 'warning', times: 1 });
    expect(broken?.incident.evidence).toBe('exit 1: no route to host [secret]');
    expect(states()).toEqual(['failed', 'sent']);
    expect(world.keys()).toEqual(['incident:1', 'incident:1:recovery']);
  });

  it('ends a program that hangs after half a minute', async () => {
    await queueText();

    await world.clock.pass(20 * SECOND);
    const before = world.fallbackRuns[0]?.killed();
    await world.clock.pass(12 * SECOND);

    expect(before).toBe(false);
    expect(world.fallbackRuns[0]?.killed()).toBe(true);
    expect(world.storage.fallbacks.newest('')).toMatchObject({ state: 'queued', attempts: 1 });
    expect(world.storage.fallbacks.newest('')?.error).toMatch(/^it did not end within 30 s/);
  });

  it('sends a text again whose sending was cut off by a restart', async () => {
    await queueText();

    await world.restart();
    await world.clock.pass(5 * SECOND);

    expect(world.fallbackRuns).toHaveLength(2);
    expect(world.fallbackRuns[1]?.request.stdin).toBe('It burns.');
  });

  it('drops a text of hours ago after a restart', async () => {
    await queueText();
    await world.restart(2 * HOUR);
    await world.clock.pass(MINUTE);

    expect(world.fallbackRuns).toHaveLength(1);
    expect(states()).toEqual(['failed']);
    expect(world.incidents.unresolved()).toEqual([]);
  });
});
