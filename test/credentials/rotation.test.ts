import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { dueAfter, nextRotationAt, readRotatedSecret, retryDelayMs } from '../../src/credentials/rotation.ts';
import type { Rotation } from '../../src/config/fleet.ts';
import type { RotationRow } from '../../storage/rotation-store.ts';
import { createRoomWorld, HOUR, MINUTE, type RoomWorld, SECOND, START } from '../loop/room-world.ts';

const DAY = 24 * HOUR;
const SECRET = 'sk-ant-oat01-TEST-rotated-0123456789';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

function rotation(everyMs: number, atMinute = 4 * 60): Rotation {
  return { everyMs, atMinute, command: ['/bin/rotate'] };
}

function ended(state: 'done' | 'failed', endedAt: number): RotationRow {
  return {
    id: 1,
    credential: 'claude',
    dueAt: endedAt,
    state,
    startedAt: endedAt,
    endedAt,
    detail: null,
    pid: null,
    startTicks: null,
    bootId: null,
  };
}

function open(credential = 'check: [/bin/check], check_every: 48h'): RoomWorld {
  world = createRoomWorld(
    `timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\ncredentials:\n  claude: { env: CLAUDE_CODE_OAUTH_TOKEN, login: [/bin/login], rotate: { every: 10d, at: "04:00", command: [/bin/rotate] }, ${credential} }\nagents:\n  a: { runtime: command, command: [/bin/a], schedule: every 24h, timeout: 30d, credentials: [claude] }\n`,
  );
  world.behaviours['a'] = (program) => program.exits(0);
  world.behaviours['check'] = (program) => {
    program.says('AUTH_OK\n');
    program.exits(0);
  };
  return world;
}

function givesSecret(of: RoomWorld, secret = SECRET): void {
  of.behaviours['rotate'] = (program) => {
    program.says(`asking the vendor…\n{"secret": "${secret}"}\n`);
    program.exits(0);
  };
}

/** Refuses whoever comes with the secret of before, or with the new one. */
function refuses(of: RoomWorld, which: 'new' | 'old'): void {
  of.behaviours['check'] = (program) => {
    const isNew = program.request.env['CLAUDE_CODE_OAUTH_TOKEN'] === SECRET;
    const isRefused = isNew === (which === 'new');
    program.says(isRefused ? 'AUTH_FAILED: not this one\n' : 'AUTH_OK\n');
    program.exits(isRefused ? 1 : 0);
  };
}

/** Sleeps until then, as a laptop does, and looks around for a moment. */
async function sleep(of: RoomWorld, ms: number): Promise<void> {
  of.jump(ms - MINUTE);
  await of.advance(MINUTE);
}

function incidents(of: RoomWorld) {
  return of.storage.incidents.listUnresolved().map(({ kind, severity }) => `${kind} ${severity}`);
}

function said(of: RoomWorld): string {
  return of
    .shown()
    .map(({ text }) => text)
    .join('\n');
}

/** 22 January, 04:00: ten days after 09:00 is the next morning. */
const DUE_IN = 10 * DAY + 19 * HOUR;

describe('a rotation is due', () => {
  it.each([
    ['the next time of day after every', DAY * 45, Date.UTC(2026, 0, 12, 9), Date.UTC(2026, 1, 27, 4)],
    ['the same time of day where it last took a moment', DAY, Date.UTC(2026, 0, 12, 4, 0, 5), Date.UTC(2026, 0, 13, 4)],
  ])('at %s', (_what, everyMs, from, due) => {
    expect(dueAfter(rotation(everyMs), from, 'UTC')).toBe(due);
  });

  it('at the same time on the wall over both changes of the clock', () => {
    const spring = dueAfter(rotation(45 * DAY), Date.UTC(2026, 1, 20, 3, 0, 5), 'Europe/Berlin');
    const autumn = dueAfter(rotation(45 * DAY), Date.UTC(2026, 9, 1, 2, 0, 5), 'Europe/Berlin');

    expect(new Date(spring).toISOString()).toBe('2026-04-06T02:00:00.000Z');
    expect(new Date(autumn).toISOString()).toBe('2026-11-15T03:00:00.000Z');
  });

  it('when a time of day that summer time skips is over', () => {
    const due = dueAfter(rotation(DAY, 2 * 60 + 30), Date.UTC(2026, 2, 28, 1, 30, 5), 'Europe/Berlin');

    expect(new Date(due).toISOString()).toBe('2026-03-29T01:00:00.000Z');
  });

  it('soon after failures, ever more rarely, until something renews it', () => {
    const facts = { firstSeenAt: START, renewedAt: null };
    const failed = ended('failed', START + DAY);

    expect(nextRotationAt(rotation(DAY), { ...facts, ended: [failed] }, 'UTC')).toBe(START + DAY + HOUR);
    expect(nextRotationAt(rotation(DAY), { ...facts, ended: [failed, failed] }, 'UTC')).toBe(START + DAY + 2 * HOUR);
    const renewed = { firstSeenAt: START, renewedAt: START + 2 * DAY, ended: [failed] };
    expect(nextRotationAt(rotation(10 * DAY), renewed, 'UTC')).toBe(Date.UTC(2026, 0, 25, 4));
    expect([retryDelayMs(1), retryDelayMs(4), retryDelayMs(50)]).toEqual([HOUR, 8 * HOUR, DAY]);
  });
});

