import { afterEach, describe, expect, it } from 'vitest';
import { createRoomWorld, HOUR, MINUTE, type RoomWorld, SECOND, START } from '../loop/room-world.ts';
import type { HoldRow } from '../../storage/hold-store.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { openStorage } from '../fakes/open-storage.ts';
import { createClockWatch } from '../../src/vigil/clock-watch.ts';
import { loadLastLife, saveAlive } from '../../src/vigil/pulse.ts';
import { createResetting, moveHold } from '../../src/vigil/set-back.ts';

const FLEET = `timezone: UTC
home: ./state
telegram: { owners: [1] }
drafts:
  kinds:
    reply: { window: 4h }
credentials:
  claude: { check: [/bin/check], backoff: { first: 1m, max: 1h } }
agents:
  scout: { runtime: command, command: [/bin/scout], schedule: every 24h, credentials: [claude], heartbeat: 12h }
`;

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

/** A world whose scout has begun its first run of the day. */
async function open(): Promise<RoomWorld> {
  world = createRoomWorld(FLEET, { withVigil: true });
  world.behaviours['check'] = (program) => {
    program.says('AUTH_OK\n');
    program.exits(0);
  };
  await world.begin();
  await world.advance(SECOND);
  return world;
}

function hold(differences: Partial<HoldRow>): HoldRow {
  return {
    id: 1,
    agent: 'scout',
    kind: 'backoff',
    subject: '',
    reason: 'it failed',
    since: 0,
    until: null,
    ...differences,
  };
}

describe('a hold after a clock that was set back by 3 h to 12:00', () => {
  const now = START + 3 * HOUR;
  const jump = { now, byMs: 3 * HOUR };
  const wrong = now + 2 * HOUR;

  it.each<[string, Partial<HoldRow>, Partial<HoldRow> | undefined]>([
    [
      'lasts as long as it was meant to when it is a pause after a failure',
      { since: wrong, until: wrong + 5 * MINUTE },
      { since: wrong - 3 * HOUR, until: wrong + 5 * MINUTE - 3 * HOUR },
    ],
    [
      'lasts as long as its owner asked for',
      { kind: 'owner', reason: 'paused by you', since: wrong, until: wrong + 2 * HOUR },
      { since: wrong - 3 * HOUR, until: wrong - HOUR },
    ],
    [
      'has no end when it had none',
      { kind: 'crash-loop', reason: 'it failed too often', since: wrong },
      { since: wrong - 3 * HOUR, until: null },
    ],
    [
      'ends with the month when it is one of the budget',
      { kind: 'budget', reason: 'its budget is spent', since: wrong, until: wrong + 24 * HOUR },
      { since: wrong - 3 * HOUR, until: wrong + 24 * HOUR },
    ],
    [
      'ends when the vendor said so when it is one of a usage limit',
      { reason: 'Usage limit of claude', since: wrong, until: wrong + HOUR },
      { since: wrong - 3 * HOUR, until: wrong + HOUR },
    ],
    [
      'began no later than now when more than the jump went wrong',
      { since: now + 4 * HOUR },
      { since: now, until: null },
    ],
    ['stays as it is when it was placed before', { since: now - MINUTE, until: now + HOUR }, undefined],
  ])('set back: %s', (_, before, after) => {
    expect(moveHold(hold(before), jump)).toEqual(after);
  });
});

