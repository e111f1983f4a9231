import { afterEach, describe, expect, it } from 'vitest';
import { createRoomWorld, type FakeProgram, HOUR, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

const SIGN = 'HTTP 401 Unauthorized: token expired';

/** A fleet whose only user of the credential is a publisher, with one approved draft of this text under way. */
async function publishing(body: string, behaviour: (program: FakeProgram) => void): Promise<RoomWorld> {
  world = createRoomWorld(`timezone: UTC
home: ./state
telegram: { owners: [1] }
credentials: { platform: { backoff: { first: 10m, max: 1h } } }
agents:
  writer: { runtime: command, command: [/bin/writer], schedule: every 24h }
  poster: { runtime: command, command: [/bin/poster], publishes: [reply], credentials: [platform] }
drafts: { kinds: { reply: { window: 4h } } }
`);
  world.behaviours['writer'] = (program) => program.exits(0);
  world.behaviours['poster'] = behaviour;
  await world.begin();
  approve(world, body);
  await world.advance(SECOND);
  return world;
}

function approve(of: RoomWorld, body: string): void {
  const { desk } = of.rooms;
  const result = desk.submit({ agent: 'writer', run: 1, kind: 'reply', to: '@ada', body });
  if (result.kind === 'refused') throw new Error(result.reason);
  desk.approve(result.id, 1, 'owner:1');
}

function draftState(of: RoomWorld, id = 1): string | undefined {
  return of.storage.drafts.get(id)?.state;
}

function credentialState(of: RoomWorld): string | undefined {
  return of.storage.credentials.get('platform')?.state;
}

function messages(of: RoomWorld): string[] {
  return of
    .shown()
    .map((message) => message.key)
    .filter((key) => key.startsWith('incident:'));
}

function bodyOf(program: FakeProgram): string {
  return (JSON.parse(program.request.stdin ?? '') as { body: string }).body;
}

describe('a publisher', () => {
  it.each([
    ['its stdin', (program: FakeProgram) => program.says(program.request.stdin ?? '')],
    ['its stdin on stderr', (program: FakeProgram) => program.says(program.request.stdin ?? '', 'stderr')],
    ['the body', (program: FakeProgram) => program.says(`${bodyOf(program)}\n`)],
    ['the body behind a word of its own', (program: FakeProgram) => program.says(`posting: ${bodyOf(program)}\n`)],
  ])('that prints %s, a text about a 401, says nothing of its login', async (_what, print) => {
    const text = `Why my bot said "${SIGN}"  👩‍👩‍👧 all night`;
    const fleet = await publishing(text, (program) => {
      print(program);
      program.exits(0);
    });

    expect(draftState(fleet)).toBe('published');
    expect(credentialState(fleet)).toBe('alive');
    expect(messages(fleet)).toEqual([]);
  });

  it('that prints its stdin, a long text about a 401, and then fails for another reason, is not refused', async () => {
    const fleet = await publishing(`${'word '.repeat(200)}${SIGN}${' word'.repeat(200)}`, (program) => {
      program.says(program.request.stdin ?? '');
      program.says('picture too large\n', 'stderr');
      program.exits(1);
    });

    expect(draftState(fleet)).toBe('pending');
    expect(credentialState(fleet)).not.toBe('dead');
    expect(messages(fleet)).toEqual([]);
    expect(fleet.storage.runs.lastOf('poster')).toMatchObject({ failure: 'crash', evidence: 'picture too large' });
  });

  it('that prints its stdin, a text about a 401, and then is refused itself, tells that its credential is dead', async () => {
    const fleet = await publishing(`about ${SIGN}`, (program) => {
      program.says(program.request.stdin ?? '');
      program.says('error: invalid_grant: the refresh token was revoked\n', 'stderr');
      program.exits(77);
    });

    expect(credentialState(fleet)).toBe('dead');
    expect(fleet.storage.incidents.listUnresolved()).toMatchObject([
      { kind: 'auth', evidence: 'error: invalid_grant: the refresh token was revoked' },
    ]);
  });

  it('that exits 0 has published, also after a real sign of a dead credential', async () => {
    const fleet = await publishing('hello', (program) => {
      program.says(`${SIGN}\n`, 'stderr');
      program.says('{"url": "https://social.example/p/1"}\n');
      program.exits(0);
    });

    expect(draftState(fleet)).toBe('published');
    expect(fleet.storage.drafts.get(1)?.publishedUrl).toBe('https://social.example/p/1');
    expect(fleet.storage.runs.lastOf('poster')).toMatchObject({ state: 'done' });
  });
});

describe('a dead credential that only publishers use and nobody can check', () => {
  const refused = (program: FakeProgram): void => {
    program.says(`${SIGN}\n`, 'stderr');
    program.exits(77);
  };

  it('is tried by no publication before its probe is due', async () => {
    const fleet = await publishing('one', refused);
    approve(fleet, 'two');

    await fleet.advance(4 * MINUTE);

    expect(credentialState(fleet)).toBe('dead');
    expect(fleet.named('poster')).toHaveLength(1);
    expect([draftState(fleet, 1), draftState(fleet, 2)]).toEqual(['approved', 'approved']);
  });

  it('is tried by exactly one publication of several when its probe is due', async () => {
    const fleet = await publishing('one', refused);
    approve(fleet, 'two');
    approve(fleet, 'three');

    await fleet.advance(11 * MINUTE);

    expect(fleet.named('poster')).toHaveLength(2);
  });

  it('gives neither a second alert nor a recovery when the tries of a night are refused', async () => {
    const fleet = await publishing('one', refused);

    await fleet.advance(9 * HOUR);

    expect(credentialState(fleet)).toBe('dead');
    expect(messages(fleet)).toEqual(['incident:1']);
    expect(fleet.named('poster').length).toBeGreaterThan(2);
    expect(fleet.named('poster').length).toBeLessThanOrEqual(15);
  });

  it('is alive after a try that went well, with one recovery, and the other drafts go out', async () => {
    const fleet = await publishing('one', refused);
    approve(fleet, 'two');
    fleet.behaviours['poster'] = (program) => program.exits(0);

    await fleet.advance(11 * MINUTE);

    expect(credentialState(fleet)).toBe('alive');
    expect(messages(fleet)).toEqual(['incident:1', 'incident:1:recovery']);
    expect([draftState(fleet, 1), draftState(fleet, 2)]).toEqual(['published', 'published']);
    expect(fleet.named('poster')).toHaveLength(3);
  });

  it('waits for the owner when he paused the publisher, also when its probe is due', async () => {
    const fleet = await publishing('one', refused);
    fleet.rooms.holds.pause('poster', 'owner:1', undefined, false);

    await fleet.advance(2 * HOUR);

    expect(fleet.named('poster')).toHaveLength(1);
  });
});
