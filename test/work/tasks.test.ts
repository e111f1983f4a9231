import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CONTEXT_FLUSHED } from '../../src/runs/context-stops.ts';
import { createTaskWorld, MINUTE } from './task-world.ts';

const AGENTS = [
  '  boss: { runtime: command, command: [/bin/boss], schedule: every 1h }',
  '  scout: { runtime: command, command: [/bin/scout], on: task }',
  '  night: { runtime: command, command: [/bin/night], on: task, active: "22:00-06:00" }',
  '  writer: { runtime: claude, prompt: ./scout.md, on: task }',
  '  clerk: { runtime: command, command: [/bin/clerk], schedule: "0 20 * * *" }',
  '  publisher: { runtime: command, command: [/bin/publish], publishes: [post] }',
].join('\n');

const PHASES = ['research', 'write', 'review'];

describe('task add', () => {
  it('makes an agent due at once in the same transaction, and one outside its hours when they begin', () => {
    const world = createTaskWorld(AGENTS);

    world.give({ for: 'scout', title: 'Look', brief: 'Look around.' });
    world.give({ for: 'night', title: 'Look', brief: 'Look around.' });
    world.give({ for: 'clerk', title: 'Look', brief: 'Look around.' });
    world.give({ for: 'publisher', title: 'Look', brief: 'Look around.' });

    expect(world.due('scout')).toMatchObject({ cause: 'task', dueAt: world.clock.now() });
    expect(world.due('night')).toMatchObject({ cause: 'task', dueAt: Date.UTC(2026, 0, 12, 22) });
    expect(world.due('clerk')).toMatchObject({ cause: 'task', dueAt: world.clock.now() });
    expect(world.due('publisher')).toMatchObject({ cause: 'task' });
  });

  it('is the same task when the key is given again, done or not, and says when it was to be another', () => {
    const world = createTaskWorld(AGENTS);
    const boss = world.begin('boss');
    const task = { for: 'scout', title: 'Look', brief: 'Look around.', key: 'k' };

    expect(world.tasks.add(boss, task)).toEqual({ kind: 'added', id: 1, existing: false, differs: false });
    expect(world.tasks.add(boss, task)).toEqual({ kind: 'added', id: 1, existing: true, differs: false });
    expect(world.tasks.add(boss, { ...task, phases: ['a'] })).toMatchObject({ id: 1, existing: true, differs: true });
    const scout = world.begin('scout');
    world.tasks.claim(scout, 'command');
    world.tasks.done(scout, 1);

    expect(world.tasks.add(boss, { ...task, title: 'Other' })).toEqual({
      kind: 'added',
      id: 1,
      existing: true,
      differs: true,
    });
    expect(world.tasks.show(1, 'command')).toMatchObject({ title: 'Look', state: 'done' });
    expect(world.tasks.add(boss, { ...task, for: 'clerk' })).toMatchObject({ id: 2, existing: false });
  });

  it('names the nearest agent when there is none of that name', () => {
    const world = createTaskWorld(AGENTS);

    expect(world.tasks.add(world.begin('boss'), { for: 'scuot', title: 'Look', brief: '' })).toEqual({
      kind: 'refused',
      reason: 'there is no agent "scuot"; did you mean scout?',
    });
  });

  it('refuses what holds a secret, which is then in no row', () => {
    const world = createTaskWorld(AGENTS);
    const boss = world.begin('boss');
    const secret = 'sk-ant-oat01-TEST-abcdef';
    const reason = 'the text holds something that looks like a token or key; take it out';

    expect(world.tasks.add(boss, { for: 'scout', title: 'Look', brief: `with ${secret}` })).toEqual({
      kind: 'refused',
      reason,
    });
    expect(world.tasks.add(boss, { for: 'scout', title: secret, brief: '' })).toEqual({ kind: 'refused', reason });
    const id = world.give({ for: 'scout', title: 'Look', brief: '', phases: PHASES });
    const scout = world.begin('scout');
    world.tasks.claim(scout, 'command');
    expect(world.tasks.phaseDone(scout, id, secret)).toEqual({ kind: 'refused', reason });
    world.tasks.fail(scout, id, `it wants ${secret}`);

    expect(world.tasks.show(id, 'command')?.reason).toBe('it wants [secret]');
    world.database.pragma('wal_checkpoint(TRUNCATE)');
    expect(readFileSync(world.file).includes('TEST-abcdef')).toBe(false);
  });

  it('refuses an agent that has a thousand open tasks already', () => {
    const world = createTaskWorld(AGENTS);
    const boss = world.begin('boss');
    world.storage.transaction(() => {
      for (let n = 0; n < 1_000; n += 1) world.give({ for: 'scout', title: `Look ${n}`, brief: '' });
    });

    expect(world.tasks.add(boss, { for: 'scout', title: 'Look', brief: '' })).toMatchObject({ kind: 'refused' });
  });
});

