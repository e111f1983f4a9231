import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { createRoomWorld, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';

const SIGN = 'HTTP 401 Unauthorized: token expired\n';
const OLD = 'sk-ant-oat01-TEST-the-old-one-0123456789';
const NEW = 'sk-ant-oat01-TEST-the-new-one-0123456789';
const OWNER = 'owner:1';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

/** A fleet whose credential has a stored secret, with an agent that runs. */
async function open(credential = 'check: [/bin/check], check_every: 48h'): Promise<RoomWorld> {
  const fleet = createRoomWorld(
    `timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\ncredentials:\n  claude: { env: CLAUDE_CODE_OAUTH_TOKEN, login: [/bin/login], ${credential} }\nagents:\n  a: { runtime: command, command: [/bin/a], schedule: every 24h, timeout: 24h, credentials: [claude] }\n`,
  );
  world = fleet;
  fleet.rooms.vault.stage('claude', OLD);
  fleet.rooms.vault.commit('claude');
  accept(fleet, OLD);
  await fleet.begin();
  await fleet.advance(SECOND);
  return fleet;
}

/** From here on the check accepts these secrets alone. */
function accept(fleet: RoomWorld, ...secrets: readonly string[]): void {
  fleet.behaviours['check'] = (program) => {
    const isGood = secrets.includes(program.request.env['CLAUDE_CODE_OAUTH_TOKEN'] ?? '');
    program.says(isGood ? 'AUTH_OK\n' : 'AUTH_FAILED: not this one\n');
    program.exits(isGood ? 0 : 1);
  };
}

/** A login that brings this secret, as far as the custodian hears of it. */
function bring(fleet: RoomWorld, secret: string): void {
  expect(fleet.storage.logins.want('claude', OWNER, fleet.now(), null)).toBe(true);
  const [login] = fleet.storage.logins.open();
  if (login === undefined) throw new Error('no login is open');
  fleet.storage.logins.claim(login.id);
  fleet.rooms.vault.stage('claude', secret);
  fleet.rooms.custodian.loginEnded(login, { kind: 'done' });
}

async function die(fleet: RoomWorld): Promise<void> {
  accept(fleet);
  fleet.named('a').at(-1)?.says(SIGN);
  await fleet.advance(SECOND);
  expect(fleet.storage.credentials.get('claude')?.state).toBe('dead');
}

function given(fleet: RoomWorld): string | undefined {
  return fleet.rooms.vault.environmentFor(['claude'])['CLAUDE_CODE_OAUTH_TOKEN'];
}

function said(fleet: RoomWorld): string {
  return fleet
    .shown()
    .map(({ text }) => text)
    .join('\n');
}

describe('a new secret', () => {
  it('takes the old one’s place when the check passes with it, and frees the agents of a dead credential', async () => {
    const fleet = await open();
    await die(fleet);
    accept(fleet, NEW);

    bring(fleet, NEW);
    await fleet.advance(SECOND);

    expect(given(fleet)).toBe(NEW);
    expect(fleet.rooms.vault.hasStaged('claude')).toBe(false);
    expect(fleet.storage.credentials.get('claude')).toMatchObject({
      state: 'alive',
      generation: 2,
      renewedAt: fleet.now() - SECOND,
    });
    expect(fleet.holds()).toEqual([]);
    expect(fleet.storage.incidents.listUnresolved()).toEqual([]);
  });

  it('of a living credential that the check refuses is thrown away: the old one is kept, its agents run, the owner knows', async () => {
    const fleet = await open();

    bring(fleet, NEW);
    await fleet.advance(SECOND);

    expect(given(fleet)).toBe(OLD);
    expect(fleet.rooms.vault.hasStaged('claude')).toBe(false);
    expect(fleet.storage.credentials.get('claude')).toMatchObject({ state: 'alive', generation: 1, renewedAt: null });
    expect(fleet.holds()).toEqual([]);
    expect(fleet.storage.incidents.listUnresolved()).toEqual([]);
    expect(said(fleet)).toContain('The new token of claude does not work: not this one. The old one is kept');
  });

  it('of a dead credential that the check refuses leaves it dead, and says what to do', async () => {
    const fleet = await open();
    await die(fleet);

    bring(fleet, NEW);
    await fleet.advance(SECOND);

    expect(given(fleet)).toBe(OLD);
    expect(fleet.storage.credentials.get('claude')?.state).toBe('dead');
    expect(fleet.holds()).toEqual(['a: claude is dead']);
    expect(said(fleet)).toContain('The new token does not work: not this one. claude stays dead: /reauth claude');
  });

  it('of a dead credential waits for a check that does not work right now, ten minutes at most', async () => {
    const fleet = await open();
    await die(fleet);
    fleet.behaviours['check'] = (program) => program.exits(6);
    bring(fleet, NEW);
    await fleet.advance(3 * MINUTE);
    expect(fleet.rooms.vault.hasStaged('claude')).toBe(true);
    expect(said(fleet)).toContain('Its check gave no clear answer: the check ended with exit 6');

    accept(fleet, NEW);
    await fleet.advance(MINUTE);
    expect(given(fleet)).toBe(NEW);
    expect(fleet.running().map(({ name }) => name)).toEqual(['a']);

    await die(fleet);
    fleet.behaviours['check'] = (program) => program.exits(6);
    bring(fleet, OLD);
    await fleet.advance(12 * MINUTE);
    expect(fleet.rooms.vault.hasStaged('claude')).toBe(false);
    expect(fleet.storage.credentials.get('claude')?.state).toBe('dead');
  });

  it('without a check takes the old one’s place at once, and nobody says that it works', async () => {
    const fleet = await open('backoff: { first: 1h, max: 2h }');
    fleet.behaviours['a'] = () => {};
    await fleet.advance(SECOND);

    bring(fleet, NEW);
    await fleet.advance(SECOND);

    expect(given(fleet)).toBe(NEW);
    expect(fleet.storage.credentials.get('claude')).toMatchObject({ state: 'alive', generation: 2, provedAt: null });
    expect(said(fleet)).toContain('logged in again, and its agents try it with their next runs');
  });

  it('is not judged by a check that had begun with the old one', async () => {
    const fleet = await open();
    fleet.behaviours['check'] = () => {};
    fleet.named('a').at(-1)?.says(SIGN);
    await fleet.advance(MINUTE + 5 * SECOND);
    const early = fleet.named('check').at(-1);
    expect(early?.isOver()).toBe(false);
    bring(fleet, NEW);

    early?.says('AUTH_FAILED: the old one\n');
    early?.exits(1);
    accept(fleet, NEW);
    await fleet.advance(2 * SECOND);

    expect(given(fleet)).toBe(NEW);
    expect(fleet.storage.credentials.get('claude')?.state).toBe('alive');
  });

  it('is checked again, and counts, when Nightdesk was killed between its file and its rows', async () => {
    const fleet = await open();
    await die(fleet);
    fleet.behaviours['check'] = () => {};
    bring(fleet, NEW);
    await fleet.advance(SECOND);
    fleet.rooms.vault.commit('claude');
    accept(fleet, NEW);

    await fleet.crash();
    await fleet.advance(SECOND);

    expect(given(fleet)).toBe(NEW);
    expect(fleet.storage.credentials.get('claude')).toMatchObject({ state: 'alive', generation: 2 });
  });

  it('that nothing is open for is forgotten at the start, and one whose check was cut off is not', async () => {
    const fleet = await open();
    fleet.rooms.vault.stage('claude', NEW);
    await fleet.crash();
    expect(fleet.rooms.vault.hasStaged('claude')).toBe(false);

    fleet.behaviours['check'] = () => {};
    bring(fleet, NEW);
    await fleet.advance(SECOND);
    accept(fleet, NEW);
    await fleet.crash();
    await fleet.advance(SECOND);

    expect(given(fleet)).toBe(NEW);
  });

  it('is in no row and no message, whatever becomes of it', async () => {
    const fleet = await open();
    bring(fleet, NEW);
    await fleet.advance(SECOND);
    accept(fleet, NEW);
    bring(fleet, NEW);
    await fleet.advance(MINUTE);

    expect(given(fleet)).toBe(NEW);
    const rows = readFileSync(fleet.file).toString('latin1') + readFileSync(`${fleet.file}-wal`).toString('latin1');
    expect(rows).not.toContain('TEST-the');
    expect(said(fleet)).not.toContain('TEST-the');
  });
});
