import { describe, expect, it } from 'vitest';
import { createDarkFault } from '../../src/drills/dark-fault.ts';
import type { Fault } from '../../src/drills/fault.ts';
import { createTelegramFault } from '../../src/drills/telegram-fault.ts';
import { createTelegramGate } from '../../src/drills/telegram-gate.ts';
import { createScriptedApi } from '../fakes/scripted-api.ts';
import { createDrillWorld, SECOND } from './drill-world.ts';

const MINUTE = 60 * SECOND;

/** A drill of this fault, whose looks the test takes. */
function drillOf(world: ReturnType<typeof createDrillWorld>, kind: string, fault: Fault) {
  const { storage, clock } = world;
  const id = storage.drills.begin({ kind, wantedBy: 'owner:1', startedAt: clock.now() }) ?? 0;
  const row = () => storage.drills.get(id)!;
  storage.transaction(() => storage.drills.note(id, fault.make(row())));
  return {
    row,
    look() {
      const finding = storage.transaction(() => fault.look(row()));
      if (finding.kind !== 'failed') storage.drills.note(id, finding.facts);
      return finding;
    },
  };
}

function openTelegram(hasFallback: boolean) {
  const world = createDrillWorld();
  const { storage, clock, incidents, made } = world;
  const api = createScriptedApi();
  api.answerWith((call) => call.succeed(true));
  const gate = createTelegramGate(api);
  const fault = createTelegramFault({
    storage,
    clock,
    gate,
    hasFallback: () => hasFallback,
    fingerprint: 'poller:telegram',
  });
  made.add('poller:telegram');
  const drill = drillOf(world, 'telegram', fault);
  return {
    ...world,
    gate,
    fault,
    drill,
    isNoticed: () =>
      incidents.report({
        kind: 'poller',
        fingerprint: 'poller:telegram',
        subject: 'telegram',
        severity: 'critical',
        title: 'Telegram could not be reached',
        evidence: 'unreachable',
        agents: [],
      }),
    /** The fallback took the text about this incident. */
    isTold(incidentId: number) {
      storage.incidents.fellBack(incidentId, clock.now());
      storage.fallbacks.add({ key: 'unshown:1', incidentId, text: 'help', createdAt: clock.now() });
      storage.fallbacks.end(storage.fallbacks.due(clock.now())!.id, 'sent', null, clock.now());
    },
    works: () => gate.call('getUpdates', {}, { timeoutMs: SECOND }),
  };
}

describe('the telegram drill', () => {
  it('lasts until the fallback has told the owner, and passes once Telegram works again', async () => {
    const { drill, gate, clock, isNoticed, isTold, works } = openTelegram(true);
    drill.look();
    await clock.pass(70 * SECOND);
    const { id } = isNoticed();
    drill.look();
    const noticed = gate.isClosed();
    await clock.pass(5 * SECOND);
    isTold(id);
    drill.look();
    const told = gate.isClosed();
    await clock.pass(12 * SECOND);
    const waiting = drill.look().kind;
    await works();

    expect([noticed, told, waiting]).toEqual([true, false, 'going']);
    expect(drill.look()).toMatchObject({ kind: 'passed' });
    const { faultAt, detectedAt, deliveredAt, detail } = drill.row();
    expect([detectedAt, deliveredAt].map((at) => (at ?? 0) - (faultAt ?? 0))).toEqual([70 * SECOND, 75 * SECOND]);
    expect(detail).toBe('The first call went through 12.0 s after Telegram was there again.');
  });

  it('says without a fallback that nothing reaches the owner while Telegram is away', async () => {
    const { drill, clock, isNoticed, works } = openTelegram(false);
    drill.look();
    await clock.pass(70 * SECOND);
    isNoticed();
    drill.look();
    await works();

    expect(drill.look()).toMatchObject({ kind: 'passed' });
    expect(drill.row().detail).toContain('There is no second route (alerts.fallback in fleet.yaml)');
  });

  it('keeps Telegram away for three minutes at most, and fails', async () => {
    const { drill, gate, clock, isNoticed } = openTelegram(true);
    drill.look();
    isNoticed();
    await clock.pass(3 * MINUTE);

    expect(drill.look()).toMatchObject({
      kind: 'failed',
      reason: 'incident 1 was opened, and nothing was given to the fallback',
    });
    expect(gate.isClosed()).toBe(false);
  });
});

describe('the dark drill', () => {
  function openDark() {
    const world = createDrillWorld();
    const { clock } = world;
    const until: number[] = [];
    const files: { state: string | undefined } = { state: undefined };
    const fault = createDarkFault({
      clock,
      home: '/home',
      disk: {
        readText: () => (files.state === undefined ? undefined : { text: files.state, modifiedAt: clock.now() }),
      },
      pretendDark(at) {
        until.push(at);
        return true;
      },
    });
    return {
      ...world,
      fault,
      until,
      drill: drillOf(world, 'dark', fault),
      /** What the sentinel left behind of its last look. */
      sees(current: object | undefined) {
        const memory = { bootId: 'b', monotonicMs: 1 };
        files.state = JSON.stringify({ lookedAt: clock.now(), memory, outages: { current, tellings: [] } });
      },
    };
  }

  it('plays dead until the sentinel has told the owner, and lives again at its end', async () => {
    const { drill, fault, clock, until, sees } = openDark();
    drill.look();
    await clock.pass(30 * SECOND);
    const before = drill.look().kind;
    const toldAt = clock.now();
    sees({ cause: 'drill', since: toldAt - 1, toldAt });
    await clock.pass(SECOND);

    expect(before).toBe('going');
    expect(drill.look()).toEqual({ kind: 'passed', facts: { deliveredAt: toldAt } });
    fault.clear();
    expect(until).toHaveLength(2);
    expect(until[1]).toBe(0);
  });

  it('waits until the sentinel has seen the end of the last outage', async () => {
    const { drill, clock, until, sees } = openDark();
    sees({ cause: 'drill', since: 1, toldAt: clock.now() });
    drill.look();
    const before = until.length;

    sees(undefined);
    await clock.pass(SECOND);
    drill.look();

    expect([before, until.length]).toEqual([0, 1]);
  });

  it('fails without waiting for its whole time when no sentinel has looked for two of its turns', async () => {
    const { drill, clock } = openDark();
    drill.look();
    await clock.pass(2 * MINUTE);
    const before = drill.look().kind;
    await clock.pass(MINUTE);

    expect(before).toBe('going');
    expect(drill.look()).toEqual({
      kind: 'failed',
      reason: 'no sentinel watches: nightdesk install has it look each minute',
    });
  });

  it('goes on waiting for a sentinel that looks and has not told yet', async () => {
    const { drill, clock, sees } = openDark();
    drill.look();
    await clock.pass(3 * MINUTE);
    sees(undefined);
    await clock.pass(SECOND);

    expect(drill.look().kind).toBe('going');
  });

  it('says that no sentinel watches when none has looked', () => {
    const { drill, fault } = openDark();
    drill.look();

    expect(fault.describe(drill.row())).toBe('no sentinel watches: nightdesk install has it look each minute');
  });
});
