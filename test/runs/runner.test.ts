import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { buildRunEnvironment } from '../../src/runs/run-environment.ts';
import { createRoomWorld, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

async function open(rest = ''): Promise<RoomWorld> {
  world = createRoomWorld(
    `timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\nagents:\n  scout: { runtime: command, command: [/bin/scout], schedule: every 24h, timeout: 10m${rest} }\n`,
  );
  await world.begin();
  return world;
}

describe('runner', () => {
  it('settles a run as done when its program exits 0', async () => {
    const fleet = await open();

    fleet.named('scout')[0]?.says('all well\n');
    fleet.named('scout')[0]?.exits(0);
    await fleet.settle();

    expect(fleet.storage.runs.lastOf('scout')).toMatchObject({
      state: 'done',
      exit: 'exit 0',
      outputBytes: 9,
      failure: null,
    });
  });

  it('writes down when a run said its last words, though they came right after others', async () => {
    const fleet = await open();
    const startedAt = fleet.now();
    fleet.named('scout')[0]?.says('first\n');
    await fleet.advance(3 * SECOND);
    fleet.named('scout')[0]?.says('last\n');
    fleet.named('scout')[0]?.exits(0);
    await fleet.settle();

    expect(fleet.storage.runs.lastOf('scout')?.outputAt).toBe(startedAt + 3 * SECOND);
  });

  it.each([
    [1, 'crash'],
    [75, 'overloaded'],
    [127, 'config'],
  ])('settles a run with its failure when its program exits %i: %s', async (code, failure) => {
    const fleet = await open();

    fleet.named('scout')[0]?.says('no such table\n', 'stderr');
    fleet.named('scout')[0]?.exits(code);
    await fleet.settle();

    expect(fleet.storage.runs.lastOf('scout')).toMatchObject({ state: 'failed', failure, evidence: 'no such table' });
  });

  it('ends a program that outlives its timeout, with KILL five seconds after TERM', async () => {
    const fleet = await open();
    fleet.behaviours['scout:term'] = () => {};

    await fleet.advance(10 * MINUTE + SECOND);
    expect(fleet.named('scout')[0]?.signals).toEqual(['SIGTERM']);
    await fleet.advance(5 * SECOND);

    expect(fleet.named('scout')[0]?.signals).toEqual(['SIGTERM', 'SIGKILL']);
    expect(fleet.storage.runs.lastOf('scout')).toMatchObject({
      state: 'failed',
      failure: 'timeout',
      evidence: 'it ran longer than its timeout of 600 s',
    });
  });

  it('kills what is left of the group when a program has ended', async () => {
    const fleet = await open();
    const program = fleet.named('scout')[0];

    program?.exits(0);
    await fleet.settle();

    expect(fleet.storage.runs.alive()).toEqual([]);
    expect(program?.isOver()).toBe(true);
  });

  it('settles what an earlier start left as lost after sweeping it, and the agent runs again when it is due', async () => {
    const fleet = await open();

    await fleet.crash(25 * 60 * MINUTE);

    expect(fleet.swept).toEqual([1]);
    expect(fleet.storage.runs.recent('scout', 2).map((run) => run.state)).toEqual(['running', 'lost']);
    expect(fleet.shown().filter((message) => message.key.startsWith('incident:'))).toEqual([]);
  });

  it('starts a run that was only wanted when Nightdesk was killed', async () => {
    const fleet = await open();
    await fleet.rooms.runner.stop();
    fleet.storage.runs.add({
      agent: 'scout',
      cause: 'owner',
      publicationId: null,
      wantedAt: fleet.now(),
      generations: '{}',
    });

    await fleet.crash();

    expect(fleet.named('scout')).toHaveLength(2);
    expect(fleet.running()).toHaveLength(1);
  });

  it('stops all programs and settles them as stopped when it is stopped', async () => {
    const fleet = await open();

    await fleet.rooms.runner.stop();

    expect(fleet.running()).toEqual([]);
    expect(fleet.storage.runs.lastOf('scout')).toMatchObject({ state: 'stopped', stopReason: 'Nightdesk was stopped' });
  });

  it('keeps secrets out of the evidence', async () => {
    const fleet = await open();

    fleet.named('scout')[0]?.says('bad key 123456:TEST-the-bot-token-of-the-world\n', 'stderr');
    fleet.named('scout')[0]?.exits(1);
    await fleet.settle();

    expect(fleet.storage.runs.lastOf('scout')?.evidence).toBe('bad key [secret]');
  });

  it('stores only the hash of the token that the run carries', async () => {
    const fleet = await open();
    const token = fleet.named('scout')[0]?.request.env['NIGHTDESK_TOKEN'] ?? '';

    expect(fleet.rooms.agents.identify(token)).toEqual({ kind: 'known', run: { run: 1, agent: 'scout' } });
    fleet.named('scout')[0]?.exits(0);
    await fleet.settle();

    expect(fleet.rooms.agents.identify(token)).toEqual({ kind: 'ended' });
    expect(fleet.rooms.agents.identify('guess')).toEqual({ kind: 'unknown' });
    expect(readFileSync(fleet.file).includes(token)).toBe(false);
  });

  it('gives the newest output of a run that is alive, and nothing of any other', async () => {
    const fleet = await open();

    fleet.named('scout')[0]?.says('first\nsecond\n');

    expect(fleet.rooms.runner.tail(1, 7)).toBe('second\n');
    expect(fleet.rooms.runner.tail(2, 7)).toBe('');
  });

  it('gives a run its environment: base, its secrets where fleet.yaml sets nothing else, fleet.yaml, and its own', async () => {
    const fleet = await open(', env: { A: one }');
    const agent = fleet.fleet.agents.get('scout');
    if (agent === undefined) throw new Error('the fleet has a scout');

    const environment = buildRunEnvironment(
      agent,
      { id: 7, token: 'token' },
      {
        base: { PATH: '/bin', A: 'base' },
        gatewayUrl: 'http://127.0.0.1:9',
        launcherFolder: '/launcher',
        secretsOf: () => ({ A: 'stored', B: 'stored' }),
      },
    );

    expect(environment).toEqual({
      PATH: '/launcher:/bin',
      A: 'one',
      B: 'stored',
      NIGHTDESK_AGENT: 'scout',
      NIGHTDESK_RUN: '7',
      NIGHTDESK_URL: 'http://127.0.0.1:9',
      NIGHTDESK_TOKEN: 'token',
    });
  });

  it("finds the launcher first on a PATH of the agent's own", async () => {
    const fleet = await open(', env: { PATH: "/opt/agent/bin:/usr/bin" }');

    expect(fleet.named('scout')[0]?.request.env['PATH']).toBe('/launcher:/opt/agent/bin:/usr/bin');
  });

  it('keeps the token that a run was given out of its evidence', async () => {
    const fleet = await open();
    const token = fleet.named('scout')[0]?.request.env['NIGHTDESK_TOKEN'] ?? '';

    fleet.named('scout')[0]?.says(`cannot reach the gateway with ${token}\n`, 'stderr');
    fleet.named('scout')[0]?.exits(1);
    await fleet.settle();

    expect(token.length).toBeGreaterThan(20);
    expect(fleet.storage.runs.lastOf('scout')?.evidence).toBe('cannot reach the gateway with [secret]');
    expect(JSON.stringify(fleet.shown())).not.toContain(token);
  });
});
