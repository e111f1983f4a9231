import { afterEach, describe, expect, it } from 'vitest';
import type { TaskCaller } from '../../src/work/tasks.ts';
import { talkingRuntime } from '../fakes/talking-runtime.ts';
import { createRoomWorld, type FakeProgram, HOUR, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

const NINE = ['find', 'read', 'sort', 'outline', 'draft', 'check', 'rewrite', 'proof', 'hand over'];

async function open(agents: string, head = ''): Promise<RoomWorld> {
  world = createRoomWorld(`timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\n${head}agents:\n${agents}`, {
    runtimes: [talkingRuntime],
    files: { 'writer.md': 'You write.' },
  });
  await world.begin();
  return world;
}

const BOSS = '  boss: { runtime: command, command: [/bin/boss], schedule: "0 12 * * *" }\n';
const WORKER = '  worker: { runtime: command, command: [/bin/worker], on: task }\n';
const WRITER = '  writer: { runtime: claude, prompt: ./writer.md, on: task, timeout: 2h }\n';

/** The run of this agent that is alive. */
function callerOf(fleet: RoomWorld, agent: string): TaskCaller {
  const run = fleet.storage.runs.aliveOf(agent);
  if (run === undefined) throw new Error(`${agent} does not run`);
  return { run: run.id, agent };
}

/** Hands a task over, as the boss in a run of its own. */
async function give(
  fleet: RoomWorld,
  task: { readonly for: string; readonly phases?: readonly string[] },
  title = 'Report',
) {
  fleet.storage.transaction(() => fleet.storage.dues.wait('boss', fleet.now(), 'owner'));
  await fleet.settle();
  const added = fleet.rooms.tasks.add(callerOf(fleet, 'boss'), { title, brief: 'Write the report.', ...task });
  fleet.named('boss').at(-1)?.exits(0);
  if (added.kind === 'refused') throw new Error(added.reason);
  await fleet.settle();
  return added.id;
}

/** A program that does the phase that it claims, and ends well. */
function works(fleet: RoomWorld) {
  return (program: FakeProgram): void => {
    const caller = callerOf(fleet, 'worker');
    const task = fleet.rooms.tasks.claim(caller, 'command');
    if (task === undefined) return program.exits(0);
    const seen = task.phases.filter(({ output }) => output !== null).map(({ output }) => output);
    if (task.phase === null) fleet.rooms.tasks.done(caller, task.id);
    else fleet.rooms.tasks.phaseDone(caller, task.id, `${task.phase} after ${seen.length}`);
    program.exits(0);
  };
}

describe('an agent on: task', () => {
  it('runs at once when a task is handed over, one run for each phase without a pause, and then no more', async () => {
    const fleet = await open(BOSS + WORKER);
    fleet.behaviours['worker'] = works(fleet);
    expect(fleet.named('worker')).toHaveLength(0);
    const before = fleet.now();

    const id = await give(fleet, { for: 'worker', phases: NINE });

    expect(fleet.now()).toBe(before);
    expect(fleet.rooms.tasks.show(id, 'command')).toMatchObject({
      state: 'done',
      phases: NINE.map((name, index) => ({ name, output: `${name} after ${index}` })),
    });
    expect(fleet.named('worker')).toHaveLength(9);
    await fleet.advance(HOUR);
    expect(fleet.named('worker')).toHaveLength(9);
    expect(fleet.storage.dues.waitingOf('worker')).toBeUndefined();
  });

  it('ends a task of nine phases with nine outputs when it is killed in the seventh, and told of the second attempt', async () => {
    const fleet = await open(BOSS + WORKER);
    const work = works(fleet);
    const attempts: number[] = [];
    fleet.behaviours['worker'] = (program) => {
      const task = fleet.rooms.tasks.claim(callerOf(fleet, 'worker'), 'command');
      if (task?.phase === 'rewrite') attempts.push(task.attempt);
      if (attempts.length === 1) program.dies('SIGKILL');
      else work(program);
    };

    const id = await give(fleet, { for: 'worker', phases: NINE });
    expect(fleet.storage.tasks.get(id)).toMatchObject({ state: 'open', attempts: 1 });
    await fleet.advance(MINUTE);

    expect(attempts).toEqual([1, 2]);
    expect(fleet.storage.tasks.phases(id).map(({ position }) => fleet.storage.tasks.outputOf(id, position))).toEqual(
      NINE.map((name, index) => `${name} after ${index}`),
    );
    expect(fleet.storage.tasks.get(id)).toMatchObject({ state: 'done', attempts: 0 });
  });

  it('does the phase again that was under way when the control plane was killed', async () => {
    const fleet = await open(BOSS + WORKER);
    const work = works(fleet);
    fleet.behaviours['worker'] = (program) => {
      const task = fleet.rooms.tasks.claim(callerOf(fleet, 'worker'), 'command');
      if (task?.phase !== 'rewrite' || task.attempt > 1) work(program);
    };
    const id = await give(fleet, { for: 'worker', phases: NINE });
    expect(fleet.running().map(({ name }) => name)).toEqual(['worker']);

    await fleet.crash(MINUTE);
    await fleet.advance(5 * MINUTE);

    expect(fleet.storage.tasks.get(id)).toMatchObject({ state: 'done' });
    expect(fleet.storage.tasks.outputOf(id, 9)).toBe('hand over after 8');
    expect(fleet.named('worker')).toHaveLength(10);
  });

  it('does the phase again in which its login died, once that works, and nobody is told that it makes no headway', async () => {
    const fleet = await open(
      `${BOSS}  worker: { runtime: command, command: [/bin/worker], on: task, credentials: [mail] }\n`,
      'credentials: { mail: { check: [/bin/check], backoff: { first: 1m, max: 1m } } }\n',
    );
    const work = works(fleet);
    let isDead = false;
    fleet.behaviours['check'] = (program) => {
      program.says(isDead ? 'AUTH_FAILED: expired\n' : 'AUTH_OK\n');
      program.exits(isDead ? 1 : 0);
    };
    await fleet.advance(MINUTE);
    const attempts: number[] = [];
    fleet.behaviours['worker'] = (program) => {
      const task = fleet.rooms.tasks.claim(callerOf(fleet, 'worker'), 'command');
      if (task?.phase === 'rewrite') attempts.push(task.attempt);
      if (attempts.length !== 1) return work(program);
      isDead = true;
      program.says('AUTH_FAILED: 401\n');
      program.exits(77);
    };

    const id = await give(fleet, { for: 'worker', phases: NINE });
    await fleet.advance(10 * MINUTE);
    expect(fleet.storage.tasks.get(id)).toMatchObject({ state: 'open', attempts: 1 });
    expect(fleet.storage.incidents.listUnresolved().map(({ kind }) => kind)).toEqual(['auth']);
    isDead = false;
    await fleet.advance(10 * MINUTE);

    expect(attempts).toEqual([1, 2]);
    expect(fleet.storage.tasks.get(id)?.state).toBe('done');
  });

  it('waits with its task while it is paused, without a receipt for each moment, and goes on when it is resumed', async () => {
    const fleet = await open(BOSS + WORKER);
    fleet.behaviours['worker'] = works(fleet);
    fleet.rooms.holds.pause('worker', 'owner:1', undefined, false);

    const id = await give(fleet, { for: 'worker' });
    await fleet.advance(HOUR);
    expect(fleet.named('worker')).toHaveLength(0);
    expect(fleet.storage.dues.waitingOf('worker')).toMatchObject({ cause: 'task', reason: 'paused by you' });
    fleet.rooms.holds.resume('worker', 'owner:1');
    await fleet.advance(2 * SECOND);

    expect(fleet.storage.tasks.get(id)?.state).toBe('done');
    expect(fleet.receipts('worker')).toEqual(['ran']);
  });

  it('waits for its hours', async () => {
    const fleet = await open(
      `${BOSS}  worker: { runtime: command, command: [/bin/worker], on: task, active: "10:00-11:00" }\n`,
    );
    fleet.behaviours['worker'] = works(fleet);

    await give(fleet, { for: 'worker' });
    await fleet.advance(59 * MINUTE);
    expect(fleet.named('worker')).toHaveLength(0);
    await fleet.advance(MINUTE);

    expect(fleet.named('worker')).toHaveLength(1);
  });

  it('is due though its due time was lost', async () => {
    const fleet = await open(BOSS + WORKER);
    fleet.behaviours['worker'] = works(fleet);
    fleet.rooms.holds.pause('worker', 'owner:1', undefined, false);
    const id = await give(fleet, { for: 'worker' });
    const due = fleet.storage.dues.waitingOf('worker');

    fleet.storage.transaction(() => fleet.storage.dues.drop(due?.id ?? 0));
    fleet.rooms.holds.resume('worker', 'owner:1');
    await fleet.advance(2 * SECOND);

    expect(fleet.storage.tasks.get(id)?.state).toBe('done');
  });

  it('is not started for a task that the run before it has done already', async () => {
    const fleet = await open(BOSS + WORKER);
    const first = await give(fleet, { for: 'worker' });
    const second = await give(fleet, { for: 'worker' });
    const worker = callerOf(fleet, 'worker');
    expect(fleet.storage.dues.waitingOf('worker')).toMatchObject({ cause: 'task' });

    for (const id of [first, second]) {
      expect(fleet.rooms.tasks.claim(worker, 'command')?.id).toBe(id);
      fleet.rooms.tasks.done(worker, id);
    }
    fleet.named('worker')[0]?.exits(0);
    await fleet.advance(MINUTE);

    expect(fleet.named('worker')).toHaveLength(1);
    expect(fleet.receipts('worker')).toEqual(['ran']);
  });

  it('is not woken again and again when it claims nothing', async () => {
    const fleet = await open(BOSS + WORKER);
    fleet.behaviours['worker'] = (program) => program.exits(0);

    await give(fleet, { for: 'worker' });
    await fleet.advance(HOUR);

    // At once, after 1, 5 and 15 minutes; then hourly.
    expect(fleet.named('worker')).toHaveLength(4);
    expect(fleet.storage.incidents.listUnresolved().map(({ kind }) => kind)).toEqual(['task']);
  });
});

describe('an agent with a schedule', () => {
  const CLERK = '  clerk: { runtime: command, command: [/bin/clerk], schedule: "30 * * * *", timeout: 6h }\n';

  it('runs for a task now instead of at its next time, which stands', async () => {
    const fleet = await open(BOSS + CLERK);

    await give(fleet, { for: 'clerk' });
    expect(fleet.named('clerk')).toHaveLength(1);
    const clerk = callerOf(fleet, 'clerk');
    fleet.rooms.tasks.claim(clerk, 'command');
    fleet.rooms.tasks.done(clerk, 1);
    fleet.named('clerk')[0]?.exits(0);
    await fleet.advance(31 * MINUTE);

    expect(fleet.named('clerk')).toHaveLength(2);
    expect(fleet.receipts('clerk')).toEqual(['ran', 'ran']);
  });

  it('keeps the receipts of its own due times while a task waits with it', async () => {
    const fleet = await open(BOSS + CLERK);
    fleet.rooms.holds.pause('clerk', 'owner:1', undefined, false);

    await give(fleet, { for: 'clerk' });
    await fleet.advance(2 * HOUR);
    expect(fleet.receipts('clerk')).toEqual(['skipped x2: paused by you']);
    fleet.rooms.holds.resume('clerk', 'owner:1');
    await fleet.advance(2 * SECOND);

    expect(fleet.named('clerk')).toHaveLength(1);
  });

  it('skips its own times, and then runs for the task, when it is handed over while a run goes on', async () => {
    const fleet = await open(BOSS + CLERK);
    await fleet.advance(30 * MINUTE);
    expect(fleet.named('clerk')).toHaveLength(1);

    await give(fleet, { for: 'clerk' });
    await fleet.advance(2 * HOUR);
    fleet.named('clerk')[0]?.exits(0);
    await fleet.settle();

    expect(fleet.receipts('clerk')).toEqual(['ran', 'skipped x2: its last run is still going', 'ran']);
    expect(fleet.named('clerk')).toHaveLength(2);
  });

  it('is told of its own times also when its login is dead while the task waits', async () => {
    const fleet = await open(
      `${BOSS}  clerk: { runtime: command, command: [/bin/clerk], schedule: "30 * * * *", credentials: [mail] }\n`,
      'credentials: { mail: { check: [/bin/check], check_every: 1h } }\n',
    );
    fleet.behaviours['check'] = (program) => {
      program.says('AUTH_FAILED: expired\n');
      program.exits(1);
    };
    await fleet.advance(MINUTE);

    await give(fleet, { for: 'clerk' });
    await fleet.advance(2 * HOUR);

    expect(fleet.named('clerk')).toHaveLength(0);
    expect(fleet.receipts('clerk').join()).toMatch(/^skipped x2: /);
  });
});

describe('a CLI', () => {
  function talker(fleet: RoomWorld): FakeProgram {
    const program = fleet.named('talker').at(-1);
    if (program === undefined) throw new Error('no talker was started');
    return program;
  }

  it('is started with its task: the brief, the outputs before, the phase and how to end it', async () => {
    const fleet = await open(BOSS + WRITER);

    const id = await give(fleet, { for: 'writer', phases: ['find', 'write'] });
    const first = fleet.storage.runs.aliveOf('writer');
    expect(first).toMatchObject({ taskId: id, phase: 1, cause: 'task' });
    expect(talker(fleet).request.stdin).toContain('Write the report.');
    expect(talker(fleet).request.stdin).toContain(`task phase-done ${id}`);
    expect(talker(fleet).request.stdin?.endsWith('You write.\n')).toBe(true);
    fleet.rooms.tasks.phaseDone(callerOf(fleet, 'writer'), id, 'The facts.');
    talker(fleet).exits(0);
    await fleet.settle();

    expect(fleet.storage.runs.aliveOf('writer')).toMatchObject({ taskId: id, phase: 2 });
    expect(talker(fleet).request.stdin).toContain('## What phase 1, find, gave\n\nThe facts.');
    expect(talker(fleet).request.stdin).toContain('Do phase 2 of 2, write, and no other.');
    expect(talker(fleet).request.stdin).not.toContain('attempt 2');
  });

  it('takes up the session of a phase that was cut off, and none of another phase', async () => {
    const fleet = await open(BOSS + WRITER);
    const id = await give(fleet, { for: 'writer', phases: ['find', 'write'] });
    talker(fleet).says(`${JSON.stringify({ kind: 'session', resumeToken: 'session-1' })}\n`);
    await fleet.settle();

    await fleet.crash();
    await fleet.advance(2 * SECOND);
    expect(talker(fleet).request.argv).toEqual(['/bin/talker', 'resume', 'session-1']);
    expect(talker(fleet).request.stdin).toContain('This is attempt 2 at phase find; the last one: run');
    talker(fleet).says(`${JSON.stringify({ kind: 'session', resumeToken: 'session-1' })}\n`);
    fleet.rooms.tasks.phaseDone(callerOf(fleet, 'writer'), id, 'The facts.');
    await fleet.settle();
    await fleet.crash();
    await fleet.advance(2 * SECOND);

    expect(fleet.storage.runs.aliveOf('writer')).toMatchObject({ phase: 2 });
    expect(talker(fleet).request.argv).toEqual(['/bin/talker', 'begin']);
    expect(fleet.storage.tasks.get(id)?.attempts).toBe(0);
  });

  it('shortens what the older phases gave when it is too much to read at once', async () => {
    const fleet = await open(BOSS + WRITER);
    const id = await give(fleet, { for: 'writer', phases: ['find', "sort 'em", 'write'] });
    for (const output of [`old ${'x'.repeat(30_000)}`, `new ${'y'.repeat(30_000)}`]) {
      fleet.rooms.tasks.phaseDone(callerOf(fleet, 'writer'), id, output);
      talker(fleet).exits(0);
      await fleet.settle();
    }

    const prompt = talker(fleet).request.stdin ?? '';

    expect(prompt).toContain('y'.repeat(30_000));
    expect(prompt).not.toContain('x'.repeat(201));
    expect(prompt).toContain(`nightdesk task show ${id} --phase find`);
  });

  it('that ends well without a word of its task is given it again, three times at most before its owner is told', async () => {
    const fleet = await open(BOSS + WRITER);
    const id = await give(fleet, { for: 'writer' });

    for (let attempt = 1; attempt <= 3; attempt += 1) {
      expect(fleet.storage.tasks.get(id)).toMatchObject({ state: 'claimed', attempts: attempt - 1 });
      talker(fleet).exits(0);
      await fleet.settle();
    }

    expect(fleet.storage.tasks.get(id)).toMatchObject({ state: 'open', attempts: 3 });
    expect(fleet.running()).toEqual([]);
    expect(fleet.storage.incidents.unresolved(`task:${id}`)?.evidence).toContain(
      'ended well, and the task with no result',
    );
    await fleet.advance(MINUTE);
    expect(fleet.running()).toHaveLength(1);
  });
});