describe('a clock that was wrong for a while and is set back', () => {
  it('lets an agent that failed meanwhile run again after its pause, not hours later', async () => {
    const fleet = await open();
    fleet.setWall(3 * HOUR);
    await fleet.advance(10 * SECOND);
    fleet.storage.dues.wait('scout', fleet.now() + MINUTE, 'resumed');
    fleet.named('scout')[0]?.exits(1);
    await fleet.settle();
    expect(fleet.holds()).toEqual(['scout: it failed']);

    fleet.setWall(-3 * HOUR);
    await fleet.advance(2 * MINUTE);

    expect(fleet.holds()).toEqual([]);
    expect(fleet.named('scout')).toHaveLength(2);
  });

  it('has a dead credential probed as soon as it would have been', async () => {
    const fleet = await open();
    fleet.behaviours['check'] = (program) => {
      program.says('AUTH_FAILED: expired\n');
      program.exits(1);
    };
    fleet.setWall(3 * HOUR);
    await fleet.advance(10 * SECOND);
    fleet.named('scout')[0]?.says('AUTH_FAILED: expired\n');
    fleet.named('scout')[0]?.exits(77);
    await fleet.advance(5 * MINUTE);
    const probes = fleet.named('check').length;
    expect(fleet.storage.credentials.get('claude')?.state).toBe('dead');

    fleet.setWall(-3 * HOUR);
    await fleet.advance(30 * MINUTE);

    expect(fleet.named('check').length).toBeGreaterThan(probes);
    expect(fleet.storage.credentials.get('claude')?.since).toBeLessThanOrEqual(fleet.now());
  });

  it('leaves the windows and ends of what was asked before as they are, and moves those of meanwhile with their cards', async () => {
    const fleet = await open();
    const draft = (body: string): number => {
      const handedIn = { agent: 'scout', run: 1, kind: 'reply', to: '@x', body };
      const submitted = fleet.rooms.desk.submit(handedIn);
      return submitted.kind === 'accepted' ? submitted.id : 0;
    };
    const ask = (text: string): number => {
      const asked = fleet.rooms.questions.ask({ run: 1, agent: 'scout' }, { text, options: [], withinMs: 4 * HOUR });
      return asked.kind === 'asked' ? asked.id : 0;
    };
    const [draftBefore, askedBefore] = [draft('before'), ask('before?')];
    fleet.setWall(3 * HOUR);
    await fleet.advance(10 * SECOND);
    const [draftMeanwhile, askedMeanwhile] = [draft('meanwhile'), ask('meanwhile?')];
    await fleet.advance(MINUTE);

    fleet.setWall(-3 * HOUR);
    await fleet.advance(10 * SECOND);

    const at = START + SECOND;
    const { drafts, questions } = fleet.storage;
    expect(drafts.get(draftBefore)?.windowEndsAt).toBe(at + 4 * HOUR);
    expect(questions.get(askedBefore)?.expiresAt).toBe(at + 4 * HOUR);
    expect(drafts.get(draftMeanwhile)).toMatchObject({
      createdAt: at + 10 * SECOND,
      windowEndsAt: at + 10 * SECOND + 4 * HOUR,
    });
    expect(questions.get(askedMeanwhile)?.expiresAt).toBe(at + 10 * SECOND + 4 * HOUR);
    const card = fleet.shown().find(({ text }) => text.includes('meanwhile') && text.includes('Draft'));
    expect(card?.text).toContain('13:00');
    expect(fleet.shown().find(({ text }) => text.includes('meanwhile?'))?.text).toContain('13:00');
  });

  it('is told once with what was moved, which the journal keeps', async () => {
    const fleet = await open();
    fleet.rooms.holds.pause('scout', 'owner:1', 2 * HOUR, false);

    fleet.setWall(-3 * HOUR);
    await fleet.advance(MINUTE);

    expect(fleet.shown().filter(({ text }) => text.includes('clock jumped'))).toHaveLength(1);
    expect(fleet.storage.journal.of('clock', 10)).toMatchObject([
      { event: 'set back', actor: 'nightdesk', detail: 'by 3 h; moved with it: 1 hold' },
    ]);
    expect(fleet.storage.holds.active()[0]?.until).toBe(START + SECOND - HOUR);
  });
});

describe('a start after the clock was set back', () => {
  /** A clock watch over rows of an earlier life that ended at `lastAliveAt`. */
  function startAnew(lastAliveAt: number) {
    const { storage } = openStorage();
    const clock = createManualClock();
    const told: string[] = [];
    const watch = createClockWatch({
      storage,
      clock,
      log: createMemoryLog(),
      incidents: { report: ({ title }: { title: string }) => void told.push(title), close: () => {} } as never,
      timezone: 'UTC',
      resetting: createResetting({ storage, desk: { showAnew: () => {} }, questions: { showAnew: () => {} } }),
      onSetBack: () => {},
      onFatal: (error) => {
        throw error;
      },
    });
    storage.transaction(() => {
      saveAlive(storage, clock.now() + lastAliveAt);
      storage.holds.place(
        hold({ since: clock.now() + lastAliveAt - MINUTE, until: clock.now() + lastAliveAt + MINUTE }),
      );
    });
    return { storage, clock, watch, told, start: () => watch.recover(loadLastLife(storage)?.aliveAt) };
  }

  it('moves back what the life before it wrote down later than now, once', () => {
    const { storage, clock, told, start } = startAnew(3 * HOUR);

    start();
    start();

    expect(storage.holds.active()).toMatchObject([{ since: clock.now() - MINUTE, until: clock.now() + MINUTE }]);
    expect(told).toEqual(['The clock jumped 3 h back']);
    expect(loadLastLife(storage)?.aliveAt).toBe(clock.now());
  });

  it('says nothing when the clock goes on from where it was, or a little before', () => {
    const { storage, told, start } = startAnew(5 * SECOND);
    const before = storage.holds.active();

    start();

    expect(told).toEqual([]);
    expect(storage.holds.active()).toEqual(before);
  });

  it('finds the wrong time still written down when the jump was not told any more', async () => {
    const { clock, watch } = startAnew(0);
    clock.jump(-3 * HOUR);
    const before = watch.isSettled();

    watch.start();
    await clock.rest();

    expect([before, watch.isSettled()]).toEqual([false, true]);
    await watch.stop();
  });
});