describe('task claim', () => {
  it('gives the oldest task of this agent whose time has come, and nothing when there is none', () => {
    const world = createTaskWorld(AGENTS);
    world.give({ for: 'clerk', title: 'Other', brief: '' });
    const id = world.give({ for: 'scout', title: 'Look', brief: 'Look around.', phases: PHASES });
    world.give({ for: 'scout', title: 'Later', brief: '' });

    const claimed = world.tasks.claim(world.begin('scout'), 'command');

    expect(claimed).toEqual({
      id,
      title: 'Look',
      brief: 'Look around.',
      phases: PHASES.map((name) => ({ name, output: null })),
      phase: 'research',
      attempt: 1,
    });
    expect(world.tasks.claim(world.begin('night'), 'command')).toBeUndefined();
  });

  it('gives the same task again to the run that has it, and tasks without phases one after the other', () => {
    const world = createTaskWorld(AGENTS);
    for (const title of ['one', 'two']) world.give({ for: 'scout', title, brief: '' });
    const scout = world.begin('scout');

    expect(world.tasks.claim(scout, 'command')?.title).toBe('one');
    expect(world.tasks.claim(scout, 'command')?.title).toBe('one');
    world.tasks.done(scout, 1);
    expect(world.tasks.claim(scout, 'command')).toMatchObject({ title: 'two', phase: null });
    world.tasks.done(scout, 2);

    expect(world.tasks.claim(scout, 'command')).toBeUndefined();
  });

  it('gives each phase to a fresh run: no further one, nor another task, to a run that did one', () => {
    const world = createTaskWorld(AGENTS);
    const id = world.give({ for: 'scout', title: 'Look', brief: '', phases: PHASES });
    world.give({ for: 'scout', title: 'Other', brief: '' });
    const first = world.begin('scout');
    world.tasks.claim(first, 'command');
    world.tasks.phaseDone(first, id, 'found it\n');

    expect(world.tasks.claim(first, 'command')).toBeUndefined();
    world.end(first);
    const second = world.tasks.claim(world.begin('scout'), 'command');

    expect(second).toMatchObject({
      id,
      phase: 'write',
      phases: [{ output: 'found it\n' }, { output: null }, { output: null }],
    });
  });

  it('gives a run that did something else first, or has a session, no task with phases', () => {
    const world = createTaskWorld(AGENTS);
    world.give({ for: 'scout', title: 'whole', brief: '' });
    world.give({ for: 'scout', title: 'parts', brief: '', phases: PHASES });
    world.give({ for: 'scout', title: 'whole too', brief: '' });
    world.give({ for: 'writer', title: 'parts', brief: '', phases: PHASES });
    const scout = world.begin('scout');
    world.tasks.claim(scout, 'command');
    world.tasks.done(scout, 1);

    expect(world.tasks.claim(scout, 'command')?.title).toBe('whole too');
    expect(world.tasks.claim(world.begin('writer'), 'tool')).toBeUndefined();
  });
});

