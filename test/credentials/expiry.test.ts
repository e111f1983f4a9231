import { afterEach, describe, expect, it } from 'vitest';
import type { CredentialRow } from '../../storage/credential-store.ts';
import type { Credential } from '../../src/config/fleet.ts';
import { credentialStateAt, decideWarning, endOfSecret, OUTDATED, thresholdsOf } from '../../src/credentials/expiry.ts';
import { dateAndTime } from '../../src/loop/wall-clock.ts';
import { createCallbackData } from '../../src/telegram/callback-data.ts';
import { renderStatus } from '../../src/telegram/cards/status-card.ts';
import { loadFleetStatus } from '../../src/vigil/status.ts';
import { createRoomWorld, HOUR, MINUTE, type RoomWorld, SECOND, START } from '../loop/room-world.ts';

const DAY = 24 * HOUR;
const WEEK_WARNINGS = [7 * DAY, 3 * DAY, DAY, 0];
const END = START + 100 * DAY;

const CREDENTIAL: Credential = {
  name: 'claude',
  check: undefined,
  checkEveryMs: 15 * MINUTE,
  login: undefined,
  capture: undefined,
  env: undefined,
  source: 'vault',
  warnMs: [7 * DAY, 3 * DAY, DAY],
  expiresAt: undefined,
  lifetimeMs: undefined,
  rotate: undefined,
  backoff: { firstMs: MINUTE, maxMs: HOUR },
  billing: 'metered',
};

const ROW: CredentialRow = {
  name: 'claude',
  state: 'alive',
  generation: 1,
  since: START,
  provedAt: START,
  checkedAt: START,
  checkWantedAt: null,
  checkDetail: null,
  evidence: null,
  probes: 0,
  trialOpen: 0,
  firstSeenAt: START,
  renewedAt: null,
  warnedMs: null,
  warnedEnd: null,
};

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

function open(credential: string): RoomWorld {
  world = createRoomWorld(
    `timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\ncredentials:\n  claude: { ${credential} }\nagents:\n  a: { runtime: command, command: [/bin/a], schedule: every 24h, credentials: [claude] }\n`,
  );
  world.behaviours['a'] = (program) => program.exits(0);
  world.behaviours['check'] = (program) => {
    program.says('AUTH_OK\n');
    program.exits(0);
  };
  world.behaviours['login'] = (program) => program.exits(0);
  return world;
}

function warnings(of: RoomWorld) {
  return of.storage.incidents.listUnresolved().filter(({ kind }) => kind === 'expiry');
}

/** As a clock that is set: what waits for an hour of the day looks anew. */
async function jump(to: RoomWorld, ms: number): Promise<void> {
  to.jump(ms);
  await to.advance(MINUTE);
}

describe('the end of a secret', () => {
  it('is counted from its renewal, and before that from when it was first seen, where only a lifetime is known', () => {
    const credential = { ...CREDENTIAL, lifetimeMs: 90 * DAY };

    expect(endOfSecret(credential, ROW)).toBe(START + 90 * DAY);
    expect(endOfSecret(credential, { ...ROW, renewedAt: START + DAY })).toBe(START + 91 * DAY);
    expect(endOfSecret(CREDENTIAL, ROW)).toBeUndefined();
  });

  it('is unknown once the secret of a written date was replaced after a warning, until another date is written', () => {
    const row = { ...ROW, warnedMs: OUTDATED, warnedEnd: END };

    expect(endOfSecret({ ...CREDENTIAL, expiresAt: END }, row)).toBeUndefined();
    expect(endOfSecret({ ...CREDENTIAL, expiresAt: END + DAY }, row)).toBe(END + DAY);
  });

  it('makes a living credential expiring from the first threshold on, and never a dead one', () => {
    const credential = { ...CREDENTIAL, expiresAt: END };

    expect(credentialStateAt(ROW, credential, END - 7 * DAY - 1)).toBe('alive');
    expect(credentialStateAt(ROW, credential, END - 7 * DAY)).toBe('expiring');
    expect(credentialStateAt(ROW, credential, END + DAY)).toBe('expiring');
    expect(credentialStateAt({ ...ROW, state: 'dead' }, credential, END)).toBe('dead');
    expect(credentialStateAt(undefined, credential, START)).toBe('unknown');
  });

  it('has no threshold that is longer than a whole lifetime', () => {
    expect(thresholdsOf({ ...CREDENTIAL, lifetimeMs: 3 * DAY })).toEqual([DAY, 0]);
    expect(thresholdsOf(CREDENTIAL)).toEqual(WEEK_WARNINGS);
  });

  it('is written as a date with its time, and its year where it is another one', () => {
    expect(dateAndTime(Date.UTC(2026, 2, 12, 3), 'Europe/Berlin', START)).toBe('12 March 04:00');
    expect(dateAndTime(Date.UTC(2027, 2, 12, 3), 'Europe/Berlin', START)).toBe('12 March 2027 04:00');
  });
});

