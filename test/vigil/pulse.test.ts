import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFileDisk } from '../../src/adapters/file-disk.ts';
import type { Fleet } from '../../src/config/fleet.ts';
import type { IncidentRegister } from '../../src/incidents/register.ts';
import type { Trouble } from '../../src/incidents/trouble.ts';
import type { Disk, Supervisor, Web } from '../../src/ports.ts';
import { parsePulse, provedAt } from '../../src/sentinel/pulse-file.ts';
import { createPulse, decidePulse, decideTurning, loadLastLife, type PulseFacts } from '../../src/vigil/pulse.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import { openStorage } from '../fakes/open-storage.ts';
import { kindWeb, noSupervisor, somebody } from '../fakes/outside.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const ALL: PulseFacts = { heardAt: 0, wroteAt: 0, tickedAt: 0, triedAt: 0, settlesBy: 45 * SECOND };

describe('decidePulse', () => {
  it.each<readonly [what: string, facts: Partial<PulseFacts>, now: number, missing: readonly string[]]>([
    ['alive with all three just felt', {}, 0, []],
    ['alive 90 s after the last getUpdates', { wroteAt: 90_000, tickedAt: 90_000 }, 90_000, []],
    ['not heard for 91 s', { wroteAt: 91_000, tickedAt: 91_000 }, 91_000, ['no getUpdates has completed for 91 s']],
    ['never heard', { heardAt: undefined }, 0, ['no getUpdates has completed yet']],
    ['never written', { wroteAt: undefined }, 0, ['no row was written yet']],
    ['not written for 61 s', { tickedAt: 61_000 }, 61_000, ['no row was written for 61 s']],
    ['not ticked for 61 s', { wroteAt: 61_000 }, 61_000, ['the loop has not ticked for 61 s']],
  ])('is %s', (_what, facts, now, missing) => {
    expect(decidePulse({ ...ALL, ...facts }, now)).toEqual(
      missing.length === 0 ? { kind: 'alive' } : { kind: 'missing', what: missing },
    );
  });
});

describe('decideTurning', () => {
  it.each<readonly [what: string, facts: Partial<PulseFacts>, now: number, turns: boolean]>([
    [
      'turns at the start, before anything ran',
      { heardAt: undefined, triedAt: undefined, settlesBy: undefined },
      0,
      true,
    ],
    [
      'turns while Telegram is unreachable for hours',
      { heardAt: undefined, triedAt: 9e6, settlesBy: 9.02e6 },
      9e6,
      true,
    ],
    ['turns while no row can be written', { wroteAt: 0, tickedAt: 0, triedAt: 9e6, settlesBy: 9.02e6 }, 9e6, true],
    ['turns during a long wait that Telegram asked for', { triedAt: 9e5, settlesBy: 3.6e6 }, 9e5, true],
    ['hangs once a poll is 30 s over its limit', { triedAt: 76_000, settlesBy: 45_000 }, 76_000, false],
    ['hangs once the loop has not looked for a minute', { triedAt: 0, settlesBy: 80_000 }, 61_000, false],
  ])('says that it %s', (_what, facts, now, turns) => {
    expect(decideTurning({ ...ALL, ...facts }, now).kind).toBe(turns ? 'alive' : 'missing');
  });
});

interface Outside {
  readonly supervisor?: Supervisor;
  readonly web?: Web;
  readonly disk?: Partial<Disk>;
  readonly alerts?: Partial<Fleet['alerts']>;
  readonly home?: string;
}

