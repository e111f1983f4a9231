import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { CONTEXT_FLUSHED, CONTEXT_FULL } from '../../src/runs/context-stops.ts';
import { judgeWorkstate } from '../../src/work/workstate.ts';
import { talkingRuntime } from '../fakes/talking-runtime.ts';
import { createRoomWorld, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

async function open(names: readonly string[] = ['scout'], more = ''): Promise<RoomWorld> {
  const agents = names
    .map(
      (name) =>
        `  ${name}: { runtime: claude, prompt: ./scout.md, schedule: every 24h, timeout: 2h, heartbeat: 4h${more} }\n`,
    )
    .join('');
  world = createRoomWorld(`timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\nagents:\n${agents}`, {
    runtimes: [talkingRuntime],
    files: { 'scout.md': 'Look for news.' },
  });
  await world.begin();
  return world;
}

/** The newest program of an agent; all of them are talkers. */
function talker(fleet: RoomWorld, agent = 'scout') {
  const program = fleet.named('talker').findLast(({ request }) => request.env['NIGHTDESK_AGENT'] === agent);
  if (program === undefined) throw new Error(`no talker of ${agent} was started`);
  return {
    program,
    tells: (...events: readonly object[]) => {
      for (const event of events) program.says(`${JSON.stringify(event)}\n`);
    },
    fills: (percent: number) =>
      program.says(`${JSON.stringify({ kind: 'context', usedTokens: percent * 10, limitTokens: 1_000 })}\n`),
    asks: () => program.written.filter((text) => text.includes('"ask"')),
  };
}

function workstate(task: string): string {
  return `# Active Tasks\n- ${task}\n# Critical Context\n- be kind to ${task}\n# Next\n- finish ${task}\n`;
}

const begun = { kind: 'session', resumeToken: 'session-1', model: 'opus' };

describe('a context that fills up', () => {
  it('asks for nothing while it is below flush', async () => {
    const fleet = await open();
    const scout = talker(fleet);

    scout.tells(begun);
    scout.fills(79.9);
    await fleet.advance(10 * SECOND);

    expect(scout.asks()).toEqual([]);
  });

  it('has WORKSTATE.md written, ends the session, and goes on in a fresh one that reads it, once it reaches flush', async () => {
    const fleet = await open();
    const old = talker(fleet);
    old.tells(begun);

    old.fills(81);
    await fleet.settle();
    expect(old.asks()).toHaveLength(1);
    expect(old.asks()[0]).toContain('your context is 81 % full');
    fleet.workstates.put('scout', workstate('the report'));
    old.tells({ kind: 'tool-ended', id: '1', tool: 'Write' });
    await fleet.settle();
    expect(fleet.storage.runs.lastOf('scout')).toMatchObject({ state: 'running', stopReason: CONTEXT_FLUSHED });
    expect(old.program.signals).toEqual([]);
    old.tells({ kind: 'turn-ended' });
    old.program.exits(0);
    await fleet.advance(SECOND);

    const fresh = talker(fleet);
    expect(fleet.storage.runs.recent('scout', 2)).toMatchObject([
      { state: 'running', cause: 'resumed', continues: 1 },
      { state: 'stopped', failure: null, stopReason: CONTEXT_FLUSHED },
    ]);
    expect(fresh.program.request.argv).toEqual(['/bin/talker', 'begin']);
    expect(fresh.program.request.stdin).toContain('- finish the report');
    expect(fresh.program.request.stdin).toContain('Your run 1 ended because its context was 81 % full');
    expect(fresh.program.request.stdin).toMatch(/Look for news\.\n$/);
    expect(fleet.storage.checkpoints.newest('scout')).toMatchObject({ runId: 1, author: 'agent', contextPercent: 81 });
    expect(fleet.storage.incidents.listUnresolved()).toEqual([]);
    expect(fleet.holds()).toEqual([]);
  });

  it('is flushed also when the agent ends its turn before anybody has looked at its file', async () => {
    const fleet = await open();
    const old = talker(fleet);
    old.tells(begun);
    old.fills(85);
    await fleet.settle();

    fleet.workstates.put('scout', workstate('the report'));
    old.tells({ kind: 'turn-ended' });
    old.program.exits(0);
    await fleet.advance(SECOND);

    expect(fleet.storage.runs.get(1)).toMatchObject({ state: 'stopped', stopReason: CONTEXT_FLUSHED });
    expect(talker(fleet).program.request.stdin).toContain('- finish the report');
  });

  it('is not corrected for half of a file that is being written, and is for one that stays as it is', async () => {
    const fleet = await open();
    const scout = talker(fleet);
    const words = (): string[] => scout.program.written.filter((text) => text.includes('WORKSTATE.md is empty'));
    scout.tells(begun);
    scout.fills(81);
    await fleet.settle();

    fleet.workstates.put('scout', '');
    scout.tells({ kind: 'tool-ended', id: '1', tool: 'Bash' });
    await fleet.settle();
    expect(words()).toEqual([]);
    await fleet.advance(5 * SECOND);
    expect(words()).toHaveLength(1);

    fleet.workstates.put('scout', workstate('the report'));
    await fleet.advance(3 * SECOND);
    expect(fleet.storage.runs.get(1)).toMatchObject({ stopReason: CONTEXT_FLUSHED });
  });

  it('counts only what was written after it was asked', async () => {
    const fleet = await open();
    const scout = talker(fleet);
    fleet.workstates.put('scout', workstate('the old report'));
    await fleet.advance(MINUTE);

    scout.fills(81);
    await fleet.advance(10 * SECOND);

    expect(fleet.storage.runs.get(1)).toMatchObject({ state: 'running', stopReason: null, flushReason: 'context' });
    expect(fleet.storage.checkpoints.newest('scout')?.text).toContain('the old report');
  });

  it('is flushed with the same text again when that is what the agent writes once it was asked', async () => {
    const fleet = await open();
    fleet.rooms.checkpoints.submit({ run: 1, agent: 'scout' }, workstate('the report'));
    await fleet.advance(MINUTE);
    talker(fleet).fills(81);
    await fleet.advance(5 * SECOND);
    expect(fleet.storage.runs.get(1)).toMatchObject({ stopReason: null });

    fleet.rooms.checkpoints.submit({ run: 1, agent: 'scout' }, workstate('the report'));
    await fleet.advance(5 * SECOND);

    expect(fleet.storage.runs.get(1)).toMatchObject({ stopReason: CONTEXT_FLUSHED });
  });

  it('tells its agent why a WORKSTATE.md cannot be kept, once for each change of it', async () => {
    const fleet = await open();
    const scout = talker(fleet);
    scout.fills(81);
    await fleet.settle();

    fleet.workstates.put('scout', '# Active Tasks\n- one\n');
    await fleet.advance(10 * SECOND);

    expect(scout.asks().slice(1)).toEqual([expect.stringContaining('has no heading Critical Context, none Next')]);
    expect(fleet.storage.runs.get(1)).toMatchObject({ stopReason: null });
  });

  it('stops the turn a minute after the file is there when it does not end by itself', async () => {
    const fleet = await open();
    const scout = talker(fleet);
    scout.fills(81);
    await fleet.settle();
    fleet.workstates.put('scout', workstate('the report'));

    await fleet.advance(58 * SECOND);
    expect(scout.program.signals).toEqual([]);
    await fleet.advance(8 * SECOND);

    expect(scout.program.signals).toEqual(['SIGTERM']);
    expect(fleet.storage.runs.recent('scout', 1)[0]).toMatchObject({ continues: 1, state: 'running' });
  });
});

describe('a context that reaches stop', () => {
  it('ends the session at once, and Nightdesk writes WORKSTATE.md, when its agent did not', async () => {
    const fleet = await open();
    const old = talker(fleet);
    fleet.workstates.put('scout', workstate('the old report'));
    old.tells(begun, { kind: 'said', text: 'I am at chapter seven.' });
    await fleet.advance(MINUTE);
    old.fills(81);
    await fleet.advance(MINUTE);

    old.fills(90);
    expect(fleet.storage.runs.get(1)).toMatchObject({ stopReason: CONTEXT_FULL });
    await fleet.advance(SECOND);

    expect(old.program.signals).toEqual(['SIGTERM']);
    const text = fleet.storage.checkpoints.newest('scout')?.text ?? '';
    expect(text).toMatch(/^Written by Nightdesk, without a model/);
    expect(text).toContain('I am at chapter seven.');
    expect(text).toContain('> - finish the old report');
    expect(text).toContain('## main');
    expect(fleet.workstates.textOf('scout')).toBe(text);
    expect(fleet.storage.checkpoints.newest('scout')).toMatchObject({
      author: 'nightdesk',
      runId: 1,
      contextPercent: 90,
    });
    expect(fleet.storage.checkpoints.before('scout', 2)?.text).toBe(workstate('the old report'));
    expect(talker(fleet).program.request.stdin).toContain('Nightdesk wrote it, without a model');
    expect(fleet.storage.incidents.listUnresolved()).toMatchObject([{ kind: 'context', severity: 'warning' }]);
  });

  it('stops a session that jumps past it from far below', async () => {
    const fleet = await open();
    const old = talker(fleet);

    old.fills(20);
    old.fills(97);
    await fleet.advance(SECOND);

    expect(old.program.signals).toEqual(['SIGTERM']);
    expect(fleet.storage.runs.get(1)).toMatchObject({ state: 'stopped', stopReason: CONTEXT_FULL });
    expect(fleet.storage.checkpoints.newest('scout')).toMatchObject({ author: 'nightdesk' });
  });

  it('does not wait for the turn any more when it comes after the file', async () => {
    const fleet = await open();
    const old = talker(fleet);
    old.fills(82);
    await fleet.settle();
    fleet.workstates.put('scout', workstate('the report'));
    await fleet.advance(3 * SECOND);
    expect(old.program.signals).toEqual([]);

    old.fills(91);
    await fleet.settle();

    expect(old.program.signals).toEqual(['SIGTERM']);
    expect(fleet.storage.runs.get(1)).toMatchObject({ state: 'stopped', stopReason: CONTEXT_FULL });
    await fleet.settle();
    expect(fleet.storage.checkpoints.newest('scout')).toMatchObject({ author: 'agent' });
    expect(fleet.storage.incidents.listUnresolved()).toEqual([]);
  });

  it('is over once the fresh run has kept a checkpoint of its own', async () => {
    const fleet = await open();
    talker(fleet).fills(95);
    await fleet.advance(SECOND);
    expect(fleet.storage.incidents.listUnresolved()).toHaveLength(1);

    const run = fleet.storage.runs.lastOf('scout');
    const outcome = fleet.rooms.checkpoints.submit({ run: run?.id ?? 0, agent: 'scout' }, workstate('the new report'));

    expect(outcome).toMatchObject({ kind: 'stored', isNew: true });
    expect(fleet.storage.incidents.listUnresolved()).toEqual([]);
  });
});

describe('what Nightdesk writes down of a session', () => {
  it('holds no secret, in no row, when the session showed one', async () => {
    const fleet = await open();
    const secret = `sk-ant-oat01-TEST-${'a'.repeat(40)}`;
    talker(fleet).tells({ kind: 'said', text: `the token is ${secret}` });

    talker(fleet).fills(95);
    await fleet.advance(SECOND);

    expect(fleet.storage.checkpoints.newest('scout')?.text).toContain('the token is [secret]');
    fleet.rooms.database.pragma('wal_checkpoint(TRUNCATE)');
    expect(readFileSync(fleet.file).includes(secret)).toBe(false);
    expect(fleet.workstates.textOf('scout')).not.toContain(secret);
  });

  it('is a WORKSTATE.md that may be kept, whatever the session and the file before looked like', async () => {
    const fleet = await open();
    fleet.workstates.putSource('scout', {
      kind: 'file',
      bytes: Buffer.from(`\0# Next\n${'\n'.repeat(90_000)}\u{1F989}`),
      modifiedAt: 0,
    });
    talker(fleet).tells({ kind: 'said', text: '# Active Tasks '.repeat(2_000) });

    talker(fleet).fills(95);
    await fleet.advance(SECOND);
    const text = fleet.storage.checkpoints.newest('scout')?.text ?? '';

    expect(text).toMatch(/^Written by Nightdesk/);
    expect(judgeWorkstate({ kind: 'text', text }, { twinOf: () => undefined, holdsSecret: () => false }).kind).toBe(
      'valid',
    );
  });
});

describe('a CLI that compacts its context by itself', () => {
  it('is told of, ended, and begun anew from its last checkpoint', async () => {
    const fleet = await open();
    const old = talker(fleet);
    fleet.rooms.checkpoints.submit({ run: 1, agent: 'scout' }, workstate('the report'));
    old.fills(78);

    old.tells({ kind: 'compacted' });
    await fleet.advance(SECOND);

    expect(fleet.storage.runs.get(1)).toMatchObject({ state: 'stopped', stopReason: 'its CLI compacted its context' });
    expect(fleet.storage.runs.get(1)?.compactedAt).not.toBeNull();
    const [incident] = fleet.storage.incidents.listUnresolved();
    expect(incident).toMatchObject({ kind: 'context', title: 'scout’s CLI compacted its context by itself at 78 %' });
    expect(talker(fleet).program.request.stdin).toContain('- finish the report');
    expect(fleet.storage.runs.lastOf('scout')).toMatchObject({ continues: 1 });
  });

  it('goes on from what could be seen when it has no checkpoint', async () => {
    const fleet = await open();

    talker(fleet).tells({ kind: 'compacted' });
    await fleet.advance(SECOND);

    expect(fleet.storage.checkpoints.newest('scout')).toMatchObject({ author: 'nightdesk', runId: 1 });
    expect(fleet.storage.incidents.listUnresolved()).toHaveLength(1);
  });
});

describe('the lease', () => {
  it('lets two agents write at once, whoever is nearest to stop first, and the next after five minutes', async () => {
    const names = ['scout', 'writer', 'thinker'];
    const fleet = await open(names);
    talker(fleet, 'scout').fills(81);
    talker(fleet, 'writer').fills(88);
    talker(fleet, 'thinker').fills(85);
    await fleet.settle();

    const asked = (): string[] => names.filter((name) => talker(fleet, name).asks().length > 0);
    expect(asked()).toEqual(['writer', 'thinker']);
    await fleet.advance(4 * MINUTE);
    expect(asked()).toEqual(['writer', 'thinker']);
    await fleet.advance(MINUTE + 2 * SECOND);

    expect(asked()).toEqual(names);
  });

  it('ends when its agent has written', async () => {
    const fleet = await open(['scout', 'writer', 'thinker']);
    for (const name of ['scout', 'writer', 'thinker']) talker(fleet, name).fills(85);
    await fleet.settle();
    expect(talker(fleet, 'thinker').asks()).toHaveLength(0);

    fleet.workstates.put('scout', workstate('the report'));
    await fleet.advance(5 * SECOND);

    expect(talker(fleet, 'thinker').asks()).toHaveLength(1);
  });
});

describe('a futile flush', () => {
  async function flush(fleet: RoomWorld, text: string): Promise<void> {
    talker(fleet).fills(85);
    await fleet.settle();
    fleet.workstates.put('scout', text);
    await fleet.advance(3 * SECOND);
    talker(fleet).tells({ kind: 'turn-ended' });
    talker(fleet).program.exits(0);
    await fleet.advance(3 * SECOND);
  }

  it('starts no fresh run and is told as stuck when two sessions in a row got nothing done', async () => {
    const fleet = await open();
    await flush(fleet, workstate('step 1'));
    expect(fleet.running()).toHaveLength(1);

    await flush(fleet, workstate('step 2'));

    expect(fleet.running()).toEqual([]);
    expect(fleet.storage.incidents.listUnresolved()).toMatchObject([{ kind: 'stuck', severity: 'critical' }]);
    expect(fleet.storage.checkpoints.newest('scout')).toMatchObject({ runId: 2 });
  });

  it('is told as stuck, too, when two sessions wrote nothing, whatever they said and did meanwhile', async () => {
    const fleet = await open();
    for (const words of ['I begin with the books.', 'First of all: what about the garden?']) {
      talker(fleet).tells({ kind: 'said', text: words });
      talker(fleet).fills(91);
      await fleet.advance(5 * SECOND);
    }

    expect(fleet.storage.checkpoints.newest('scout')).toMatchObject({ runId: 2, author: 'nightdesk' });
    expect(fleet.storage.checkpoints.newest('scout')?.text).toContain('garden');
    expect(fleet.running()).toEqual([]);
    const [context, stuck] = fleet.storage.incidents.listUnresolved().toSorted((a, b) => a.id - b.id);
    expect(stuck).toMatchObject({ kind: 'stuck', severity: 'critical' });
    // Of the second one only that: no fresh one goes on.
    expect(context).toMatchObject({ kind: 'context', times: 1 });
  });

  it('is told as stuck, too, when the CLI compacts one session after the other', async () => {
    const fleet = await open();
    for (let session = 1; session <= 2; session += 1) {
      talker(fleet).fills(60);
      talker(fleet).tells({ kind: 'compacted' });
      await fleet.advance(5 * SECOND);
    }

    expect(fleet.storage.runs.lastOf('scout')).toMatchObject({ id: 2, stopReason: 'its CLI compacted its context' });
    expect(fleet.running()).toEqual([]);
    expect(fleet.storage.incidents.listUnresolved()).toContainEqual(expect.objectContaining({ kind: 'stuck' }));
  });

  it('is none when the second session told of progress', async () => {
    const fleet = await open();
    await flush(fleet, workstate('step 1'));
    fleet.rooms.agents.progress({ run: 2, agent: 'scout' }, 'sent the letter');

    await flush(fleet, workstate('step 2'));

    expect(fleet.running()).toHaveLength(1);
    expect(fleet.storage.incidents.listUnresolved()).toEqual([]);
  });

  it('is none when what they wrote differs', async () => {
    const fleet = await open();
    await flush(fleet, workstate('the report'));

    await flush(fleet, workstate('the invoice'));

    expect(fleet.running()).toHaveLength(1);
  });
});

describe('a control plane that is killed while a flush is open', () => {
  it('finds what the agent wrote, and goes on from it', async () => {
    const fleet = await open();
    const old = talker(fleet);
    old.tells(begun);
    old.fills(85);
    await fleet.settle();
    fleet.workstates.put('scout', workstate('the report'));

    await fleet.crash(MINUTE);
    await fleet.advance(SECOND);

    expect(fleet.storage.runs.recent('scout', 2)).toMatchObject([
      { state: 'running', continues: 1 },
      { state: 'lost' },
    ]);
    const fresh = talker(fleet);
    expect(fresh.program.request.argv).toEqual(['/bin/talker', 'begin']);
    expect(fresh.program.request.stdin).toContain('- finish the report');
    expect(fleet.storage.checkpoints.newest('scout')).toMatchObject({ author: 'agent', runId: 1 });
  });

  it('writes down what could be seen when the agent had written nothing', async () => {
    const fleet = await open();
    talker(fleet).fills(85);
    await fleet.settle();

    await fleet.crash(MINUTE);
    await fleet.advance(SECOND);

    expect(fleet.storage.checkpoints.newest('scout')).toMatchObject({ author: 'nightdesk', runId: 1 });
    expect(talker(fleet).program.request.stdin).toContain('Nightdesk itself went down while it ran');
  });
});

describe('versions', () => {
  it('are kept at the end of each run whose file changed, and cost nothing where there is none', async () => {
    const fleet = await open();
    const before = fleet.workstates.reads();
    talker(fleet).program.exits(0);
    await fleet.advance(SECOND);
    expect(fleet.storage.checkpoints.newest('scout')).toBeUndefined();
    expect(fleet.workstates.reads()).toBe(before);

    fleet.storage.transaction(() => fleet.storage.dues.wait('scout', fleet.now(), 'owner'));
    await fleet.advance(SECOND);
    fleet.workstates.put('scout', workstate('the report'));
    talker(fleet).program.exits(0);
    await fleet.advance(SECOND);

    expect(fleet.storage.checkpoints.newest('scout')).toMatchObject({ runId: 2, author: 'agent' });
    expect(fleet.storage.runs.get(2)).toMatchObject({ state: 'done', progressNote: 'a new WORKSTATE.md' });
  });

  it('are one row each five seconds at most, with the newest text, of an agent that writes without pause', async () => {
    const fleet = await open();
    const run = { run: 1, agent: 'scout' };

    for (let index = 0; index < 100; index += 1) {
      fleet.rooms.checkpoints.submit(run, workstate(`part ${String.fromCodePoint(0x4e00 + index)}`));
      await fleet.advance(600);
    }

    expect(fleet.storage.checkpoints.newest('scout')?.id).toBeLessThanOrEqual(13);
    expect(fleet.storage.checkpoints.newest('scout')?.text).toContain(`part ${String.fromCodePoint(0x4e00 + 99)}`);
  });

  it('are not made of the same text again, and refused ones change nothing', async () => {
    const fleet = await open();
    const run = { run: 1, agent: 'scout' };
    const { checkpoints } = fleet.rooms;
    expect(checkpoints.submit(run, workstate('the report'))).toMatchObject({ kind: 'stored', id: 1, isNew: true });
    await fleet.advance(10 * SECOND);

    expect(checkpoints.submit(run, workstate('the report'))).toMatchObject({ kind: 'stored', id: 1, isNew: false });
    expect(checkpoints.submit(run, 'nothing of worth')).toMatchObject({ kind: 'refused' });
    expect(checkpoints.submit(run, `${workstate('x')}sk-ant-oat01-TEST-abcdefgh`)).toMatchObject({ kind: 'refused' });

    expect(fleet.workstates.textOf('scout')).toBe(workstate('the report'));
    expect(fleet.storage.checkpoints.newest('scout')?.id).toBe(1);
  });

  it('say when the file could not be written, and stand all the same', async () => {
    const fleet = await open();
    fleet.workstates.trouble = Object.assign(new Error('full'), { code: 'ENOSPC' });

    const outcome = fleet.rooms.checkpoints.submit({ run: 1, agent: 'scout' }, workstate('the report'));

    expect(outcome).toEqual({ kind: 'stored', id: 1, isNew: true, fileTrouble: 'ENOSPC' });
  });
});

describe('an owner’s wish to read where an agent is', () => {
  it('is answered with what it wrote, and the agent goes on working', async () => {
    const fleet = await open();
    const scout = talker(fleet);
    const agent = fleet.fleet.agents.get('scout');
    if (agent === undefined) throw new Error('no scout');
    expect(fleet.rooms.workstateRoom.writeNow(agent, 'owner:1', { chatId: 1, replyToKey: 'reply:7' }).isAsked).toBe(
      true,
    );
    await fleet.settle();
    expect(scout.asks()[0]).toContain('Then go on with your work');

    fleet.workstates.put('scout', workstate('the report'));
    await fleet.advance(5 * SECOND);

    expect(fleet.shown().at(-1)?.text).toContain('scout has written it.');
    expect(fleet.shown().at(-1)?.text).toContain('- finish the report');
    expect(fleet.storage.runs.get(1)).toMatchObject({ state: 'running', stopReason: null, flushReason: null });
  });

  it('is answered with what there is when five minutes have passed, or its run has ended', async () => {
    const fleet = await open(['scout', 'writer']);
    for (const agent of fleet.fleet.agents.values()) fleet.rooms.workstateRoom.writeNow(agent, 'owner:1', {});
    await fleet.settle();

    talker(fleet, 'writer').program.exits(0);
    await fleet.advance(5 * SECOND);
    expect(fleet.shown().at(-1)?.text).toContain('writer’s run ended before it had written it');
    await fleet.advance(5 * MINUTE);

    expect(fleet.shown().at(-1)?.text).toContain('scout has not written it within five minutes');
    expect(fleet.storage.runs.get(1)).toMatchObject({ flushReason: null });
  });
});

describe('/pause now', () => {
  it('stops a run at a checkpoint that its agent has written', async () => {
    const fleet = await open();
    expect(fleet.rooms.holds.pause('scout', 'owner:1', undefined, true)).toEqual({ stopped: 0, asked: 1, running: 0 });
    await fleet.settle();
    expect(talker(fleet).asks()[0]).toContain('your owner pauses you');

    fleet.workstates.put('scout', workstate('the report'));
    await fleet.advance(5 * SECOND);

    expect(fleet.storage.runs.get(1)).toMatchObject({ state: 'stopped', stopReason: 'paused' });
    expect(fleet.storage.checkpoints.newest('scout')).toMatchObject({ author: 'agent' });
  });

  it('has what was said last written down when the agent ends its turn and has written nothing', async () => {
    const fleet = await open();
    talker(fleet).tells(begun);
    talker(fleet).tells({ kind: 'said', text: 'I count the apples.' });
    await fleet.advance(SECOND);
    fleet.rooms.holds.pause('scout', 'owner:1', undefined, true);
    await fleet.settle();

    talker(fleet).tells({ kind: 'turn-ended' });
    talker(fleet).program.exits(0);
    await fleet.advance(SECOND);

    expect(fleet.storage.runs.get(1)).toMatchObject({ state: 'stopped', stopReason: 'paused' });
    expect(fleet.storage.checkpoints.newest('scout')?.author).toBe('nightdesk');
    expect(fleet.storage.checkpoints.newest('scout')?.text).toContain('I count the apples.');
  });

  it('stops it after a minute, with what could be seen, when its agent writes nothing', async () => {
    const fleet = await open();
    fleet.rooms.holds.pause('scout', 'owner:1', undefined, true);

    await fleet.advance(58 * SECOND);
    expect(fleet.storage.runs.get(1)).toMatchObject({ state: 'running' });
    await fleet.advance(5 * SECOND);

    expect(fleet.storage.runs.get(1)).toMatchObject({ state: 'stopped' });
    expect(fleet.storage.checkpoints.newest('scout')).toMatchObject({ author: 'nightdesk' });
    expect(fleet.storage.incidents.listUnresolved()).toEqual([]);
  });

  it('stops at once who cannot be asked', async () => {
    const fleet = await open();
    talker(fleet).tells({ deaf: true });

    expect(fleet.rooms.holds.pause('all', 'owner:1', undefined, true)).toEqual({ stopped: 1, asked: 0, running: 0 });
    await fleet.settle();

    expect(fleet.storage.runs.get(1)).toMatchObject({ state: 'stopped' });
    expect(fleet.storage.checkpoints.newest('scout')).toMatchObject({ author: 'nightdesk' });
  });
});
