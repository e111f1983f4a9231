import { afterEach, describe, expect, it } from 'vitest';
import { createRoomWorld, HOUR, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';
import { talkingRuntime } from '../fakes/talking-runtime.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

async function open(kind: 'command' | 'claude', more = '', heartbeat = '6h'): Promise<RoomWorld> {
  const what = kind === 'command' ? 'runtime: command, command: [/bin/scout]' : 'runtime: claude, prompt: ./scout.md';
  world = createRoomWorld(
    `timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\ndrafts: { kinds: { reply: {} } }\nagents:\n` +
      `  scout: { ${what}, schedule: every 24h, timeout: 6h, heartbeat: ${heartbeat}${more} }\n` +
      `  poster: { runtime: command, command: [/bin/poster], publishes: [reply], heartbeat: 5m, timeout: 1h, on_stuck: restart }\n`,
    { runtimes: [talkingRuntime], files: { 'scout.md': 'Look for news.' }, withVigil: true },
  );
  await world.begin();
  return world;
}

function program(fleet: RoomWorld) {
  const [newest] = fleet.programs.slice(-1);
  if (newest === undefined) throw new Error('nothing was started');
  return {
    ...newest,
    tells: (...events: readonly object[]) => {
      for (const event of events) newest.says(`${JSON.stringify(event)}\n`);
    },
  };
}

const run = (fleet: RoomWorld) => ({ run: fleet.storage.runs.lastOf('scout')?.id ?? 0, agent: 'scout' });

const incidents = (fleet: RoomWorld) => fleet.rooms.incidents.unresolved().map(({ incident }) => incident);

describe('the progress of a run', () => {
  it('is missing at its deadline, told with what was printed over and over', async () => {
    const fleet = await open('command', ', progress: 20m');
    for (let number = 0; number < 20; number += 1) {
      program(fleet).says(`waiting for job ${number}\n`);
      await fleet.advance(MINUTE - (number === 19 ? SECOND : 0));
    }
    expect(incidents(fleet)).toEqual([]);
    await fleet.advance(SECOND);

    const [incident, ...others] = incidents(fleet);
    expect(others).toEqual([]);
    expect(incident).toMatchObject({
      kind: 'stuck',
      fingerprint: 'stuck:scout',
      severity: 'critical',
      title: 'scout is stuck: it has got nothing done for 20 min',
    });
    expect(incident?.evidence).toMatch(/^Over and over: waiting for job 0 20 times in 19 min$/);
    expect(incident?.note).toContain(
      'Its last progress was its start, 20 min ago. Since then it has printed 352 bytes.',
    );
    expect(fleet.storage.runs.aliveOf('scout')?.repeating).toBe('waiting for job 0 20 times in 19 min');
  });

  it('is not watched where fleet.yaml names no time for it', async () => {
    const fleet = await open('command');

    await fleet.advance(2 * HOUR);

    expect(incidents(fleet)).toEqual([]);
  });

  it('tells what was spent since the last progress', async () => {
    const fleet = await open('claude', ', progress: 20m');
    program(fleet).tells({ kind: 'usage', inputTokens: 1, outputTokens: 1, costMicroUsd: 500_000 });
    await fleet.advance(MINUTE);
    fleet.rooms.agents.progress(run(fleet), 'read the sources');
    await fleet.advance(MINUTE);
    program(fleet).tells({ kind: 'usage', inputTokens: 9, outputTokens: 9, costMicroUsd: 1_700_000 });

    await fleet.advance(20 * MINUTE);

    expect(incidents(fleet)[0]?.note).toContain(
      'Its last progress was its own word, 20 min ago. Since then it has spent $1.20',
    );
  });

  it('is proved by its own word, by a draft, and by work in its folder', async () => {
    const fleet = await open('command', ', progress: 20m');
    await fleet.advance(19 * MINUTE);
    fleet.rooms.agents.progress(run(fleet), 'one done');
    await fleet.advance(19 * MINUTE);
    fleet.rooms.agents.submitDraft(run(fleet), { kind: 'reply', to: '@ada', body: 'hello', priority: 3, key: 'k' });
    await fleet.advance(15 * MINUTE);
    fleet.work.newest = { path: '/w/report.md', at: fleet.now() };
    await fleet.advance(6 * MINUTE);

    expect(incidents(fleet)).toEqual([]);
    expect(fleet.storage.runs.aliveOf('scout')?.workedAt).toBe(fleet.work.newest.at);
    await fleet.advance(14 * MINUTE + 5 * SECOND);
    expect(incidents(fleet)).toMatchObject([{ kind: 'stuck' }]);
  });

  it('is not proved by a draft that was handed in before', async () => {
    const fleet = await open('command', ', progress: 20m');
    const draft = { kind: 'reply', to: '@ada', body: 'hello', priority: 3, key: 'k' };
    fleet.rooms.agents.submitDraft(run(fleet), draft);
    await fleet.advance(15 * MINUTE);
    fleet.rooms.agents.submitDraft(run(fleet), draft);

    await fleet.advance(5 * MINUTE + SECOND);

    expect(incidents(fleet)).toMatchObject([{ kind: 'stuck' }]);
  });

  it('is not proved by beats, by output, or by what its folder held before', async () => {
    const fleet = await open('command', ', progress: 20m');
    fleet.work.newest = { path: '/w/old.md', at: fleet.now() - MINUTE };
    for (let minute = 0; minute < 21; minute += 1) {
      fleet.rooms.agents.beat(run(fleet), `beat ${minute}`);
      program(fleet).says(`${'x'.repeat(minute)}\n`);
      await fleet.advance(MINUTE);
    }

    expect(incidents(fleet)).toMatchObject([{ kind: 'stuck' }]);
  });

  it('is found again when work shows in the folder of a run that was told to be stuck', async () => {
    const fleet = await open('command', ', progress: 20m');
    await fleet.advance(21 * MINUTE);
    expect(incidents(fleet)).toHaveLength(1);

    fleet.work.newest = { path: '/w/report.md', at: fleet.now() + MINUTE };
    await fleet.advance(8 * MINUTE);

    expect(incidents(fleet)).toEqual([]);
    expect(fleet.shown().some(({ text }) => text.includes('It gets on again: work in its folder.'))).toBe(true);
  });

  it('is not missed beside a heartbeat: what is silent is told once', async () => {
    const fleet = await open('command', ', progress: 40m', '20m');

    await fleet.advance(2 * HOUR);

    expect(incidents(fleet)).toMatchObject([{ kind: 'heartbeat' }]);
  });

  it('never cuts a publisher off', async () => {
    const fleet = await open('command', '');
    const submitted = fleet.rooms.agents.submitDraft(run(fleet), {
      kind: 'reply',
      to: '@ada',
      body: 'hello',
      priority: 3,
    });
    fleet.rooms.desk.approve(submitted.kind === 'accepted' ? submitted.id : 0, 1, 'owner:1');
    await fleet.advance(SECOND);

    await fleet.advance(19 * MINUTE);

    expect(incidents(fleet)).toMatchObject([{ kind: 'heartbeat', subject: 'poster' }]);
    expect(incidents(fleet)[0]?.note).toContain('It goes on as it is.');
    expect(fleet.named('poster')).toHaveLength(1);
    expect(fleet.named('poster')[0]?.signals).toEqual([]);
  });
});