/** A pulse on real SQLite and a real folder; Telegram and the loop are there until a test takes them away. */
function openPulse(outside: Outside = {}) {
  const { storage, database } = openStorage();
  const home = outside.home ?? join(temporaryFolder(), 'state');
  mkdirSync(home, { recursive: true });
  const clock = createManualClock(Date.now());
  const log = createMemoryLog();
  const incidents: (Trouble | string)[] = [];
  const parts = { hears: true, ticks: true, knowsTime: true };
  let heardAt: number | undefined;
  let tickedAt: number | undefined;
  const fatal: unknown[] = [];
  const alerts = { darkAfterMs: 3 * MINUTE, fallback: undefined, deadMan: undefined, ...outside.alerts };
  const pulse = createPulse({
    fleet: { home, timezone: 'UTC', telegram: { owners: [7], chat: 7 }, alerts } as unknown as Fleet,
    storage,
    clock,
    log,
    disk: { ...createFileDisk(), ...outside.disk },
    supervisor: outside.supervisor ?? noSupervisor,
    web: outside.web ?? kindWeb,
    incidents: {
      report: (trouble: Trouble) => void incidents.push(trouble),
      resolve: (fingerprint: string) => void incidents.push(fingerprint),
    } as unknown as IncidentRegister,
    self: { ...somebody, pid: 4711 },
    clockWatch: { isSettled: () => parts.knowsTime },
    poller: {
      lastCompletedAt: () => (heardAt = parts.hears ? clock.monotonic() : heardAt),
      settlesBy: () => clock.monotonic() + 20 * SECOND,
    },
    loop: {
      lastTickAt: () => (tickedAt = parts.ticks ? clock.monotonic() : tickedAt),
      lastTryAt: () => clock.monotonic(),
    },
    onFatal: (error) => fatal.push(error),
  });
  const file = join(home, 'pulse');
  const read = () => parsePulse(readFileSync(file, 'utf8'));
  return { pulse, clock, log, storage, database, home, file, read, parts, incidents, fatal };
}

/** Long ago, so that a touch shows. */
function provedIn(world: ReturnType<typeof openPulse>): number | undefined {
  return provedAt(world.read(), Math.round(statSync(world.file).mtimeMs));
}

