import { afterEach, describe, expect, it } from 'vitest';
import { talkingRuntime } from '../fakes/talking-runtime.ts';
import { createHousekeeper } from '../../src/vigil/housekeeper.ts';
import { loadFleetStatus, renderReason } from '../../src/vigil/status.ts';
import { createRoomWorld, createVirtualClock, HOUR, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

async function open(): Promise<RoomWorld> {
  world = createRoomWorld(`timezone: UTC
home: ./state
telegram: { owners: [1] }
credentials: { claude: {} }
agents:
  idle: { runtime: command, command: [/bin/idle], schedule: every 1h }
  runs: { runtime: command, command: [/bin/runs], schedule: every 1h }
  fails: { runtime: command, command: [/bin/fails], schedule: every 1h }
  dead: { runtime: command, command: [/bin/dead], schedule: every 1h, credentials: [claude] }
  later: { runtime: command, command: [/bin/later], schedule: "0 23 * * *" }
`);
  world.behaviours['idle'] = (program) => program.exits(0);
  world.behaviours['fails'] = (program) => program.exits(1);
  await world.begin();
  await world.advance(SECOND);
  return world;
}

function statusOf(of: RoomWorld) {
  return loadFleetStatus(of.fleet, of.storage, of.now());
}

describe('loadFleetStatus', () => {
  it('puts what is wrong first, and shows no proof where nothing was proved', async () => {
    const fleet = await open();
    fleet.named('dead')[0]?.says('HTTP 401 Unauthorized: token expired\n');
    await fleet.advance(SECOND);

    const { agents, credentials, incidents } = statusOf(fleet);

    expect(agents.map((agent) => agent.name)).toEqual(['fails', 'dead', 'runs', 'idle', 'later']);
    const byName = new Map(agents.map((agent) => [agent.name, agent]));
    expect(byName.get('dead')).toMatchObject({ condition: 'held', reason: 'claude is dead', lastProofAt: null });
    expect(byName.get('fails')).toMatchObject({ lastProofAt: null, lastRun: { state: 'failed' } });
    expect(byName.get('runs')).toMatchObject({ condition: 'running', lastProofAt: null });
    expect(byName.get('idle')?.lastProofAt).toBeLessThanOrEqual(fleet.now());
    expect(byName.get('later')).toMatchObject({ condition: 'idle', lastProofAt: null, lastRun: null });
    expect(credentials).toMatchObject([{ name: 'claude', state: 'dead', provedAt: null }]);
    expect(incidents[0]).toMatchObject({ severity: 'critical', agents: ['dead'] });
  });

  it('tells of a pause after a failure how long it lasts, and promises no try at its end', async () => {
    const fleet = await open();
    await fleet.advance(2 * SECOND);

    const fails = statusOf(fleet).agents.find((agent) => agent.name === 'fails');

    expect(fails).toMatchObject({ condition: 'held', reason: 'it failed' });
    expect(fails && renderReason(fails, fleet.now(), 90)).toMatch(/^it failed, for [1-9]\d? s more$/);
    expect(fails && renderReason({ ...fails, heldUntil: null }, fleet.now(), 90)).toBe('it failed');
  });

  it('takes output of a living run, a beat, and a good end for proofs', async () => {
    const fleet = await open();
    await fleet.advance(MINUTE);

    fleet.named('runs')[0]?.says('reading\n');

    expect(statusOf(fleet).agents.find((agent) => agent.name === 'runs')?.lastProofAt).toBe(fleet.now());
  });

  it('keeps the proof of a run that was stopped since', async () => {
    const fleet = await open();
    await fleet.advance(MINUTE);
    fleet.named('runs')[0]?.says('reading\n');
    const at = fleet.now();

    fleet.rooms.holds.pause('runs', 'owner:1', undefined, true);
    await fleet.advance(MINUTE);

    const runs = statusOf(fleet).agents.find((agent) => agent.name === 'runs');
    expect(runs).toMatchObject({
      condition: 'held',
      runningSince: null,
      lastProofAt: at,
      lastRun: { state: 'stopped' },
    });
  });

  it('takes the noise of a CLI that runs for no proof', async () => {
    world = createRoomWorld(
      'timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\nagents:\n  scout: { runtime: claude, prompt: ./scout.md, schedule: every 1h }\n',
      { runtimes: [talkingRuntime], files: { 'scout.md': 'Look for news.' } },
    );
    const { storage, now } = world;
    await world.begin();
    await world.advance(MINUTE);

    const run = storage.runs.aliveOf('scout');
    storage.transaction(() => storage.runs.output(run?.id ?? 0, now(), 512));

    expect(storage.runs.aliveOf('scout')).toMatchObject({ outputBytes: 512 });
    expect(statusOf(world).agents.find((agent) => agent.name === 'scout')?.lastProofAt).toBeNull();
  });

  it('says of a running agent that it waits for an answer, until there is one', async () => {
    const fleet = await open();
    const run = fleet.storage.runs.aliveOf('runs')?.id ?? 0;
    const reason = () => statusOf(fleet).agents.find((agent) => agent.name === 'runs')?.reason;

    const id = fleet.storage.transaction(() =>
      fleet.storage.questions.add({
        runId: run,
        agent: 'runs',
        kind: 'ask',
        request: 'key:one',
        tool: null,
        text: 'Which one?',
        forRun: null,
        options: '[]',
        askedAt: fleet.now(),
        expiresAt: fleet.now() + MINUTE,
      }),
    );
    const before = reason();
    fleet.storage.transaction(() =>
      fleet.storage.questions.settle(id, { state: 'answered', answer: 'This', by: 'owner:1', at: fleet.now() }),
    );

    expect(before).toBe('❓ waits for your answer');
    expect(reason()).toBeNull();
  });

  it('says that the fleet is paused', async () => {
    const fleet = await open();

    fleet.rooms.holds.pause('all', 'owner:1', undefined, false);

    expect(statusOf(fleet).paused).toBe('the fleet is paused');
  });

  it('says until when at most Nightdesk waits before it restarts', async () => {
    const fleet = await open();
    const before = statusOf(fleet).restartsAt;
    const deadlineAt = fleet.now() + MINUTE;

    fleet.storage.transaction(() =>
      fleet.storage.selfRestarts.begin({ askedBy: 'owner:1', askedAt: fleet.now(), deadlineAt, messageKey: 'x' }),
    );

    expect([before, statusOf(fleet).restartsAt]).toEqual([null, deadlineAt]);
  });
});

describe('housekeeper', () => {
  it('drops settled rows after a month and keeps what still counts', async () => {
    const fleet = await open();
    const asker = { run: fleet.storage.runs.lastOf('idle')?.id ?? 0, agent: 'idle' };
    const asked = fleet.rooms.questions.ask(asker, { text: 'Left?', options: [], withinMs: MINUTE });
    fleet.rooms.questions.withdraw(asker.run);
    fleet.storage.dues.wait('idle', fleet.now(), 'owner');
    await fleet.advance(3 * SECOND);
    const time = createVirtualClock(fleet.now() + 40 * 24 * HOUR);
    const housekeeper = createHousekeeper({
      storage: fleet.storage,
      clock: time.clock,
      log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
      onFatal: (error) => {
        throw error;
      },
    });

    housekeeper.start();
    await time.advance(MINUTE);
    await housekeeper.stop();

    expect(fleet.storage.dues.receipts('idle', 10)).toEqual([]);
    expect(asked.kind).toBe('asked');
    expect(fleet.storage.questions.get(1)).toBeUndefined();
    expect(fleet.storage.runs.get(asker.run)).toBeUndefined();
    expect(fleet.storage.runs.lastOf('idle')?.state).toBe('done');
    expect(fleet.storage.runs.aliveOf('runs')).toBeDefined();
    expect(fleet.storage.dues.waitingOf('idle')).toBeDefined();
  });
});