describe('decideWarning', () => {
  it.each<[string, number, number | null, unknown]>([
    ['a week before', 8 * DAY, null, { kind: 'none' }],
    ['at the first threshold', 7 * DAY, null, { kind: 'warn', thresholdMs: 7 * DAY }],
    ['again at the same threshold', 7 * DAY - 1, 7 * DAY, { kind: 'none' }],
    ['where several were slept through', 2 * DAY, null, { kind: 'warn', thresholdMs: 3 * DAY }],
    ['at the next threshold', 3 * DAY, 7 * DAY, { kind: 'warn', thresholdMs: 3 * DAY }],
    ['at the end', 0, DAY, { kind: 'warn', thresholdMs: 0 }],
    ['after the end was told', -DAY, 0, { kind: 'none' }],
    ['after the clock was set back by an hour', DAY + HOUR, DAY, { kind: 'none' }],
    ['after a clock that ran weeks ahead', 60 * DAY, DAY, { kind: 'rearm', warnedMs: null }],
    ['after a clock that ran some days ahead', 5 * DAY, DAY, { kind: 'rearm', warnedMs: 7 * DAY }],
  ])('decides %s', (_when, left, warnedMs, step) => {
    expect(decideWarning(WEEK_WARNINGS, END, END - left, { ms: warnedMs, end: END })).toEqual(step);
  });

  it('starts anew for another end', () => {
    const warned = { ms: 0, end: END - DAY };

    expect(decideWarning(WEEK_WARNINGS, END, END - 2 * DAY, warned)).toEqual({ kind: 'warn', thresholdMs: 3 * DAY });
  });
});

