import { afterEach, describe, expect, it } from 'vitest';
import { decideHeartbeat, type HeartbeatFacts, type HeartbeatVerdict } from '../../src/vigil/heartbeats.ts';
import { createRoomWorld, HOUR, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';
import { talkingRuntime } from '../fakes/talking-runtime.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

const HEAD = 'timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\nagents:\n';

/** A fleet with one agent: `scout` is a program, or speaks in events. */
async function open(kind: 'command' | 'claude', more = ''): Promise<RoomWorld> {
  const what = kind === 'command' ? 'runtime: command, command: [/bin/scout]' : 'runtime: claude, prompt: ./scout.md';
  world = createRoomWorld(`${HEAD}  scout: { ${what}, schedule: every 24h, timeout: 6h${more} }\n`, {
    runtimes: [talkingRuntime],
    files: { 'scout.md': 'Look for news.' },
    withVigil: true,
  });
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

const call = (id: string, command: string): object => ({ kind: 'tool-begun', id, tool: 'Bash', input: command });

const run = (fleet: RoomWorld) => {
  const last = fleet.storage.runs.lastOf('scout');
  if (last === undefined) throw new Error('there is no run');
  return { run: last.id, agent: last.agent };
};

function incidents(fleet: RoomWorld) {
  return fleet.rooms.incidents.unresolved().map(({ incident }) => incident);
}

const FACTS: HeartbeatFacts = { now: 0, periodMs: 1_000, signAt: 0, owedSince: 0, askedAt: null, canBeAsked: true };

describe('the decision about a heartbeat', () => {
  it.each<[string, Partial<HeartbeatFacts>, HeartbeatVerdict]>([
    ['is fine until it is time to ask', { now: 599 }, { kind: 'fine', nextAt: 600 }],
    ['asks once three fifths of the period are over', { now: 600 }, { kind: 'ask', nextAt: 1_000 }],
    ['asks only once in a period', { now: 700, askedAt: 600 }, { kind: 'fine', nextAt: 1_000 }],
    ['asks anew after a sign', { now: 1_700, signAt: 1_050, askedAt: 600 }, { kind: 'ask', nextAt: 2_050 }],
    ['asks nobody who cannot read it', { now: 700, canBeAsked: false }, { kind: 'fine', nextAt: 1_000 }],
    ['is missed at the end of the period', { now: 1_000 }, { kind: 'missed', silentMs: 1_000 }],
    ['is owed from the end of what excused it', { now: 1_500, owedSince: 1_000 }, { kind: 'fine', nextAt: 1_600 }],
    [
      'tells how long nothing was seen',
      { now: 2_000, signAt: 200, owedSince: 1_000 },
      { kind: 'missed', silentMs: 1_800 },
    ],
  ])('heartbeat: %s', (_, facts, verdict) => {
    expect(decideHeartbeat({ ...FACTS, ...facts })).toEqual(verdict);
  });
});

describe('the heartbeat of a run', () => {
  it('is missed at the end of its period and told with the age of the last proof and the last lines', async () => {
    const fleet = await open('command', ', heartbeat: 30m');
    await fleet.advance(10 * MINUTE);
    program(fleet).says('one\ntwo\nthree\nfour\n');

    await fleet.advance(30 * MINUTE - SECOND);
    expect(incidents(fleet)).toEqual([]);
    await fleet.advance(SECOND);

    const [incident] = incidents(fleet);
    expect(incident).toMatchObject({
      kind: 'heartbeat',
      fingerprint: 'heartbeat:scout',
      severity: 'critical',
      title: 'scout has given no sign of life for 30 min',
      evidence: 'two\nthree\nfour',
    });
    expect(incident?.note).toContain('Its last proof was output, 30 min ago');
    expect(fleet.storage.runs.aliveOf('scout')?.stopWantedAt).toBeNull();
  });

  it('is not missed when its output was there and only we were late to read it', async () => {
    const fleet = await open('command', ', heartbeat: 6s, on_stuck: restart');
    await fleet.advance(3 * SECOND);

    fleet.jump(5 * SECOND);
    await fleet.advance(0);
    program(fleet).says('this came while the control plane hung\n');
    await fleet.advance(5 * SECOND);

    expect(incidents(fleet)).toEqual([]);
    expect(fleet.programs).toHaveLength(1);
  });

  it('is owed a whole period anew after a hang of the control plane, and told then', async () => {
    const fleet = await open('command', ', heartbeat: 30m');
    await fleet.advance(10 * MINUTE);

    fleet.jump(40 * MINUTE);
    await fleet.advance(29 * MINUTE);
    expect(incidents(fleet)).toEqual([]);
    await fleet.advance(2 * MINUTE);

    expect(incidents(fleet)).toMatchObject([{ kind: 'heartbeat' }]);
  });

  it('is told once, and is over with the next sign of life', async () => {
    const fleet = await open('command', ', heartbeat: 30m');
    await fleet.advance(3 * HOUR);
    expect(incidents(fleet)).toHaveLength(1);
    expect(incidents(fleet)[0]?.times).toBe(1);

    program(fleet).says('still here\n');
    await fleet.advance(3 * SECOND);

    expect(incidents(fleet)).toEqual([]);
    expect(fleet.shown().some(({ text }) => text.includes('It gave a sign of life again: output.'))).toBe(true);
  });

  it('is told anew with the age that it has by then', async () => {
    const fleet = await open('command', ', heartbeat: 30m');
    await fleet.advance(3 * HOUR);

    expect(incidents(fleet)).toMatchObject([{ title: 'scout has given no sign of life for 3 h', times: 1 }]);
  });

  it('is over with the end of its run', async () => {
    const fleet = await open('command', ', heartbeat: 30m');
    await fleet.advance(31 * MINUTE);
    expect(incidents(fleet)).toHaveLength(1);

    program(fleet).exits(0);
    await fleet.advance(3 * SECOND);

    expect(incidents(fleet)).toEqual([]);
  });

  it('counts lines of a program that are always the same as signs of life', async () => {
    const fleet = await open('command', ', heartbeat: 2m');
    for (let minute = 0; minute < 10; minute += 1) {
      program(fleet).says('tick\n');
      await fleet.advance(MINUTE);
    }

    expect(incidents(fleet)).toEqual([]);
  });

  it('takes neither the noise of a CLI nor its tries for signs of life', async () => {
    const fleet = await open('claude', ', heartbeat: 10m');
    for (let minute = 0; minute < 10; minute += 1) {
      program(fleet).tells({ kind: 'retrying', failure: 'overloaded', attempt: minute, evidence: '529' });
      program(fleet).tells({ kind: 'warning', text: `warning ${minute}` });
      program(fleet).tells({ kind: 'usage', inputTokens: minute, outputTokens: 1 });
      await fleet.advance(MINUTE);
    }

    expect(incidents(fleet)).toMatchObject([{ kind: 'heartbeat' }]);
  });

  it('is given by whatever new the agent does, and by the end of a call', async () => {
    const fleet = await open('claude', ', heartbeat: 10m');
    const steps: object[] = [
      call('1', 'ls'),
      { kind: 'tool-ended', id: '1', tool: 'Bash' },
      { kind: 'said', text: 'I look at the tests.' },
      call('2', 'cat README.md'),
    ];
    for (const step of steps) {
      await fleet.advance(9 * MINUTE);
      program(fleet).tells(step);
    }

    await fleet.advance(9 * MINUTE);
    expect(incidents(fleet)).toEqual([]);
    await fleet.advance(MINUTE);
    expect(incidents(fleet)).toHaveLength(1);
  });

  it('is told as stuck with what is done over and over when identical calls are all that comes', async () => {
    const fleet = await open('claude', ', heartbeat: 10m');
    for (let number = 0; number < 45; number += 1) {
      program(fleet).tells(call(`c${number}`, `curl http://127.0.0.1:${8000 + number}/status`));
      program(fleet).tells({ kind: 'tool-ended', id: `c${number}`, tool: 'Bash' });
      program(fleet).tells({ kind: 'said', text: `Not yet: I look at it in another way, ${'x'.repeat(number)}.` });
      await fleet.advance(15 * SECOND);
    }

    const [incident, ...others] = incidents(fleet);
    expect(others).toEqual([]);
    expect(incident).toMatchObject({ kind: 'stuck', fingerprint: 'stuck:scout', severity: 'critical' });
    expect(incident?.evidence).toMatch(
      /^Over and over: Bash: curl http:\/\/127\.0\.0\.1:80\d\d\/status \d\d times in 1\d min$/,
    );
    program(fleet).tells(call('new', 'cat log.txt'));
    await fleet.advance(3 * SECOND);
    expect(incidents(fleet)).toEqual([]);
  });

  it('asks on stdin once in a period when the CLI reads there, after its row', async () => {
    const fleet = await open('claude', ', heartbeat: 10m');

    await fleet.advance(6 * MINUTE - SECOND);
    expect(program(fleet).written).toEqual([]);
    await fleet.advance(2 * SECOND);
    expect(program(fleet).written).toHaveLength(1);
    expect(program(fleet).written[0]).toContain('call the `beat` tool');
    expect(fleet.storage.runs.aliveOf('scout')?.askedAt).toBe(fleet.now() - SECOND);
    expect(fleet.storage.runs.aliveOf('scout')?.beatAt).toBeNull();
    await fleet.advance(3 * MINUTE);
    fleet.rooms.agents.beat(run(fleet), 'at work');
    await fleet.advance(8 * MINUTE);

    expect(program(fleet).written).toHaveLength(2);
    expect(incidents(fleet)).toEqual([]);
    await fleet.advance(2 * MINUTE);
    expect(incidents(fleet)[0]?.note).toContain('It was asked 4 min ago, and did not answer.');
  });

  it('asks nobody who reads nothing', async () => {
    const fleet = await open('claude', ', heartbeat: 10m');
    program(fleet).tells({ deaf: true });

    await fleet.advance(9 * MINUTE);

    expect(program(fleet).written).toEqual([]);
    expect(fleet.storage.runs.aliveOf('scout')?.askedAt).toBeNull();
  });

  it('belongs to its own run: the token of an ended one moves nothing', async () => {
    const fleet = await open('command', ', heartbeat: 30m');
    const before = run(fleet);
    const token = program(fleet).request.env['NIGHTDESK_TOKEN'] ?? '';
    program(fleet).exits(0);
    await fleet.settle();
    fleet.storage.transaction(() => fleet.storage.dues.wait('scout', fleet.now(), 'owner'));
    await fleet.advance(20 * MINUTE);

    expect(fleet.rooms.agents.identify(token)).toEqual({ kind: 'ended' });
    fleet.rooms.agents.beat(before, 'I am late');
    await fleet.advance(10 * MINUTE + SECOND);

    expect(run(fleet).run).not.toBe(before.run);
    expect(incidents(fleet)).toMatchObject([{ kind: 'heartbeat' }]);
  });

  it('is not owed while its owner is asked, and owed from the answer on', async () => {
    const fleet = await open('command', ', heartbeat: 10m');
    const asked = fleet.rooms.agents.ask(run(fleet), { text: 'May I?', options: ['Yes'], withinMs: 2 * HOUR });
    await fleet.advance(HOUR);
    expect(incidents(fleet)).toEqual([]);

    fleet.rooms.questions.answer(asked.kind === 'asked' ? asked.id : 0, { kind: 'option', index: 0 }, 'owner:1');
    await fleet.advance(10 * MINUTE - SECOND);
    expect(incidents(fleet)).toEqual([]);
    await fleet.advance(2 * SECOND);
    expect(incidents(fleet)).toHaveLength(1);
  });

  it('is not owed outside of active hours', async () => {
    const fleet = await open('command', ', heartbeat: 40m, active: "08:00-09:30"');

    await fleet.advance(39 * MINUTE);
    program(fleet).says('done for today\n');
    await fleet.advance(HOUR);

    expect(incidents(fleet)).toEqual([]);
  });

  it('is not owed during a step that was declared to be long', async () => {
    const fleet = await open('command', ', heartbeat: 10m, progress: 10m');
    fleet.rooms.agents.beat(run(fleet), 'training', 2 * HOUR);

    await fleet.advance(2 * HOUR + 10 * MINUTE - SECOND);
    expect(incidents(fleet)).toEqual([]);
    await fleet.advance(2 * SECOND);

    expect(incidents(fleet)).toHaveLength(1);
  });

  it('waits no longer for a declared step than the timeout of its run', async () => {
    const fleet = await open('command', ', heartbeat: 10m');
    await fleet.advance(HOUR);

    expect(fleet.rooms.agents.beat(run(fleet), 'training', 24 * HOUR)).toEqual({ cutToMs: 5 * HOUR });
    expect(fleet.storage.runs.aliveOf('scout')?.patientUntil).toBe(fleet.now() + 5 * HOUR);
  });

  it('begins anew when the machine slept', async () => {
    const fleet = await open('command', ', heartbeat: 30m');
    await fleet.advance(20 * MINUTE);

    fleet.setWall(3 * HOUR);
    await fleet.advance(10 * SECOND);
    expect(incidents(fleet)).toEqual([]);
    await fleet.advance(30 * MINUTE);

    expect(incidents(fleet)).toMatchObject([{ kind: 'heartbeat' }]);
  });

  it('is missed in time when the clock was set back', async () => {
    const fleet = await open('command', ', heartbeat: 30m');
    await fleet.advance(20 * MINUTE);
    program(fleet).says('hello\n');

    fleet.setWall(-24 * HOUR);
    await fleet.advance(29 * MINUTE);
    expect(incidents(fleet)).toEqual([]);
    await fleet.advance(2 * MINUTE);

    expect(incidents(fleet)).toMatchObject([{ kind: 'heartbeat' }]);
  });

  it('is answered with a fresh run and a new session when fleet.yaml says restart', async () => {
    const fleet = await open('claude', ', heartbeat: 10m, on_stuck: restart');
    program(fleet).tells({ kind: 'session', resumeToken: 'session-1' });
    const began = fleet.now();

    await fleet.advance(10 * MINUTE + 5 * SECOND);

    expect(fleet.programs).toHaveLength(2);
    expect(fleet.programs[0]?.signals).toContain('SIGTERM');
    expect(fleet.programs[1]?.request.argv).toEqual(['/bin/talker', 'begin']);
    expect((fleet.programs[1]?.startedAt ?? 0) - began).toBeLessThan(10 * MINUTE + 2 * SECOND);
    const [fresh, stuck] = fleet.storage.runs.recent('scout', 2);
    expect(stuck).toMatchObject({ state: 'failed', failure: 'stuck' });
    expect(stuck?.evidence).toBe('scout has given no sign of life for 10 min');
    expect(fresh).toMatchObject({ state: 'running', cause: 'resumed' });
    const alert = fleet.shown().find(({ text }) => text.includes('no sign of life'));
    expect(alert?.text).toContain('Its run was ended after 10 min, and a fresh one is at work.');
    expect(fleet.shown().some(({ text }) => text.includes('scout failed: stuck'))).toBe(false);
  });

  it('is a crash loop when fresh runs get stuck again and again', async () => {
    const fleet = await open('claude', ', heartbeat: 1m, on_stuck: restart');

    await fleet.advance(HOUR);

    expect(fleet.programs).toHaveLength(6);
    expect(fleet.holds()).toEqual(['scout: it failed too often']);
    expect(incidents(fleet).map(({ kind }) => kind)).toEqual(['crash-loop']);
  });

  it('ends the run and holds its agent until it is resumed when fleet.yaml says stop', async () => {
    const fleet = await open('command', ', heartbeat: 10m, on_stuck: stop');
    await fleet.advance(HOUR);

    expect(fleet.programs).toHaveLength(1);
    expect(fleet.storage.runs.lastOf('scout')).toMatchObject({ state: 'failed', failure: 'stuck' });
    expect(fleet.holds()).toEqual(['scout: it was stuck, and fleet.yaml says to stop it then']);
    expect(incidents(fleet)).toMatchObject([{ kind: 'heartbeat' }]);
    expect(fleet.rooms.holds.resume('scout', 'owner:1').released).toBe(true);
    await fleet.advance(5 * SECOND);

    expect(incidents(fleet)).toEqual([]);
    expect(fleet.holds()).toEqual([]);
  });

  it('is told of an agent that has been due for longer than its period and waits', async () => {
    const fleet = await open('command', ', heartbeat: 30m');
    program(fleet).exits(0);
    await fleet.settle();
    fleet.room.lacks = 'waits for memory';
    fleet.storage.transaction(() => fleet.storage.dues.wait('scout', fleet.now(), 'owner'));

    await fleet.advance(30 * MINUTE - SECOND);
    expect(incidents(fleet)).toEqual([]);
    await fleet.advance(2 * SECOND);
    expect(incidents(fleet)).toMatchObject([
      { kind: 'heartbeat', title: 'scout has been due for 30 min and has not started', evidence: 'waits for memory' },
    ]);
    fleet.room.lacks = undefined;
    await fleet.advance(5 * SECOND);

    expect(incidents(fleet)).toEqual([]);
    expect(fleet.shown().some(({ text }) => text.includes('It has started.'))).toBe(true);
  });

  it('is told of an agent that was due while nobody was there a minute after the start', async () => {
    const fleet = await open('command', ', heartbeat: 30m');
    program(fleet).exits(0);
    await fleet.settle();
    fleet.room.lacks = 'waits for memory';
    fleet.storage.transaction(() => fleet.storage.dues.wait('scout', fleet.now(), 'owner'));
    await fleet.advance(5 * SECOND);

    await fleet.crash(HOUR);
    await fleet.advance(50 * SECOND);
    const early = incidents(fleet);
    await fleet.advance(15 * SECOND);

    expect(early).toEqual([]);
    expect(incidents(fleet)).toMatchObject([{ kind: 'heartbeat', evidence: 'waits for memory' }]);
  });

  it('is told once of an agent that is due and waits, over a restart as well', async () => {
    const fleet = await open('command', ', heartbeat: 30m');
    program(fleet).exits(0);
    await fleet.settle();
    fleet.room.lacks = 'waits for memory';
    fleet.storage.transaction(() => fleet.storage.dues.wait('scout', fleet.now(), 'owner'));
    await fleet.advance(31 * MINUTE);
    const before = incidents(fleet);

    await fleet.crash(MINUTE);
    await fleet.advance(2 * MINUTE);

    expect(before).toHaveLength(1);
    expect(incidents(fleet)).toEqual(before);
    expect(fleet.shown().some(({ text }) => text.includes('Recovered'))).toBe(false);
  });

  it('is not told of an agent that its owner has paused', async () => {
    const fleet = await open('command', ', heartbeat: 30m');
    program(fleet).exits(0);
    await fleet.settle();
    fleet.rooms.holds.pause('scout', 'owner:1', undefined, false);
    fleet.storage.transaction(() => fleet.storage.dues.wait('scout', fleet.now(), 'resumed'));

    await fleet.advance(2 * HOUR);

    expect(incidents(fleet)).toEqual([]);
  });
});