describe('task phase-done, done and fail', () => {
  it('end a task with its last phase, each output seen by all after it', () => {
    const world = createTaskWorld(AGENTS);
    const id = world.give({ for: 'scout', title: 'Look', brief: '', phases: PHASES });

    for (const [index, name] of PHASES.entries()) {
      const run = world.begin('scout');
      const seen = world.tasks.claim(run, 'command');
      expect(seen?.phase).toBe(name);
      expect(seen?.phases.filter(({ output }) => output !== null)).toHaveLength(index);
      expect(world.tasks.phaseDone(run, id, `of ${name}`)).toEqual({ kind: 'done' });
      expect(world.row(run).progressNote).toBe(`task #${id}: phase ${name} done`);
      world.end(run);
    }

    expect(world.tasks.show(id, 'command')).toMatchObject({ state: 'done', phase: null, attempts: 0 });
    expect(world.due('scout')?.cause).toBe('task');
  });

  it('tell a run that has done its phase to end, when it calls the task done or failed after it', () => {
    const world = createTaskWorld(AGENTS);
    const id = world.give({ for: 'scout', title: 'Look', brief: '', phases: PHASES });
    const scout = world.begin('scout');
    world.tasks.claim(scout, 'command');
    world.tasks.phaseDone(scout, id, 'first');

    const answer = {
      kind: 'refused',
      reason: 'phase research is done already; the next one, write, runs in a fresh run: end this one',
    };
    expect(world.tasks.done(scout, id)).toEqual(answer);
    expect(world.tasks.fail(scout, id, 'no more to do')).toEqual(answer);
  });

  it('take the same output twice as once, and leave a done phase as it is when another output comes', () => {
    const world = createTaskWorld(AGENTS);
    const id = world.give({ for: 'scout', title: 'Look', brief: '', phases: PHASES });
    const scout = world.begin('scout');
    world.tasks.claim(scout, 'command');
    world.tasks.phaseDone(scout, id, 'first');

    expect(world.tasks.phaseDone(scout, id, 'first')).toEqual({ kind: 'done' });
    expect(world.tasks.phaseDone(scout, id, 'second')).toEqual({
      kind: 'refused',
      reason: 'phase research is done already; the next one, write, runs in a fresh run: end this one',
    });
    expect(world.tasks.output(id, 'research')).toEqual({ kind: 'output', output: 'first' });
    expect(world.tasks.output(id, 'write')).toEqual({ kind: 'refused', reason: 'phase write is not done yet' });
  });

  it('say what is wrong: phases left, no phases, nobody, somebody else, no such task', () => {
    const world = createTaskWorld(AGENTS);
    const parts = world.give({ for: 'scout', title: 'parts', brief: '', phases: PHASES });
    const whole = world.give({ for: 'clerk', title: 'whole', brief: '' });
    const clerk = world.begin('clerk');
    const why = (result: ReturnType<typeof world.tasks.done>) => (result.kind === 'refused' ? result.reason : 'done');

    expect(why(world.tasks.done(clerk, whole))).toBe(`nobody has task #${whole}: claim it first`);
    expect(why(world.tasks.done(clerk, parts))).toBe(`task #${parts} is for scout, and nobody has it now`);
    const scout = world.begin('scout');
    world.tasks.claim(scout, 'command');
    world.tasks.claim(clerk, 'command');
    expect(why(world.tasks.fail(clerk, parts, 'mine'))).toBe(`run ${scout.run} of scout has task #${parts}`);
    expect(why(world.tasks.done(scout, parts))).toBe(
      `task #${parts} is not done: research, write, review left; \`task phase-done ${parts}\` hands in an output`,
    );
    expect(why(world.tasks.phaseDone(clerk, whole, 'x'))).toBe(
      `task #${whole} has no phases: \`task done ${whole}\` ends it`,
    );
    expect(why(world.tasks.done(clerk, 99))).toBe('there is no task #99');
    expect(why(world.tasks.done(clerk, whole))).toBe('done');
    expect(why(world.tasks.done(clerk, whole))).toBe('done');
    expect(why(world.tasks.done(scout, whole))).toBe(`task #${whole} is done already`);
  });

  it('tell the owner and whoever added it when it is given up', () => {
    const world = createTaskWorld(AGENTS);
    const id = world.give({ for: 'scout', title: 'Look', brief: '' });
    const scout = world.begin('scout');
    world.tasks.claim(scout, 'command');

    expect(world.tasks.fail(scout, id, 'the source is gone')).toEqual({ kind: 'done' });
    expect(world.tasks.fail(scout, id, 'the source is gone')).toEqual({ kind: 'done' });

    expect(world.tasks.show(id, 'command')).toMatchObject({
      state: 'failed',
      reason: 'the source is gone',
      by: 'boss',
    });
    expect(world.shown()).toEqual([
      `🧩 Task #${id} failed: Look\nscout: the source is gone\nIt was handed over by boss.`,
    ]);
  });
});

