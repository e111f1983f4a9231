import { afterEach, describe, expect, it } from 'vitest';
import { createDrillWorld, SECOND } from './drill-world.ts';

let world: ReturnType<typeof createDrillWorld> | undefined;

afterEach(async () => {
  await world?.room.stop();
  const fatal = world?.fatal ?? [];
  world = undefined;
  if (fatal.length > 0) throw new AggregateError(fatal, 'the drill room met a bug');
});

function open() {
  world = createDrillWorld();
  return world;
}

describe('a fire drill', () => {
  it('is a row before it is a fault', () => {
    const { room, storage, faults } = open();

    expect(room.begin('auth', 'owner:1')).toEqual({ kind: 'begun', withinMs: 60_000 });

    expect(storage.drills.running()).toMatchObject({ kind: 'auth', wantedBy: 'owner:1', faultAt: null });
    expect(faults.auth.made).toBe(0);
  });

  it('is made after what is on its way to the owner, the answer to /drill above all, but waits no longer than seconds', async () => {
    const { room, clock, faults, storage, say, deliver } = open();
    say('reply:1');
    room.begin('auth', 'owner:1');
    await clock.pass(2 * SECOND);
    const before = faults.auth.made;
    deliver('reply:1');
    await clock.pass(SECOND);
    const after = faults.auth.made;
    faults.auth.finding = { kind: 'passed', facts: {} };
    await clock.pass(SECOND);
    say('reply:2');
    room.begin('disk', 'owner:1');
    await clock.pass(4 * SECOND);

    expect([before, after, faults.disk.made]).toEqual([0, 1, 1]);
    expect(storage.drills.running()?.kind).toBe('disk');
  });

  it('is made once, and passes with its times once the alert was delivered', async () => {
    const { room, storage, faults, clock, textOf } = open();
    room.begin('disk', 'owner:1');
    await clock.pass(2 * SECOND);
    const faultAt = storage.drills.running()?.faultAt ?? 0;

    faults.disk.finding = {
      kind: 'passed',
      facts: { detectedAt: faultAt + 250, deliveredAt: faultAt + 2_340 },
    };
    await clock.pass(SECOND);

    expect(faults.disk.made).toBe(1);
    expect(storage.drills.lastOf('disk')).toMatchObject({ state: 'passed', detail: null });
    expect(textOf('drill:1:report')).toBe(
      '🧪 Drill disk: passed\nNoticed after 250 ms, told after 2.3 s.\nEverything that it changed is as before.',
    );
  });

  it('goes on alone: a second one is not begun, and is told of the first', async () => {
    const { room, clock, faults } = open();
    room.begin('auth', 'owner:1');
    await clock.pass(SECOND);

    expect(room.begin('disk', 'owner:1')).toMatchObject({ kind: 'busy', by: { kind: 'auth' } });

    await clock.pass(SECOND);
    expect(faults.disk.made).toBe(0);
  });

  it('fails with one message when the alert does not come within its bound, whatever the wall clock does', async () => {
    const { room, clock, storage, textOf, faults } = open();
    room.begin('auth', 'owner:1');
    await clock.pass(59 * SECOND);
    clock.jump(3_600 * SECOND);
    await clock.pass(0.5 * SECOND);
    const before = storage.drills.running()?.state;
    await clock.pass(SECOND);

    expect(before).toBe('running');
    expect(storage.drills.lastOf('auth')).toMatchObject({ state: 'failed' });
    expect(textOf('drill:1:report')).toBe(
      '🧪 Drill auth: FAILED\nThe alert did not come within 60 s: nobody noticed the fault.\nEverything that it changed is as before.',
    );
    expect(faults.auth.cleared).toBe(1);
  });

  it('fails at once when its fault can tell nothing any more', async () => {
    const { room, clock, storage, faults } = open();
    room.begin('auth', 'owner:1');
    await clock.pass(SECOND);

    faults.auth.finding = { kind: 'failed', reason: 'the program ended early' };
    await clock.pass(SECOND);

    expect(storage.drills.lastOf('auth')).toMatchObject({ state: 'failed', detail: 'The program ended early.' });
  });

  it('clears away the rows that it made, and touches those of no other agent', async () => {
    const { room, clock, storage, faults, custodian, incidents } = open();
    storage.transaction(() => custodian.start());
    room.begin('auth', 'owner:1');
    await clock.pass(SECOND);
    custodian.sign({ agent: '~drill-auth', evidence: 'AUTH_FAILED: this is a drill' });
    custodian.sign({ agent: 'scout', evidence: 'AUTH_FAILED: this is none' });
    storage.transaction(() => storage.dues.wait('~drill-auth', clock.now(), 'trial'));
    const before = incidents.unresolved().map(({ incident }) => incident.isDrill);

    faults.auth.finding = { kind: 'passed', facts: { deliveredAt: clock.now() } };
    await clock.pass(SECOND);

    expect(new Set(before)).toEqual(new Set([0, 1]));
    expect(incidents.unresolved().map(({ agents }) => agents)).toEqual([['scout']]);
    expect(storage.holds.active().map(({ agent }) => agent)).toEqual(['scout']);
    expect(storage.dues.waiting()).toEqual([]);
    expect(storage.credentials.get('~~drill-auth')).toMatchObject({ state: 'unknown', checkWantedAt: null });
    expect(storage.credentials.get('~scout')).toMatchObject({ state: 'dead' });
  });

  it('sends no message of its own about the end of its incident', async () => {
    const { room, clock, faults, custodian, textOf } = open();
    custodian.start();
    room.begin('auth', 'owner:1');
    await clock.pass(SECOND);
    custodian.sign({ agent: '~drill-auth', evidence: 'AUTH_FAILED: this is a drill' });

    faults.auth.finding = { kind: 'passed', facts: { deliveredAt: clock.now() } };
    await clock.pass(SECOND);

    expect(textOf('incident:1')).toContain('🧪 Drill: ');
    expect(textOf('incident:1:recovery')).toBeUndefined();
  });

  it('asks its program to stop, and ends only when it is gone', async () => {
    const { room, clock, faults, storage, run, settle, incidents } = open();
    room.begin('heartbeat', 'owner:1');
    await clock.pass(SECOND);
    const trouble = { kind: 'heartbeat', severity: 'critical', title: 'silent', evidence: '' } as const;
    incidents.report({ ...trouble, fingerprint: 'h', subject: 'x', agents: ['~drill-heartbeat'] });
    const id = run('~drill-heartbeat');
    faults.heartbeat.finding = { kind: 'passed', facts: { deliveredAt: clock.now() } };
    await clock.pass(2 * SECOND);
    const meanwhile = [storage.drills.running()?.state, incidents.unresolved().length];

    settle(id);
    await clock.pass(SECOND);

    expect(storage.runs.get(id)?.stopReason).toBe('the drill is over');
    expect(meanwhile).toEqual(['running', 1]);
    expect(incidents.unresolved()).toEqual([]);
    expect(storage.drills.lastOf('heartbeat')?.state).toBe('passed');
  });

  it('fails, and says so, when its program cannot be ended', async () => {
    const { room, clock, faults, storage, run } = open();
    room.begin('heartbeat', 'owner:1');
    await clock.pass(SECOND);
    run('~drill-heartbeat');

    faults.heartbeat.finding = { kind: 'passed', facts: { deliveredAt: clock.now() } };
    await clock.pass(31 * SECOND);

    expect(storage.drills.lastOf('heartbeat')).toMatchObject({
      state: 'failed',
      detail: 'Its own program cannot be ended.',
    });
  });

  it('that a crash cut short is failed and cleared away by the next start, and another one may begin', async () => {
    const opened = open();
    const { clock, storage, custodian, incidents, textOf, faults } = opened;
    custodian.start();
    opened.room.begin('auth', 'owner:1');
    await clock.pass(SECOND);
    custodian.sign({ agent: '~drill-auth', evidence: 'AUTH_FAILED: this is a drill' });

    await opened.restart();
    await clock.pass(SECOND);

    expect(faults.auth.made).toBe(1);
    expect(textOf('drill:1:report')).toContain('Nightdesk ended in the middle of it. Please drill again.');
    expect([incidents.unresolved(), storage.holds.active()]).toEqual([[], []]);
    expect(textOf('incident:1')).toMatch(/^🟢 Over: .*\n(.*\n)*It was a drill: nothing is left to do\.\n/);
    expect(textOf('incident:1')).not.toContain('Mend it');
    expect(opened.room.begin('disk', 'owner:1').kind).toBe('begun');
  });

  it('of a kind that this version does not know is failed', async () => {
    const { room, clock, storage } = open();
    storage.transaction(() => storage.drills.begin({ kind: 'flood', wantedBy: 'owner:1', startedAt: clock.now() }));
    room.nudge();
    await clock.pass(SECOND);

    expect(storage.drills.lastOf('flood')).toMatchObject({ state: 'failed' });
  });
});