describe('readRotatedSecret', () => {
  it.each([
    ['{"secret": "abc"}\n', { kind: 'secret', secret: 'abc' }],
    ['done\n{"secret":"abc"}\r\n\n', { kind: 'secret', secret: 'abc' }],
    ['rotated by itself\n', { kind: 'none' }],
    ['', { kind: 'none' }],
    ['{"secret": ""}', { kind: 'unusable' }],
    ['{"secret": 5}', { kind: 'unusable' }],
    ['{"secret": "ab', { kind: 'unusable' }],
    ['{"secret": "a\\nb"}', { kind: 'unusable' }],
    ['{"token": "abc"}', { kind: 'unusable' }],
  ])('reads %j', (stdout, read) => {
    expect(readRotatedSecret(stdout)).toMatchObject(read);
  });

  it('never quotes what it could not read', () => {
    expect(JSON.stringify(readRotatedSecret(`{"secret": "${SECRET}`))).not.toContain('TEST');
  });
});

describe('a rotation', () => {
  it('replaces the secret once the check has passed with it, makes a new generation, and says when the next one is', async () => {
    const fleet = open();
    givesSecret(fleet);
    await fleet.begin();
    refuses(fleet, 'old');

    await sleep(fleet, DUE_IN - MINUTE);
    expect(fleet.named('rotate')).toHaveLength(0);
    await fleet.advance(2 * MINUTE);

    expect(fleet.named('rotate')).toHaveLength(1);
    expect(fleet.named('check').at(-1)?.request.env['CLAUDE_CODE_OAUTH_TOKEN']).toBe(SECRET);
    expect(fleet.rooms.vault.environmentFor(['claude'])).toEqual({ CLAUDE_CODE_OAUTH_TOKEN: SECRET });
    expect(fleet.storage.credentials.get('claude')).toMatchObject({ state: 'alive', generation: 2 });
    expect(said(fleet)).toContain('claude was rotated; next on 2 February 04:00');
    expect(incidents(fleet)).toEqual([]);
    await sleep(fleet, DAY);
    expect(fleet.named('a').at(-1)?.request.env['CLAUDE_CODE_OAUTH_TOKEN']).toBe(SECRET);
    expect(readFileSync(fleet.file).includes(SECRET)).toBe(false);
    expect(said(fleet)).not.toContain('TEST');
  });

  it('keeps the old secret when the check refuses the new one, warns, and tries again an hour later, then rarer', async () => {
    const fleet = open();
    givesSecret(fleet);
    await fleet.begin();
    await fleet.advance(MINUTE);
    refuses(fleet, 'new');

    await sleep(fleet, DUE_IN);

    expect(incidents(fleet)).toEqual(['rotation warning']);
    expect(fleet.storage.incidents.listUnresolved()[0]).toMatchObject({
      evidence: 'the check refuses the new secret: not this one',
      note: 'The old secret is kept. It is tried again on 23 January 05:00.',
    });
    expect(fleet.storage.credentials.get('claude')).toMatchObject({ state: 'alive', generation: 1 });
    expect(fleet.rooms.vault.hasStaged('claude')).toBe(false);
    for (let hour = 0; hour < 9; hour += 1) await sleep(fleet, HOUR);
    expect(fleet.named('rotate').map(({ startedAt }) => Math.round((startedAt - START - DUE_IN) / HOUR))).toEqual([
      0, 1, 3, 7,
    ]);
    refuses(fleet, 'old');
    await sleep(fleet, 8 * HOUR);
    expect(incidents(fleet)).toEqual([]);
    expect(fleet.storage.credentials.get('claude')).toMatchObject({ state: 'alive', generation: 2 });
  });

  it('is critical when neither the new secret nor the old one works', async () => {
    const fleet = open();
    givesSecret(fleet);
    await fleet.begin();
    await fleet.advance(MINUTE);
    fleet.behaviours['check'] = (program) => {
      program.says('AUTH_FAILED: revoked\n');
      program.exits(1);
    };

    await sleep(fleet, DUE_IN);

    expect(incidents(fleet).toSorted()).toEqual(['auth critical', 'rotation critical']);
    expect(fleet.holds()).toEqual(['a: claude is dead']);
  });

  it('only probes when its command has changed the secret by itself', async () => {
    const fleet = open();
    fleet.behaviours['rotate'] = (program) => {
      program.says('changed in place\n');
      program.exits(0);
    };
    await fleet.begin();

    await sleep(fleet, DUE_IN + MINUTE);

    expect(fleet.storage.credentials.get('claude')).toMatchObject({ state: 'alive', generation: 2 });
    expect(said(fleet)).toContain('claude was rotated');
  });

  it('without a check takes the secret at once and says that nobody has tried it', async () => {
    const fleet = open('backoff: { first: 1m, max: 1h }');
    givesSecret(fleet);
    await fleet.begin();

    await sleep(fleet, DUE_IN + MINUTE);

    expect(fleet.rooms.vault.environmentFor(['claude'])).toEqual({ CLAUDE_CODE_OAUTH_TOKEN: SECRET });
    expect(said(fleet)).toContain('It has no check: its agents try it with their next runs.');
  });

  it('that fails, hangs, or gives a secret cut in half keeps the old one and quotes no secret', async () => {
    const fleet = open();
    fleet.behaviours['rotate'] = (program) => {
      program.says(`{"secret": "${SECRET}"}\n`);
      program.says(`vendor says no to ${SECRET}\n`, 'stderr');
      program.exits(3);
    };
    await fleet.begin();
    await sleep(fleet, DUE_IN + MINUTE);
    expect(fleet.storage.incidents.listUnresolved()[0]?.evidence).toMatch(
      /^the command ended with exit 3: vendor says/,
    );

    fleet.behaviours['rotate'] = () => {};
    await sleep(fleet, HOUR + MINUTE);
    await fleet.advance(11 * MINUTE);

    expect(fleet.named('rotate').at(-1)?.signals).toEqual(['SIGKILL']);
    expect(fleet.storage.incidents.listUnresolved()[0]?.evidence).toContain('no answer within 10 min');
    expect(readFileSync(fleet.file).includes(SECRET)).toBe(false);
    expect(fleet.rooms.vault.has('claude')).toBe(false);
  });

  it('that was missed while the machine was off is made up at once after the start', async () => {
    const fleet = open();
    givesSecret(fleet);
    await fleet.begin();

    await fleet.crash(30 * DAY);
    await fleet.advance(MINUTE);

    expect(fleet.named('rotate')).toHaveLength(1);
    expect(said(fleet)).toContain('claude was rotated; next on 22 February 04:00');
  });

  it('that Nightdesk was killed in the middle of is swept, told, and tried again', async () => {
    const fleet = open();
    await fleet.begin();
    await sleep(fleet, DUE_IN);
    const command = fleet.programs.findIndex(({ name }) => name === 'rotate') + 1;
    givesSecret(fleet);

    await fleet.crash();

    expect(fleet.swept).toContain(command);
    expect(fleet.storage.incidents.listUnresolved()[0]?.evidence).toBe('Nightdesk was restarted in the middle of it');
    await sleep(fleet, HOUR + MINUTE);
    expect(incidents(fleet)).toEqual([]);
    expect(fleet.storage.credentials.get('claude')?.generation).toBe(2);
  });

  it('goes on with its check when Nightdesk was killed after the new secret was kept', async () => {
    const fleet = open();
    await fleet.begin();
    await sleep(fleet, DUE_IN);
    expect(fleet.storage.rotations.openOf('claude')?.state).toBe('running');
    fleet.rooms.vault.stage('claude', SECRET);

    await fleet.crash();
    await fleet.advance(SECOND);

    expect(fleet.rooms.vault.environmentFor(['claude'])).toEqual({ CLAUDE_CODE_OAUTH_TOKEN: SECRET });
    expect(fleet.storage.credentials.get('claude')?.generation).toBe(2);
    expect(incidents(fleet)).toEqual([]);
  });

  it('excludes a login, and waits for one', async () => {
    const fleet = open();
    await fleet.begin();
    await sleep(fleet, DUE_IN - 10 * SECOND);
    expect(fleet.rooms.custodian.wantLogin('claude', 'owner:1')).toBe('wanted');
    await fleet.advance(20 * SECOND);
    expect(fleet.named('login')).toHaveLength(1);
    expect(fleet.named('rotate')).toHaveLength(0);

    fleet.named('login')[0]?.exits(1);
    await fleet.advance(MINUTE);

    expect(fleet.named('rotate')).toHaveLength(1);
    expect(fleet.rooms.custodian.wantLogin('claude', 'owner:1')).toBe('rotating');
    await fleet.advance(5 * MINUTE);
    expect(fleet.named('rotate')).toHaveLength(1);
  });

  it('takes no refusal of the old secret for a death while it changes it', async () => {
    const fleet = open();
    fleet.behaviours['a'] = () => {};
    await fleet.begin();
    await sleep(fleet, DUE_IN);
    expect(fleet.named('rotate')).toHaveLength(1);

    fleet.named('a').at(-1)?.says('HTTP 401 Unauthorized: token revoked\n');
    await fleet.advance(SECOND);
    expect(incidents(fleet)).toEqual([]);
    fleet.named('rotate')[0]?.says(`{"secret": "${SECRET}"}\n`);
    fleet.named('rotate')[0]?.exits(0);
    await fleet.advance(MINUTE);

    expect(incidents(fleet)).toEqual([]);
    expect(fleet.holds()).toEqual([]);
    expect(fleet.named('a').at(-1)?.request.env['CLAUDE_CODE_OAUTH_TOKEN']).toBe(SECRET);
  });
});
