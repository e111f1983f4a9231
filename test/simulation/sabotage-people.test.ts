import { describe, expect, test } from 'vitest';
import { brokenAnyway, brokenBy, inStorage } from './broken-by.ts';
import { type Stage, thinkOfFaults } from './faults.ts';
import { credentialOf, fleetOf, makeAgent, MINUTE_MS, SECOND_MS, VIEWER } from './fleets.ts';
import type { Sabotage } from './story.ts';

/** Two agents and their publisher; an approver and a viewer are in the group of the owners. */
const FLEET = fleetOf({
  credentials: new Map([['mail', credentialOf('mail')]]),
  agents: [
    makeAgent('scout', { command: ['agent:scout'], schedule: { kind: 'every', everyMs: 3 * MINUTE_MS } }),
    makeAgent('writer', { command: ['agent:writer'], schedule: { kind: 'every', everyMs: 4 * MINUTE_MS } }),
    makeAgent('publisher', { command: ['publisher:publisher'], publishes: ['reply'] }),
  ],
  hasTwoOwners: true,
  hasGuests: true,
});

/** A storm in which Telegram is away while the owner goes on giving orders. */
function withOldOrders(world: Stage): void {
  thinkOfFaults(world);
  const { clock, chat, stormMs } = world;
  const awayMs = 25 * MINUTE_MS;
  clock.after(10 * MINUTE_MS, () => chat.suffer('down', awayMs));
  for (const order of ['/pause scout now', '/stop writer', '/run scout', '/restart writer', '/resume all'])
    clock.after(12 * MINUTE_MS + world.random.between(0, 60 * SECOND_MS), () => chat.write(order));
  clock.after(stormMs - 20 * MINUTE_MS, () => chat.suffer('down', 15 * MINUTE_MS));
}

/** A storm in which somebody works on fleet.yaml every few minutes. */
function withEdits(world: Stage): void {
  thinkOfFaults(world);
  for (let at = 4; at < 85; at += 5) world.clock.after(at * MINUTE_MS, world.editFleet);
}

/** Updates as Telegram has them, changed on their way. */
function onUpdates(change: (update: TestUpdate) => void): Sabotage {
  return {
    api: (api) => ({
      ...api,
      call: async (method, payload, options) => {
        const result = await api.call<unknown>(method, payload, options);
        if (method !== 'getUpdates') return result as never;
        const updates = structuredClone(result) as TestUpdate[];
        for (const update of updates) change(update);
        return updates as never;
      },
    }),
  };
}

interface TestUpdate {
  readonly message?: { date: number };
}

const LATER_S = 3_600;

/** Long, for a slow machine that does other things besides. */
const PATIENCE_MS = 300_000;

describe('a world of several people notices', { timeout: PATIENCE_MS }, () => {
  test('nothing as long as everybody keeps to his own', async () => {
    expect(await brokenAnyway(FLEET, { plot: withOldOrders })).toBeUndefined();
  });

  test('nothing as long as a changed fleet.yaml is taken over as it should be', async () => {
    expect(await brokenAnyway(FLEET, { plot: withEdits })).toBeUndefined();
  });

  test.each([
    {
      sabotage: 'when a viewer counts as an owner',
      promise: 'nobody acts beyond his right',
      by: {
        fleet: (fleet) => ({
          ...fleet,
          telegram: { ...fleet.telegram, owners: [...fleet.telegram.owners, VIEWER], viewers: [] },
        }),
      },
      plot: withOldOrders,
    },
    {
      sabotage: 'when a command looks younger than it is',
      promise: 'what waited through an outage is asked for again',
      by: onUpdates(({ message }) => {
        if (message !== undefined) message.date += LATER_S;
      }),
      plot: withOldOrders,
    },
    {
      sabotage: 'when what was left counts as confirmed',
      promise: 'nothing is confirmed but by who pressed',
      by: inStorage(({ confirmations }) => ({
        confirmations: { ...confirmations, decide: (id, _, by, at) => confirmations.decide(id, 'confirmed', by, at) },
      })),
      plot: withOldOrders,
    },
    {
      sabotage: 'when a file is written down, and not taken over',
      promise: 'who is removed is not started',
      by: inStorage(({ fleetLoads }) => ({ fleetLoads: { ...fleetLoads, get: () => undefined } })),
      plot: withEdits,
    },
    {
      sabotage: 'when who is removed is not told to end',
      promise: 'who is removed ends',
      by: inStorage(({ runs }) => ({
        runs: {
          ...runs,
          wantStop: (id, why, at, evidence) => !why.startsWith('removed') && runs.wantStop(id, why, at, evidence),
        },
      })),
      plot: withEdits,
    },
    {
      sabotage: 'when a reload ends everybody',
      promise: 'a reload cuts nobody off who stays',
      by: inStorage(({ runs, fleetLoads }) => ({
        fleetLoads: {
          ...fleetLoads,
          add: (load) => {
            if (load.how !== 'start') for (const { id } of runs.alive()) runs.wantStop(id, 'reload', load.at);
            return fleetLoads.add(load);
          },
        },
      })),
      plot: withEdits,
    },
    {
      sabotage: 'when a file that was confirmed is taken for the one in force',
      promise: 'a file that its owner takes over is in force',
      by: inStorage(({ fleetLoads }) => ({
        fleetLoads: { ...fleetLoads, add: (load) => (load.how === 'reload' ? 0 : fleetLoads.add(load)) },
      })),
      plot: withEdits,
    },
    {
      sabotage: 'when who is added is never due',
      promise: 'no schedule silently stops',
      by: inStorage(({ dues, fleetLoads }) => ({
        dues: {
          ...dues,
          wait: (agent, at, cause) => (fleetLoads.last()?.how === 'start' ? dues.wait(agent, at, cause) : undefined),
        },
      })),
      plot: withEdits,
    },
  ] satisfies readonly { sabotage: string; promise: string; by: Sabotage; plot: (world: Stage) => void }[])(
    '$sabotage',
    async ({ promise, by, plot }) => {
      expect(await brokenBy(by, promise, { fleet: FLEET, plot })).toBe(promise);
    },
  );
});