describe('a claim', () => {
  it('is given back with the end of its run, counted, and told to the next one', () => {
    const world = createTaskWorld(AGENTS);
    const id = world.give({ for: 'scout', title: 'Look', brief: '', phases: PHASES });
    const first = world.begin('scout');
    world.tasks.claim(first, 'command');

    world.end(first, { state: 'failed', failure: 'crash', exit: 'SIGKILL', evidence: 'ended by SIGKILL' });

    expect(world.tasks.show(id, 'command')).toMatchObject({ state: 'open', attempts: 1, phase: 'research' });
    expect(world.due('scout')).toMatchObject({ cause: 'task' });
    expect(world.storage.journal.of(`task:${id}`, 1)[0]?.detail).toBe(
      `run ${first.run} failed: crash (SIGKILL), ended by SIGKILL`,
    );
    expect(world.tasks.claim(world.begin('scout'), 'command')).toMatchObject({ id, attempt: 2 });
  });

  it('becomes an incident after three attempts in a row, comes back later each time, and is resolved by headway', async () => {
    const world = createTaskWorld(AGENTS);
    const id = world.give({ for: 'scout', title: 'Look', brief: '', phases: PHASES });
    const open = () => world.storage.incidents.unresolved(`task:${id}`);
    const pauses: number[] = [];

    for (let attempt = 1; attempt <= 6; attempt += 1) {
      const run = world.begin('scout');
      expect(world.tasks.claim(run, 'command')?.attempt).toBe(attempt);
      world.end(run, { state: 'failed', failure: 'crash', exit: 'exit 1', evidence: 'no space' });
      expect(open() === undefined).toBe(attempt < 3);
      const offerAt = world.storage.tasks.get(id)?.offerAt ?? 0;
      pauses.push((offerAt - world.clock.now()) / MINUTE);
      expect(world.tasks.claim(world.begin('night'), 'command')).toBeUndefined();
      world.end({ run: world.storage.runs.aliveOf('night')?.id ?? 0, agent: 'night' });
      await world.clock.pass(offerAt - world.clock.now());
    }

    expect(pauses).toEqual([0, 0, 1, 5, 15, 60]);
    expect(open()).toMatchObject({ severity: 'critical', title: `Task #${id} makes no headway`, subject: 'scout' });
    expect(open()?.evidence).toContain('no space');
    const run = world.begin('scout');
    world.tasks.claim(run, 'command');
    world.tasks.phaseDone(run, id, 'found');
    expect(open()).toBeUndefined();
    expect(world.storage.tasks.get(id)?.attempts).toBe(0);
  });

  it('is no incident of its own when its login died each time', () => {
    const world = createTaskWorld(AGENTS);
    const id = world.give({ for: 'scout', title: 'Look', brief: '' });

    for (let attempt = 1; attempt <= 4; attempt += 1) {
      const run = world.begin('scout');
      world.tasks.claim(run, 'command');
      world.end(run, { state: 'failed', failure: 'auth', evidence: '401' });
    }

    expect(world.storage.tasks.get(id)).toMatchObject({ attempts: 4, offerAt: world.clock.now() });
    expect(world.storage.incidents.listUnresolved()).toEqual([]);
  });

  it('goes on uncounted when its run ended for its context', () => {
    const world = createTaskWorld(AGENTS);
    const id = world.give({ for: 'writer', title: 'Look', brief: '', phases: PHASES });
    const run = world.begin('writer');
    world.tasks.assign(run.run);
    world.storage.runs.wantStop(run.run, CONTEXT_FLUSHED, world.clock.now());

    world.end(run, { state: 'stopped' });

    expect(world.storage.tasks.get(id)).toMatchObject({ state: 'open', attempts: 0 });
  });

  it('runs out after half an hour without a sign, and its run is told so by every later call', async () => {
    const world = createTaskWorld(AGENTS);
    const id = world.give({ for: 'scout', title: 'Look', brief: '', phases: PHASES });
    const scout = world.begin('scout');
    world.tasks.claim(scout, 'command');
    await world.clock.pass(20 * MINUTE);
    world.storage.runs.beat(scout.run, world.clock.now(), null);
    await world.clock.pass(20 * MINUTE);
    expect(world.tasks.expireLeases(world.clock.now())).toBe(world.clock.now() + 10 * MINUTE);
    await world.clock.pass(10 * MINUTE);
    world.tasks.expireLeases(world.clock.now());

    expect(world.tasks.show(id, 'command')).toMatchObject({ state: 'open', attempts: 1 });
    const reason = `this run has task #${id} no more: run ${scout.run} gave no sign for 30 min; claim it again, then hand in what you have`;
    expect(world.tasks.phaseDone(scout, id, 'late')).toEqual({ kind: 'refused', reason });
    expect(world.tasks.fail(scout, id, 'late')).toEqual({ kind: 'refused', reason });
    expect(world.tasks.claim(scout, 'command')).toMatchObject({ id, attempt: 2 });
    expect(world.tasks.phaseDone(scout, id, 'late')).toEqual({ kind: 'done' });
  });

  it('stands while its run waits for its owner, or is in a long step that it declared', async () => {
    const world = createTaskWorld(AGENTS);
    const id = world.give({ for: 'scout', title: 'Look', brief: '' });
    const scout = world.begin('scout');
    world.tasks.claim(scout, 'command');
    world.storage.runs.patient(scout.run, world.clock.now() + 120 * MINUTE);

    await world.clock.pass(90 * MINUTE);
    world.tasks.expireLeases(world.clock.now());

    expect(world.storage.tasks.get(id)).toMatchObject({ state: 'claimed', runId: scout.run });
  });
});