describe('a secret that ends', () => {
  it('is told once at each threshold over restarts: one incident, with its date and Re-auth', async () => {
    const fleet = open('expires: 2026-01-30, login: [/bin/login]');
    await fleet.begin();
    expect(warnings(fleet)).toEqual([]);

    await jump(fleet, 10 * DAY + 15 * HOUR);
    const [first] = warnings(fleet);
    await fleet.crash();
    await fleet.advance(MINUTE);

    expect(first).toMatchObject({
      title: 'Credential claude expires in 7 d',
      severity: 'warning',
      subject: 'claude',
    });
    expect(first?.evidence).toContain('30 January 00:00');
    expect(fleet.storage.credentials.get('claude')?.warnedMs).toBe(7 * DAY);
    await jump(fleet, 4 * DAY);
    expect(warnings(fleet)).toMatchObject([{ id: first?.id, title: 'Credential claude expires in 3 d' }]);
    await jump(fleet, 2 * DAY);
    expect(warnings(fleet)).toMatchObject([{ id: first?.id, title: 'Credential claude expires in 24 h' }]);
    await jump(fleet, DAY);
    expect(warnings(fleet)).toMatchObject([{ id: first?.id, title: 'Credential claude has expired' }]);
  });

  it('is probed at once when its end has come, and is one dead credential that says why when the check refuses', async () => {
    const fleet = open('expires: 2026-01-13, check: [/bin/check], check_every: 48h');
    await fleet.begin();
    await fleet.advance(MINUTE);
    expect(warnings(fleet)).toHaveLength(1);
    const checks = fleet.named('check').length;
    fleet.behaviours['check'] = (program) => {
      program.says('AUTH_FAILED: token expired\n');
      program.exits(1);
    };

    await fleet.advance(MINUTE);
    fleet.jump(14 * HOUR + 58 * MINUTE);
    await fleet.advance(SECOND);
    await fleet.advance(MINUTE);

    expect(fleet.named('check').length).toBeGreaterThan(checks);
    expect(fleet.storage.incidents.listUnresolved()).toMatchObject([
      { kind: 'auth', severity: 'critical', title: 'Credential claude is dead: it expired on 13 January 00:00' },
    ]);
  });

  it('is only a warning past its end while the check passes, and ends with a login', async () => {
    const fleet = open('lifetime: 2d, warn: [1d], check: [/bin/check], login: [/bin/login]');
    await fleet.begin();
    await jump(fleet, 2 * DAY);
    expect(warnings(fleet)).toMatchObject([{ title: 'Credential claude has expired', severity: 'warning' }]);

    fleet.rooms.custodian.wantLogin('claude', 'owner:1');
    await fleet.advance(MINUTE);

    expect(warnings(fleet)).toEqual([]);
    expect(fleet.storage.credentials.get('claude')).toMatchObject({ state: 'alive', warnedMs: null });
    await jump(fleet, DAY);
    expect(warnings(fleet)).toHaveLength(1);
  });

  it('is warned of again in its time after a clock that ran weeks ahead for a moment', async () => {
    const fleet = open('expires: 2026-02-12');
    await fleet.begin();

    await jump(fleet, 30 * DAY);
    expect(warnings(fleet)).toHaveLength(1);
    await fleet.crash(-30 * DAY);

    expect(warnings(fleet)).toEqual([]);
    await jump(fleet, 24 * DAY);
    expect(warnings(fleet)).toMatchObject([{ title: expect.stringContaining('expires in 6 d') as string }]);
  });

  it('is forgotten when fleet.yaml gives a later date, or its date was of a secret that a login has replaced', async () => {
    const fleet = open('expires: 2026-01-15, login: [/bin/login]');
    await fleet.begin();
    await fleet.advance(MINUTE);
    expect(warnings(fleet)).toHaveLength(1);

    fleet.rooms.custodian.wantLogin('claude', 'owner:1');
    await fleet.advance(MINUTE);
    await jump(fleet, 5 * DAY);

    expect(warnings(fleet)).toEqual([]);
    expect(fleet.shown().at(-1)?.text ?? '').not.toContain('expires in');
    expect(
      fleet
        .shown()
        .map(({ text }) => text)
        .join('\n'),
    ).toContain('fleet.yaml still says that it expires on 15 January 00:00');
  });
});

describe('the status of a credential', () => {
  it('says expiring with the date, on the phone and as JSON, and when it is rotated', async () => {
    const fleet = open('lifetime: 2d, rotate: { every: 45d, at: "04:00", command: [/bin/rotate] }');
    await fleet.begin();
    await jump(fleet, DAY + HOUR);

    const status = loadFleetStatus(fleet.fleet, fleet.storage, fleet.now());

    expect(status.credentials).toMatchObject([
      {
        name: 'claude',
        state: 'expiring',
        expiresAt: START + 2 * DAY,
        renewedAt: null,
        rotatesAt: Date.UTC(2026, 1, 27, 4),
        generation: 1,
      },
    ]);
    const { timezone } = fleet.fleet;
    const setting = { timezone, callbackData: createCallbackData('a key of the test'), silences: [] };
    const shown = JSON.stringify(renderStatus(status, setting));
    expect(shown).toContain('⏰ claude: expiring');
    expect(shown).toContain('ends 14 January 09:00 · rotates 27 February 04:00');
  });
});