describe('pulse', () => {
  it('proves nothing by its start alone', async () => {
    const world = openPulse();
    world.parts.hears = false;

    world.pulse.start();
    await world.clock.pass(MINUTE);

    expect(world.read()).toMatchObject({ pid: 4711, tryingSince: expect.any(Number) as number, provedAt: null });
    expect(provedIn(world)).toBeUndefined();
    expect(world.pulse.state()).toEqual({ kind: 'missing', what: ['no getUpdates has completed yet'] });
    await world.pulse.stop();
  });

  it('counts a start that proves nothing from the first one that failed', async () => {
    const first = openPulse();
    first.parts.hears = false;
    first.pulse.start();
    await first.clock.rest();
    const { tryingSince } = first.read() ?? {};
    const second = openPulse({ home: first.home });
    second.parts.hears = false;
    second.clock.jump(MINUTE);

    second.pulse.start();
    await second.clock.rest();

    expect(second.read()?.tryingSince).toBe(tryingSince);
  });

  it('writes the row and touches the proof with each look once all of it is there', async () => {
    const world = openPulse();
    world.pulse.start();
    await world.clock.pass(0);
    const { mtimeMs, ino } = statSync(world.file);

    await world.clock.pass(30 * SECOND);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await world.clock.pass(10 * SECOND);

    expect(statSync(world.file).mtimeMs).toBeGreaterThan(mtimeMs);
    expect(statSync(world.file).ino).toBe(ino);
    expect(world.read()).not.toHaveProperty('provedAt');
    expect(loadLastLife(world.storage)).toEqual({ aliveAt: world.clock.now(), stoppedCleanly: false });
    expect(world.pulse.state()).toEqual({ kind: 'alive' });
    await world.pulse.stop();
  });

  it.each(['hears', 'ticks'] as const)(
    'touches the proof no more once the part that %s has failed for its time',
    async (part) => {
      const touched: string[] = [];
      const world = openPulse({ disk: { touch: (path) => void touched.push(path) } });
      world.pulse.start();
      await world.clock.pass(20 * SECOND);
      world.parts[part] = false;
      await world.clock.pass(90 * SECOND);
      const before = touched.length;

      await world.clock.pass(5 * MINUTE);

      expect(before).toBeGreaterThan(0);
      expect(touched).toHaveLength(before);
      expect(world.log.lines.filter((line) => line.startsWith('warn the pulse is not there'))).toHaveLength(1);
    },
  );

  it('goes on living through a jump of the clock in either direction', async () => {
    const touched: string[] = [];
    const world = openPulse({ disk: { touch: (path) => void touched.push(path) } });
    world.pulse.start();
    await world.clock.pass(20 * SECOND);
    const before = touched.length;

    world.clock.jump(-3 * 3_600_000);
    await world.clock.pass(20 * SECOND);
    world.clock.jump(9 * 3_600_000);
    await world.clock.pass(20 * SECOND);

    expect(touched).toHaveLength(before + 4);
    expect(world.log.lines.filter((line) => line.includes('the pulse is not there'))).toEqual([]);
  });

  it('tells the supervisor that it lives, and no one else, while no row can be written', async () => {
    let alive = 0;
    let calls = 0;
    const touched: string[] = [];
    const world = openPulse({
      supervisor: { ...noSupervisor, watchdogMs: 30 * SECOND, alive: () => void (alive += 1) },
      web: {
        call: () => {
          calls += 1;
          return Promise.resolve({ kind: 'ok' });
        },
      },
      alerts: { deadMan: { url: 'https://hc.example/ping/1', everyMs: 10 * SECOND } },
      disk: { touch: (path) => void touched.push(path) },
    });
    world.pulse.start();
    await world.clock.pass(MINUTE);
    world.database.pragma('max_page_count = 1');
    world.database.exec(
      `CREATE TEMP TRIGGER full BEFORE UPDATE ON setting BEGIN INSERT INTO journal (at, subject, event, actor, detail)
       VALUES (1, hex(zeroblob(500000)), 'x', 'x', 'x'); END`,
    );
    const before = { calls, touched: touched.length };
    await world.clock.pass(MINUTE + 10 * SECOND);
    const after = { calls, touched: touched.length };
    const aliveBefore = alive;

    await world.clock.pass(5 * MINUTE);

    expect(before.calls).toBeGreaterThan(3);
    expect(after.calls - before.calls).toBeLessThanOrEqual(6);
    expect({ calls, touched: touched.length }).toEqual(after);
    expect(alive - aliveBefore).toBe(30);
    expect(world.fatal).toEqual([]);
  });

  it('ends the process by a bug of the database, which is no full disk', async () => {
    const world = openPulse();
    world.database.exec(`CREATE TRIGGER broken BEFORE INSERT ON setting BEGIN SELECT RAISE(ABORT, 'x'); END`);

    world.pulse.start();
    await world.clock.pass(0);

    expect(world.fatal).toHaveLength(1);
  });

  it('feels faster than a third of what the watchdog and dark_after wait for', async () => {
    let alive = 0;
    const world = openPulse({
      supervisor: { ...noSupervisor, watchdogMs: 12 * SECOND, alive: () => void (alive += 1) },
      alerts: { darkAfterMs: 9 * SECOND },
    });

    world.pulse.start();
    await world.clock.pass(MINUTE);

    expect(alive).toBe(21);
  });

  it('says at its end whether it was asked to', async () => {
    const asked = openPulse();
    const broken = openPulse();
    for (const { pulse, clock } of [asked, broken]) {
      pulse.start();
      await clock.pass(MINUTE);
      await pulse.stop();
    }

    asked.pulse.farewell('asked');
    broken.pulse.farewell('itself');

    expect(asked.read()).toMatchObject({ stoppedAt: asked.clock.now(), stoppedBy: 'asked' });
    expect(loadLastLife(asked.storage)?.stoppedCleanly).toBe(true);
    expect(broken.read()).toMatchObject({ stoppedBy: 'itself', provedAt: broken.clock.now() });
    expect(loadLastLife(broken.storage)?.stoppedCleanly).toBe(false);
  });

  it('leaves its proof as it was when another process takes its place', async () => {
    const { pulse, clock, read, storage } = openPulse();
    pulse.start();
    await clock.pass(MINUTE);
    await pulse.stop();
    const before = read();

    pulse.farewell('restart');

    expect(read()).toEqual(before);
    expect(loadLastLife(storage)?.stoppedCleanly).toBe(true);
  });

  it('looks dark from outside as long as a drill says so, and alive right after', async () => {
    const world = openPulse();
    world.pulse.start();
    await world.clock.pass(20 * SECOND);

    const isWritten = world.pulse.pretendDark(world.clock.now() + MINUTE);
    await world.clock.pass(30 * SECOND);
    const during = world.read();
    await world.clock.pass(40 * SECOND);

    expect(isWritten).toBe(true);
    expect(during?.drillUntil).toBeGreaterThan(0);
    expect(world.clock.now() - (during?.provedAt ?? 0)).toBeGreaterThan(3 * MINUTE);
    expect(world.read()).not.toHaveProperty('drillUntil');
    expect(world.read()).not.toHaveProperty('provedAt');
    expect(world.pulse.state()).toEqual({ kind: 'alive' });
  });

  it('is alive again at once when a drill ends early', async () => {
    const world = openPulse();
    world.pulse.start();
    await world.clock.pass(20 * SECOND);
    world.pulse.pretendDark(world.clock.now() + MINUTE);
    await world.clock.pass(SECOND);

    world.pulse.pretendDark(0);
    await world.clock.pass(0);

    expect(world.read()).not.toHaveProperty('drillUntil');
    expect(world.read()).not.toHaveProperty('provedAt');
  });

  it('writes the proof anew when somebody removed it', async () => {
    const world = openPulse();
    world.pulse.start();
    await world.clock.pass(20 * SECOND);
    rmSync(world.file);

    await world.clock.pass(20 * SECOND);

    expect(world.read()?.pid).toBe(4711);
  });

  it('leaves for the sentinel whom to tell, without any secret', async () => {
    const world = openPulse({ alerts: { fallback: ['/opt/sms.sh', 'me'] } });

    world.pulse.start();
    await world.clock.pass(0);

    expect(JSON.parse(readFileSync(join(world.home, 'sentinel.json'), 'utf8'))).toEqual({
      owners: [7],
      chat: 7,
      darkAfterMs: 3 * MINUTE,
      fallback: ['/opt/sms.sh', 'me'],
      timezone: 'UTC',
    });
  });
});

