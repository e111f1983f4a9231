import { afterEach, describe, expect, it } from 'vitest';
import { talkingRuntime } from '../fakes/talking-runtime.ts';
import { createRoomWorld, HOUR, MINUTE, type RoomWorld } from '../loop/room-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

/** One agent, whose runs are cut off after 50 minutes. */
async function open(): Promise<RoomWorld> {
  world = createRoomWorld(
    `timezone: UTC
home: ./state
telegram: { owners: [1] }
budget: { monthly: 100 }
agents:
  scout: { runtime: claude, prompt: ./scout.md, schedule: every 1h, timeout: 50m }
`,
    { runtimes: [talkingRuntime], withBudget: true, files: { 'scout.md': 'Look for news.' } },
  );
  await world.begin();
  return world;
}

/** Has the newest program tell what it used, and what that cost. */
function uses(fleet: RoomWorld, inputTokens: number, costMicroUsd?: number) {
  const program = fleet.named('talker').at(-1);
  if (program === undefined) throw new Error('no talker was started');
  const cost = costMicroUsd === undefined ? {} : { costMicroUsd };
  program.says(`${JSON.stringify({ kind: 'usage', inputTokens, outputTokens: 0, ...cost })}\n`);
  return program;
}

describe('a run that is cut off before it told what it cost', () => {
  async function cutOff(fleet: RoomWorld, tokens: number): Promise<void> {
    uses(fleet, tokens);
    await fleet.advance(HOUR);
  }

  it('costs what its tokens did in the runs before it, and counts against the budget', async () => {
    const fleet = await open();
    uses(fleet, 1_000_000, 500_000).exits(0);
    await fleet.advance(HOUR);

    await cutOff(fleet, 1_200_000);

    expect(fleet.storage.runs.get(2)).toMatchObject({ state: 'failed', failure: 'timeout', costMicroUsd: 600_000 });
    expect(fleet.storage.budgets.spentBy(['scout'], 0, fleet.now())).toBe(1_100_000);
    expect(fleet.storage.journal.of('run:2', 5)).toContainEqual(expect.objectContaining({ event: 'cost estimated' }));
  });

  it('costs half a dollar for a million tokens while no run has told a cost', async () => {
    const fleet = await open();

    await cutOff(fleet, 1_000_000);

    expect(fleet.storage.runs.get(1)).toMatchObject({ state: 'failed', costMicroUsd: 500_000 });
    expect(fleet.storage.runs.lastOf('scout')).toMatchObject({ id: 2, reservedMicroUsd: expect.any(Number) });
  });

  it('costs no more for a token than a fresh one does, when short runs with long answers were before it', async () => {
    const fleet = await open();
    uses(fleet, 1_000, 800_000).exits(0);
    await fleet.advance(HOUR);

    await cutOff(fleet, 200_000);

    expect(fleet.storage.runs.get(2)).toMatchObject({ state: 'failed', costMicroUsd: 1_000_000 });
  });

  it('costs no more than was set aside for it', async () => {
    const fleet = await open();

    await cutOff(fleet, 900_000_000);

    const run = fleet.storage.runs.get(1);
    expect(run?.reservedMicroUsd).not.toBeNull();
    expect(run?.costMicroUsd).toBe(run?.reservedMicroUsd);
  });

  it('costs nothing where it has used nothing', async () => {
    const fleet = await open();

    await fleet.crash(MINUTE);

    expect(fleet.storage.runs.get(1)).toMatchObject({ state: 'lost', costMicroUsd: null });
  });
});