describe('an agent that is woken for a task and claims nothing', () => {
  it('is woken again later each time, and told of after the third', async () => {
    const world = createTaskWorld(AGENTS);
    const id = world.give({ for: 'scout', title: 'Look', brief: '' });
    world.give({ for: 'scout', title: 'Too', brief: '' });
    const pauses: number[] = [];

    for (let time = 1; time <= 4; time += 1) {
      const run = world.begin('scout');
      const due = world.due('scout');
      if (due !== undefined) world.storage.dues.ran(due.id, run.run, world.clock.now());
      world.end(run);
      const dueAt = world.due('scout')?.dueAt ?? 0;
      pauses.push((dueAt - world.clock.now()) / MINUTE);
      expect(world.storage.incidents.unresolved(`task:${id}`) === undefined).toBe(time < 3);
      await world.clock.pass(dueAt - world.clock.now());
    }

    expect(pauses).toEqual([1, 5, 15, 60]);
  });

  it('is nothing to tell when it was not woken for it', () => {
    const world = createTaskWorld(AGENTS);
    const id = world.give({ for: 'clerk', title: 'Look', brief: '' });

    world.end(world.begin('clerk', 'schedule'));

    expect(world.storage.tasks.get(id)).toMatchObject({ attempts: 0, offerAt: world.clock.now() });
  });
});

describe('tasks kept', () => {
  it('go ninety days after their end with their outputs, open ones never, and their runs before them', async () => {
    const world = createTaskWorld(AGENTS);
    const done = world.give({ for: 'scout', title: 'Look', brief: '', phases: ['all'] });
    const open = world.give({ for: 'scout', title: 'Open', brief: '' });
    const run = world.begin('scout');
    world.tasks.claim(run, 'command');
    world.tasks.phaseDone(run, done, 'out');
    world.end(run);
    world.end(world.begin('scout', 'schedule'));
    const { endedAt } = world.storage.tasks.get(done) ?? {};

    world.storage.purges.sweep('run', world.clock.now() + 1, 0, 100);
    expect(world.storage.runs.get(run.run)).toBeUndefined();
    expect(world.tasks.output(done, 'all')).toEqual({ kind: 'output', output: 'out' });
    world.storage.purges.sweep('task', endedAt ?? 0, 0, 100);
    expect(world.storage.tasks.get(done)).toBeDefined();
    world.storage.purges.sweep('task', (endedAt ?? 0) + 1, 0, 100);

    expect(world.storage.tasks.get(done)).toBeUndefined();
    expect(world.storage.tasks.phases(done)).toEqual([]);
    expect(world.storage.tasks.get(open)).toBeDefined();
  });

  it('keep the length of their leases and pauses when the clock is set back', async () => {
    const world = createTaskWorld(AGENTS);
    const HOUR = 60 * MINUTE;
    world.clock.jump(HOUR);
    const id = world.give({ for: 'scout', title: 'Look', brief: '' });
    const run = world.begin('scout');
    world.tasks.claim(run, 'command');
    world.clock.jump(-HOUR);
    const now = world.clock.now();

    expect(world.storage.tasks.setBack({ now, byMs: HOUR })).toBe(1);

    expect(world.storage.tasks.get(id)).toMatchObject({ claimedAt: now, leaseUntil: now + 30 * MINUTE, offerAt: now });
  });
});

describe('what a task shows', () => {
  it('is each output whole as far as a reader takes it, the oldest shortened first', () => {
    const world = createTaskWorld(AGENTS);
    const id = world.give({ for: 'scout', title: 'Look', brief: '', phases: PHASES });
    for (const name of ['research', 'write']) {
      const run = world.begin('scout');
      world.tasks.claim(run, 'command');
      world.tasks.phaseDone(run, id, `${name} ${'x'.repeat(30_000)}`);
      world.end(run);
    }

    const [research, write] = world.tasks.show(id, 'tool')?.phases ?? [];

    expect(research).toMatchObject({ shortened: true });
    expect(research?.output?.length).toBeLessThan(300);
    expect(write?.output?.length).toBe(30_006);
    expect(world.tasks.show(id, 'command')?.phases[0]?.output?.length).toBe(30_009);
  });
});
