import { afterEach, describe, expect, it } from 'vitest';
import type { CredentialRow } from '../../storage/credential-store.ts';
import { decideHold } from '../../src/credentials/renewal.ts';
import { createRoomWorld, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';

const SIGN = 'HTTP 401 Unauthorized: token expired\n';
const NOW = 1_800_000_000_000;

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

function open(agents: string, credential = 'login: [/bin/login], backoff: { first: 2h, max: 3h }'): RoomWorld {
  world = createRoomWorld(
    `timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\ncredentials:\n  claude: { ${credential} }\nagents:\n${agents}`,
  );
  world.behaviours['login'] = (program) => program.exits(0);
  return world;
}

function agent(name: string, rest = ''): string {
  return `  ${name}: { runtime: command, command: [/bin/${name}], schedule: every 24h, timeout: 24h, credentials: [claude]${rest} }\n`;
}

async function logIn(fleet: RoomWorld): Promise<void> {
  expect(fleet.rooms.custodian.wantLogin('claude', 'owner:1')).toBe('wanted');
  await fleet.advance(SECOND);
}

/** Names of the agents in the order in which their programs were started, from the `from`th on. */
function startedSince(fleet: RoomWorld, from: number): string[] {
  return fleet.programs
    .slice(from)
    .map(({ name }) => name)
    .filter((name) => name !== 'login');
}

const ROW: CredentialRow = {
  name: 'claude',
  state: 'alive',
  generation: 2,
  since: NOW,
  provedAt: null,
  checkedAt: null,
  checkWantedAt: null,
  checkDetail: null,
  evidence: null,
  probes: 0,
  trialOpen: 0,
  firstSeenAt: 0,
  renewedAt: NOW,
  warnedMs: null,
  warnedEnd: null,
};
const RUN = {
  cause: 'schedule',
  publicationId: null,
  startedAt: NOW - 1,
  wantedAt: NOW - 1,
  generations: '{"claude":1}',
};

describe('decideHold', () => {
  it.each<[string, Partial<typeof RUN>, Partial<CredentialRow>, unknown]>([
    ['of a renewed login', {}, {}, { kind: 'outdated', restartFrom: NOW + 30_000 }],
    ['started with the renewed login', { generations: '{"claude":2}' }, {}, { kind: 'sound' }],
    ['whose login came back as it was', {}, { renewedAt: null }, { kind: 'sound' }],
    ['that publishes', { publicationId: 3 as never }, {}, { kind: 'sound' }],
    ['whose login died', {}, { state: 'dead', evidence: '401' }, { kind: 'dead', stopAt: NOW + 60_000 }],
    [
      'that publishes with a dead login',
      { publicationId: 3 as never },
      { state: 'dead', evidence: '401' },
      { kind: 'sound' },
    ],
    ['that is the trial of a dead login', { cause: 'trial' }, { state: 'dead', evidence: '401' }, { kind: 'sound' }],
    [
      'whose dead login is being checked',
      {},
      { state: 'logging-in', evidence: '401' },
      { kind: 'dead', stopAt: NOW + 60_000 },
    ],
    ['whose living login is being checked', {}, { state: 'logging-in' }, { kind: 'sound' }],
  ])('decides about a run %s', (_which, run, row, hold) => {
    expect(decideHold({ ...RUN, ...run }, () => ({ ...ROW, ...row }))).toEqual(hold);
  });
});

describe('what runs with a login that was renewed', () => {
  it('is started anew in order, one only after the other one is back, and goes on with the new generation', async () => {
    const fleet = open(agent('a') + agent('b') + agent('c'));
    await fleet.begin();
    await fleet.settle();
    const from = fleet.programs.length;
    await logIn(fleet);

    await fleet.advance(25 * SECOND);
    expect(startedSince(fleet, from)).toEqual([]);
    fleet.behaviours['b'] = () => {};
    fleet.behaviours['a:term'] = () => {};
    await fleet.advance(8 * SECOND);
    expect(fleet.named('a')[0]?.signals).toEqual(['SIGTERM']);
    expect(fleet.named('b')[0]?.signals).toEqual([]);
    await fleet.advance(30 * SECOND);

    expect(startedSince(fleet, from)).toEqual(['a', 'b', 'c']);
    expect(fleet.running().map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    for (const name of ['a', 'b', 'c'])
      expect(fleet.storage.runs.aliveOf(name)).toMatchObject({ cause: 'resumed', generations: '{"claude":2}' });
    await fleet.advance(5 * MINUTE);
    expect(startedSince(fleet, from)).toHaveLength(3);
  });

  it('is left alone where it ends by itself within half a minute, is held, or is outside its active hours', async () => {
    const fleet = open(agent('soon') + agent('held') + agent('early', ', active: "08:00-09:05"'));
    await fleet.begin();
    await fleet.settle();
    const from = fleet.programs.length;
    await fleet.advance(6 * MINUTE);
    fleet.rooms.holds.pause('held', 'owner:1', undefined, false);
    await logIn(fleet);

    await fleet.advance(20 * SECOND);
    fleet.named('soon')[0]?.exits(0);
    await fleet.advance(5 * MINUTE);

    expect(startedSince(fleet, from)).toEqual([]);
    expect(fleet.running().map(({ name }) => name)).toEqual(['held', 'early']);
    fleet.rooms.holds.resume('held', 'owner:1');
    await fleet.advance(10 * SECOND);
    expect(startedSince(fleet, from)).toEqual(['held']);
  });

  it('does not wait longer than a minute for one that does not come back', async () => {
    const fleet = open(agent('a') + agent('b'));
    await fleet.begin();
    await fleet.settle();
    await logIn(fleet);
    fleet.room.lacks = 'no memory';

    await fleet.advance(50 * SECOND);
    expect(fleet.running().map(({ name }) => name)).toEqual(['b']);
    await fleet.advance(MINUTE);

    expect(fleet.running()).toEqual([]);
    fleet.room.lacks = undefined;
    await fleet.advance(5 * SECOND);
    expect(fleet.running()).toHaveLength(2);
  });

  it('is not touched twice, and nobody is forgotten, when Nightdesk is killed in between', async () => {
    const fleet = open(agent('a') + agent('b'));
    await fleet.begin();
    await fleet.settle();
    await logIn(fleet);
    await fleet.advance(32 * SECOND);

    await fleet.crash();
    await fleet.advance(2 * MINUTE);

    for (const run of fleet.storage.runs.alive()) expect(run.generations).toBe('{"claude":2}');
  });
});

describe('what runs with a login that died', () => {
  it('is stopped a minute later, unless it ends by itself, and goes on when the login is back', async () => {
    const fleet = open(agent('a') + agent('b') + agent('c'));
    await fleet.begin();
    fleet.named('a')[0]?.says(SIGN);
    await fleet.advance(50 * SECOND);
    expect(fleet.running().map(({ name }) => name)).toEqual(['b', 'c']);
    fleet.named('c')[0]?.exits(0);
    await fleet.advance(15 * SECOND);
    expect(fleet.running()).toEqual([]);
    expect(fleet.storage.runs.lastOf('b')).toMatchObject({ state: 'stopped', stopReason: 'its login died' });
    const from = fleet.programs.length;

    await logIn(fleet);

    expect(startedSince(fleet, from)).toEqual(['a', 'b']);
    expect(fleet.storage.runs.aliveOf('b')?.cause).toBe('resumed');
  });
});