describe('dead-man address', () => {
  const deadMan = { url: 'https://hc.example/ping/SECRET-uuid', everyMs: MINUTE };

  it('is called at once with the first proof and then at its interval, only as long as the pulse is there', async () => {
    const calls: number[] = [];
    const world = openPulse({
      web: {
        call: () => {
          calls.push(world.clock.monotonic());
          return Promise.resolve({ kind: 'ok' });
        },
      },
      alerts: { deadMan },
    });
    world.pulse.start();
    await world.clock.pass(2 * MINUTE);
    world.parts.hears = false;
    await world.clock.pass(30 * MINUTE);
    world.parts.hears = true;
    await world.clock.pass(10 * SECOND);

    expect(calls).toEqual([0, MINUTE, 2 * MINUTE, 3 * MINUTE, 32 * MINUTE + 10 * SECOND]);
  });

  it('is told of once after ten minutes of failures, resolved when it works, and named by its host only', async () => {
    let answer: Awaited<ReturnType<Web['call']>> = { kind: 'failed', reason: 'status 404' };
    const world = openPulse({ web: { call: () => Promise.resolve(answer) }, alerts: { deadMan } });
    world.pulse.start();
    await world.clock.pass(9 * MINUTE);
    const early = [...world.incidents];
    await world.clock.pass(60 * MINUTE);
    const late = [...world.incidents];
    answer = { kind: 'ok' };

    await world.clock.pass(2 * MINUTE);

    expect(early).toEqual([]);
    expect(late).toMatchObject([{ kind: 'report', severity: 'warning', evidence: 'status 404' }]);
    expect(world.incidents.slice(1)).toEqual(['report:dead-man']);
    expect(JSON.stringify([world.incidents, world.log.lines])).not.toContain('SECRET');
    expect(JSON.stringify(world.log.lines)).toContain('hc.example');
  });

  it('delays nothing when it hangs, and is not called twice at a time', async () => {
    let calls = 0;
    const touched: string[] = [];
    const world = openPulse({
      web: {
        call: () => {
          calls += 1;
          return new Promise(() => undefined);
        },
      },
      alerts: { deadMan },
      disk: { touch: (path) => void touched.push(path) },
    });

    world.pulse.start();
    await world.clock.pass(10 * MINUTE);
    await world.pulse.stop();

    expect(calls).toBe(1);
    expect(touched.length).toBeGreaterThan(50);
  });
});
