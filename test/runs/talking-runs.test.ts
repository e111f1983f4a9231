import { afterEach, describe, expect, it } from 'vitest';
import { createRoomWorld, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';
import { talkingRuntime } from '../fakes/talking-runtime.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

async function open(more = ''): Promise<RoomWorld> {
  world = createRoomWorld(
    `timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\nagents:\n  scout: { runtime: claude, prompt: ./scout.md, schedule: every 24h, timeout: 2h${more} }\n`,
    { runtimes: [talkingRuntime], files: { 'scout.md': 'Look for news.' } },
  );
  await world.begin();
  return world;
}

function talker(fleet: RoomWorld) {
  const program = fleet.named('talker').at(-1);
  if (program === undefined) throw new Error('no talker was started');
  return {
    ...program,
    tells: (...events: readonly object[]) => {
      for (const event of events) program.says(`${JSON.stringify(event)}\n`);
    },
  };
}

describe('a run that speaks in events', () => {
  it('writes down session, usage and context as its CLI tells them', async () => {
    const fleet = await open();
    const program = talker(fleet);

    program.tells(
      { kind: 'session', resumeToken: 'session-1', model: 'opus', version: '2.1.330' },
      { kind: 'usage', inputTokens: 1_200, outputTokens: 80, costMicroUsd: 5_300 },
      { kind: 'context', usedTokens: 1_200, limitTokens: 167_000 },
    );
    program.exits(0);
    await fleet.settle();

    expect(fleet.storage.runs.lastOf('scout')).toMatchObject({
      state: 'done',
      resumeToken: 'session-1',
      model: 'opus',
      cliVersion: '2.1.330',
      inputTokens: 1_200,
      outputTokens: 80,
      costMicroUsd: 5_300,
      contextTokens: 1_200,
      contextLimit: 167_000,
    });
  });

  it('shows what it used within seconds, also when it falls silent right after it told', async () => {
    const fleet = await open();
    const program = talker(fleet);
    program.tells({ kind: 'session', resumeToken: 'session-1' });
    program.tells({ kind: 'context', usedTokens: 83_500, limitTokens: 167_000 });

    await fleet.advance(6 * SECOND);

    expect(fleet.storage.runs.lastOf('scout')).toMatchObject({ state: 'running', contextTokens: 83_500 });
  });

  it('is given its prompt, and its stdin is closed once its turn has ended', async () => {
    const fleet = await open();
    const program = talker(fleet);
    expect(program.request.stdin).toBe('Look for news.\n');
    expect(program.isInputOpen()).toBe(true);

    program.tells({ kind: 'turn-ended' });

    expect(program.isInputOpen()).toBe(false);
  });

  it('has done its work when it stays ten seconds after it and has to be stopped', async () => {
    const fleet = await open();
    talker(fleet).tells({ kind: 'turn-ended' });

    await fleet.advance(12 * SECOND);

    expect(fleet.storage.runs.lastOf('scout')).toMatchObject({ state: 'done', stopReason: 'finished', failure: null });
  });

  it('is taken for stuck when it is silent for longer than its decoder has patience', async () => {
    const fleet = await open();
    talker(fleet).tells({ patience: { forMs: 15 * MINUTE, during: 'while waiting for its model' } });

    await fleet.advance(14 * MINUTE);
    expect(fleet.storage.runs.lastOf('scout')?.state).toBe('running');
    await fleet.advance(2 * MINUTE);

    const run = fleet.storage.runs.lastOf('scout');
    expect(run).toMatchObject({ state: 'failed', failure: 'stuck' });
    expect(run?.evidence).toMatch(/^it said nothing for 90\d s while waiting for its model$/);
  });

  it('asks its owner on the phone, and tells the CLI what was answered', async () => {
    const fleet = await open();
    const program = talker(fleet);
    program.tells({
      kind: 'permission',
      request: 'r1',
      tool: 'Bash',
      detail: 'rm -r build',
      forRun: 'every Bash command',
    });
    await fleet.settle();

    const [card] = fleet.shown().filter(({ buttons }) => buttons.includes('Allow once'));
    expect(card?.text).toContain('rm -r build');
    expect(program.written).toEqual([]);
    fleet.rooms.questions.answer(1, { kind: 'option', index: 0 }, 'owner:1');
    await fleet.settle();

    expect(program.written).toHaveLength(1);
    expect(JSON.parse(program.written[0] ?? '')).toMatchObject({ request: 'r1', permission: 'once' });
  });

  it('is denied what nobody answers in time', async () => {
    const fleet = await open(', permissions: { within: 5m }');
    const program = talker(fleet);
    program.tells({ kind: 'permission', request: 'r1', tool: 'Bash', detail: 'rm -r build', forRun: 'x' });

    await fleet.advance(5 * MINUTE + 5 * SECOND);

    expect(JSON.parse(program.written[0] ?? '')).toMatchObject({ request: 'r1', permission: 'deny' });
    expect(program.written).toHaveLength(1);
  });

  it('takes a card back whose request its CLI has no use for any more, and tells it nothing', async () => {
    const fleet = await open();
    const program = talker(fleet);
    program.tells({ kind: 'permission', request: 'r1', tool: 'Bash', detail: 'rm -r build', forRun: 'x' });
    const row = fleet.storage.outbox.get('question:1');
    fleet.storage.transaction(() => fleet.storage.outbox.delivered(row?.id ?? 0, 1, 77, fleet.now()));
    program.tells({ kind: 'permission-void', request: 'r1' });
    await fleet.settle();

    expect(fleet.rooms.questions.answer(1, { kind: 'option', index: 0 }, 'owner:1').kind).toBe('late');
    expect(program.written).toEqual([]);
    const [card] = fleet.shown().filter(({ text }) => text.includes('rm -r build'));
    expect(card?.text).toContain('Nobody waits for it any more');
    expect(card?.text).not.toContain('The run is over');
  });

  it('is told of when it does not reach our tools, until a run does', async () => {
    const fleet = await open();
    talker(fleet).tells({ kind: 'tools', problem: 'its MCP connection is failed' });
    talker(fleet).exits(0);
    await fleet.settle();
    expect(fleet.rooms.incidents.unresolved().map(({ incident }) => incident.title)).toEqual([
      "scout does not reach Nightdesk's tools",
    ]);

    fleet.storage.dues.wait('scout', fleet.now(), 'owner');
    await fleet.advance(3 * SECOND);
    talker(fleet).tells({ kind: 'tools' });

    expect(fleet.rooms.incidents.unresolved()).toEqual([]);
  });

  it('withdraws its questions when it ends', async () => {
    const fleet = await open();
    const program = talker(fleet);
    program.tells({ kind: 'permission', request: 'r1', tool: 'Bash', detail: 'rm -r build', forRun: 'x' });
    program.exits(0);
    await fleet.settle();

    expect(fleet.rooms.questions.answer(1, { kind: 'option', index: 0 }, 'owner:1').kind).toBe('late');
  });

  it('takes no answer any more after Nightdesk was killed, also while what is left of it is being swept', async () => {
    const fleet = await open();
    talker(fleet).tells({ kind: 'permission', request: 'r1', tool: 'Bash', detail: 'rm -r build', forRun: 'x' });
    await fleet.settle();

    const back = fleet.crash();
    const answer = fleet.rooms.questions.answer(1, { kind: 'option', index: 0 }, 'owner:1');
    await back;

    expect(answer.kind).toBe('late');
  });

  it('goes on with its session after Nightdesk was killed, and begins another one after a good end', async () => {
    const fleet = await open();
    talker(fleet).tells({ kind: 'session', resumeToken: 'session-1' });
    expect(talker(fleet).request.argv).toEqual(['/bin/talker', 'begin']);

    await fleet.crash();
    fleet.storage.dues.wait('scout', fleet.now(), 'owner');
    await fleet.advance(3 * SECOND);
    expect(talker(fleet).request.argv).toEqual(['/bin/talker', 'resume', 'session-1']);
    talker(fleet).tells({ kind: 'session', resumeToken: 'session-1' });
    talker(fleet).exits(0);
    await fleet.settle();

    fleet.storage.dues.wait('scout', fleet.now(), 'owner');
    await fleet.advance(3 * SECOND);
    expect(talker(fleet).request.argv).toEqual(['/bin/talker', 'begin']);
  });

  it('is not started without its prompt, and says what to do', async () => {
    world = createRoomWorld(
      `timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\nagents:\n  scout: { runtime: claude, prompt: ./scout.md, schedule: every 24h }\n`,
      { runtimes: [talkingRuntime], files: { 'scout.md': '  \n' } },
    );
    await world.begin();

    expect(world.named('talker')).toEqual([]);
    expect(world.storage.runs.lastOf('scout')).toMatchObject({ state: 'failed', failure: 'config' });
    expect(world.storage.runs.lastOf('scout')?.evidence).toMatch(/scout\.md is missing, empty, or may not be read/);
  });

  it('waits while the machine has no room for it, and /why tells', async () => {
    const fleet = await open();
    talker(fleet).exits(0);
    fleet.room.lacks = 'memory: 100 MB left';
    fleet.storage.dues.wait('scout', fleet.now(), 'owner');

    await fleet.advance(10 * SECOND);
    expect(fleet.storage.dues.waitingOf('scout')?.reason).toBe('memory: 100 MB left');
    fleet.room.lacks = undefined;
    await fleet.advance(3 * SECOND);

    expect(fleet.named('talker')).toHaveLength(2);
  });
});