describe('the incidents of a drill', () => {
  it('are those of hidden agents, and of faults that are on just now', () => {
    const { incidents, made, storage } = open();
    const trouble = {
      kind: 'report',
      subject: 'x',
      severity: 'warning',
      title: 'x',
      evidence: '',
      agents: [],
    } as const;
    made.add('poller:telegram');

    incidents.report({ ...trouble, fingerprint: 'a', agents: ['~drill-auth'] });
    incidents.report({ ...trouble, fingerprint: 'b', agents: ['~drill-auth', 'scout'] });
    incidents.report({ ...trouble, fingerprint: 'c' });
    incidents.report({ ...trouble, fingerprint: 'poller:telegram' });

    const marks = ['a', 'b', 'c', 'poller:telegram'].map((name) => storage.incidents.unresolved(name)?.isDrill);
    expect(marks).toEqual([1, 0, 0, 1]);
  });

  it('end without a recovery of their own, whoever ends them; real ones have one', () => {
    const { incidents, textOf, deliver } = open();
    const trouble = { kind: 'report', subject: 'x', severity: 'warning', title: 'x', evidence: '' } as const;
    incidents.report({ ...trouble, fingerprint: 'a', agents: ['~drill-stuck'] });
    incidents.report({ ...trouble, fingerprint: 'b', agents: ['scout'] });
    for (const id of [1, 2]) deliver(`incident:${id}`);

    const ended = ['a', 'b'].map((name) => incidents.resolve(name, 'It went on.')?.fingerprint);

    expect(ended).toEqual(['a', 'b']);
    expect(incidents.unresolved()).toEqual([]);
    expect(textOf('incident:1:recovery')).toBeUndefined();
    expect(textOf('incident:2:recovery')).toContain('It went on.');
  });

  it('are told in messages of their own, and make no storm of what is real', () => {
    const { incidents, storage, fatal } = open();
    const report = (name: string, agent: string) =>
      incidents.report({
        kind: 'report',
        fingerprint: name,
        subject: 'x',
        severity: 'critical',
        title: name,
        evidence: '',
        agents: [agent],
      });
    const keyOf = (name: string) => storage.incidents.unresolved(name)?.messageKey;

    for (let drill = 1; drill <= 6; drill += 1) report(`drill ${drill}`, '~drill-auth');
    for (let real = 1; real <= 6; real += 1) report(`real ${real}`, 'scout');
    report('drill 7', '~drill-auth');

    expect(keyOf('drill 6')).toMatch(/^incident:/);
    expect([keyOf('real 1'), keyOf('real 4')]).toEqual([
      expect.stringMatching(/^incident:/),
      expect.stringMatching(/^incident:/),
    ]);
    expect(keyOf('real 6')).toMatch(/^storm:/);
    expect(keyOf('drill 7')).toMatch(/^incident:/);
    expect(fatal).toEqual([]);
  });
});
