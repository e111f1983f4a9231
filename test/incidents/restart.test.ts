import { afterEach, expect, it } from 'vitest';
import { restartAgent } from '../../src/incidents/restart.ts';
import { createRoomWorld, HOUR, type RoomWorld, SECOND } from '../loop/room-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

/** A fleet with one silent agent, which is ended and held after ten minutes. */
async function openStopped(): Promise<RoomWorld> {
  world = createRoomWorld(
    `timezone: UTC
home: ./state
telegram: { owners: [1] }
agents:
  scout: { runtime: command, command: [/bin/scout], schedule: every 4h, timeout: 3h, heartbeat: 10m, on_stuck: stop }
`,
    { withVigil: true },
  );
  await world.begin();
  await world.advance(HOUR);
  return world;
}

function restart(of: RoomWorld, agent = 'scout'): string {
  return restartAgent(
    {
      fleet: of.fleet,
      storage: of.storage,
      clock: { now: of.now, monotonic: of.now, after: () => () => {} },
      incidents: of.rooms.incidents,
    },
    agent,
    'owner:1',
  );
}

it('the Restart button lets an agent run again that was held for being stuck', async () => {
  const fleet = await openStopped();
  expect(fleet.holds()).toEqual(['scout: it was stuck, and fleet.yaml says to stop it then']);

  const answer = restart(fleet);
  await fleet.advance(5 * SECOND);

  expect(answer).toBe('scout was not running; it starts now.');
  expect(fleet.storage.runs.aliveOf('scout')).toBeDefined();
  expect(fleet.storage.incidents.listUnresolved()).toEqual([]);
});

it('the Restart button leaves the pause of an agent as it is', async () => {
  const fleet = await openStopped();
  fleet.rooms.holds.pause('scout', 'owner:1', undefined, false);

  const answer = restart(fleet);
  await fleet.advance(5 * SECOND);

  expect(answer).toBe('scout starts once nothing holds it: paused by you.');
  expect(fleet.storage.runs.aliveOf('scout')).toBeUndefined();
});

it('the Restart button starts no publisher without a draft', async () => {
  world = createRoomWorld(
    `timezone: UTC
home: ./state
telegram: { owners: [1] }
agents: { poster: { runtime: command, command: [/bin/poster], publishes: [post] } }
`,
  );
  await world.begin();

  const answer = restart(world, 'poster');
  await world.advance(5 * SECOND);

  expect(answer).toBe('poster starts with the next draft that you approve.');
  expect(world.storage.runs.aliveOf('poster')).toBeUndefined();
});
