import { afterEach, describe, expect, it } from 'vitest';
import type { Agent } from '../../src/config/fleet.ts';
import { createVersionPreface } from '../../src/drafts/versions.ts';
import type { RunRow } from '../../storage/run-store.ts';
import { createRoomWorld, HOUR, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

const FLEET = `timezone: UTC
home: ./state
telegram: { owners: [1, 2] }
agents:
  writer: { runtime: command, command: [/bin/writer], schedule: every 24h }
  other: { runtime: command, command: [/bin/other], schedule: every 24h }
  poster: { runtime: command, command: [/bin/poster], publishes: [reply] }
drafts: { kinds: { reply: { window: 4h } } }
`;

async function open(writer?: 'stays'): Promise<RoomWorld> {
  world = createRoomWorld(FLEET);
  if (writer === undefined) world.behaviours['writer'] = (program) => program.exits(0);
  world.behaviours['other'] = (program) => program.exits(0);
  await world.begin();
  return world;
}

function submit(of: RoomWorld, body: string, key?: string) {
  const run = of.storage.runs.lastOf('writer')?.id ?? 0;
  return of.rooms.desk.submit({
    agent: 'writer',
    run,
    kind: 'reply',
    to: '@ada',
    body,
    ...(key === undefined ? {} : { key }),
  });
}

function add(of: RoomWorld, body = 'We are sorry to hear that.', key?: string): number {
  const result = submit(of, body, key);
  if (result.kind === 'refused') throw new Error(result.reason);
  return result.id;
}

function version(of: RoomWorld, draft: number, body: string, agent = 'writer') {
  const run = of.storage.runs.lastOf('writer')?.id ?? 0;
  return of.rooms.desk.submitVersion({ agent, run, draft, body });
}

function card(of: RoomWorld, id: number, revision: number) {
  return of.shown().find((message) => message.key === `draft:${id}:r${revision}`);
}

describe('asking for another version', () => {
  it('tells the agent with the instruction, says so on the card, and wakes it', async () => {
    const fleet = await open();
    const id = add(fleet, 'We are sorry.', 'k1');

    const asked = fleet.rooms.desk.wantVersion(id, 1, 'shorter, and no apology', 'owner:1');

    expect(asked).toMatchObject({ kind: 'done', said: 'writer is asked for another version.' });
    expect(card(fleet, id, 1)?.text).toContain('🔁 Asked writer for another version: shorter, and no apology');
    expect(card(fleet, id, 1)?.buttons).toContain('Approve');
    expect(fleet.storage.dues.waitingOf('writer')?.cause).toBe('task');
    expect(fleet.rooms.agents.decisions('writer', undefined)).toMatchObject([
      { draft: id, key: 'k1', verdict: 'revise', reason: 'shorter, and no apology', body_before: 'We are sorry.' },
    ]);
    await fleet.advance(2 * SECOND);
    expect(fleet.named('writer')).toHaveLength(2);
  });

  it('twice in the same words is one wish, in other words another one', async () => {
    const fleet = await open();
    const id = add(fleet);

    fleet.rooms.desk.wantVersion(id, 1, 'shorter', 'owner:1');
    fleet.rooms.desk.wantVersion(id, 1, 'shorter', 'owner:1');
    fleet.rooms.desk.wantVersion(id, 1, 'longer', 'owner:2');

    expect(fleet.rooms.agents.decisions('writer', undefined).map(({ reason }) => reason)).toEqual([
      'shorter',
      'longer',
    ]);
    expect(fleet.storage.drafts.get(id)).toMatchObject({ reviseInstruction: 'longer', reviseWantedBy: 'owner:2' });
  });

  it('is refused for a decided draft and for one whose time is over', async () => {
    const fleet = await open();
    const decided = add(fleet);
    const expired = add(fleet);
    fleet.rooms.desk.reject(decided, 1, 'owner:1');
    fleet.jump(5 * HOUR);

    expect(fleet.rooms.desk.wantVersion(decided, 1, 'x', 'owner:2').said).toBe('It was already rejected by owner 1.');
    expect(fleet.rooms.desk.wantVersion(expired, 1, 'x', 'owner:2').said).toBe('Its time is over: it expired.');
  });

  it.each(['approve', 'reject'] as const)('is withdrawn when the owner decides meanwhile: %s', async (decision) => {
    const fleet = await open();
    const id = add(fleet);
    fleet.rooms.desk.wantVersion(id, 1, 'shorter', 'owner:1');

    fleet.rooms.desk[decision](id, 1, 'owner:1');

    expect(fleet.storage.drafts.get(id)).toMatchObject({ reviseInstruction: null, reviseWantedAt: null });
    expect(version(fleet, id, 'Sorry.')).toEqual({
      kind: 'refused',
      reason: `draft ${id} takes no version any more: it was ${decision === 'approve' ? 'approved' : 'rejected'} already`,
    });
  });
});

describe('a version that was asked for', () => {
  it('is the next revision, shown in answer to the card before, with what changed', async () => {
    const fleet = await open();
    const id = add(fleet, 'We are sorry to hear that.');
    fleet.rooms.desk.wantVersion(id, 1, 'shorter', 'owner:1');

    const handed = version(fleet, id, 'Sorry to hear that.');

    expect(handed).toEqual({ kind: 'accepted', id, existing: false });
    expect(fleet.storage.drafts.get(id)).toMatchObject({
      revision: 2,
      body: 'Sorry to hear that.',
      reviseInstruction: null,
      state: 'pending',
    });
    expect(fleet.storage.drafts.authorOf(id, 2)).toBe('agent:writer');
    expect(card(fleet, id, 1)?.buttons).toEqual([]);
    expect(card(fleet, id, 2)?.text).toContain(
      'Sorry to hear that.\n\n✏️ What changed:\nWe are sorry Sorry to hear that.',
    );
    expect(fleet.storage.outbox.get(`draft:${id}:r2`)?.replyToKey).toBe(`draft:${id}:r1`);
    expect(fleet.rooms.agents.decisions('writer', undefined).at(-1)).toMatchObject({ verdict: 'revised', draft: id });
  });

  it('may come under the same key, and the same text again is the same version', async () => {
    const fleet = await open();
    const id = add(fleet, 'one', 'k');
    fleet.rooms.desk.wantVersion(id, 1, 'another', 'owner:1');

    const handed = submit(fleet, 'two', 'k');
    const again = [submit(fleet, 'two', 'k'), version(fleet, id, 'two')];

    expect(handed).toEqual({ kind: 'accepted', id, existing: false });
    expect(again).toEqual([
      { kind: 'accepted', id, existing: true },
      { kind: 'accepted', id, existing: true },
    ]);
    expect(fleet.storage.drafts.get(id)?.revision).toBe(2);
  });

  it('is not the first text, handed in once more under its key: the owner has changed that since', async () => {
    const fleet = await open();
    const id = add(fleet, 'one', 'k');
    fleet.rooms.desk.edit(id, 1, 'in my words', 'owner:1');
    fleet.rooms.desk.wantVersion(id, 2, 'another', 'owner:1');

    expect(submit(fleet, 'one', 'k')).toEqual({ kind: 'accepted', id, existing: true });

    expect(fleet.storage.drafts.get(id)).toMatchObject({
      revision: 2,
      body: 'in my words',
      reviseInstruction: 'another',
    });
  });

  it('goes out as it is when it is approved', async () => {
    const fleet = await open();
    const id = add(fleet, 'one');
    fleet.rooms.desk.wantVersion(id, 1, 'another', 'owner:1');
    version(fleet, id, '  two\n');

    fleet.rooms.desk.approve(id, 2, 'owner:1');
    await fleet.advance(SECOND);

    expect(JSON.parse(fleet.named('poster')[0]?.request.stdin ?? '{}')).toMatchObject({ revision: 2, body: '  two\n' });
  });

  it('that nobody asked for is refused, but stays the existing draft under its key', async () => {
    const fleet = await open();
    const id = add(fleet, 'one', 'k');

    expect(version(fleet, id, 'two')).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('nobody asked for another version') as string,
    });
    expect(submit(fleet, 'two', 'k')).toEqual({ kind: 'accepted', id, existing: true });
    expect(fleet.storage.drafts.get(id)).toMatchObject({ revision: 1, body: 'one' });
  });

  it('of another agent, or of no draft at all, is refused without telling that the draft exists', async () => {
    const fleet = await open();
    const id = add(fleet, 'one');
    fleet.rooms.desk.wantVersion(id, 1, 'another', 'owner:1');

    expect(version(fleet, id, 'two', 'other')).toEqual({ kind: 'refused', reason: `you have no draft ${id}` });
    expect(version(fleet, 99, 'two')).toEqual({ kind: 'refused', reason: 'you have no draft 99' });
  });

  it('that comes after the window is refused', async () => {
    const fleet = await open();
    const id = add(fleet, 'one');
    fleet.rooms.desk.wantVersion(id, 1, 'another', 'owner:1');
    fleet.jump(4 * HOUR);

    expect(version(fleet, id, 'two')).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('time') as string,
    });
  });

  it('is refused when the owner wrote the text himself meanwhile', async () => {
    const fleet = await open();
    const id = add(fleet, 'one');
    fleet.rooms.desk.wantVersion(id, 1, 'another', 'owner:1');
    fleet.rooms.desk.edit(id, 1, 'mine', 'owner:1');

    expect(version(fleet, id, 'two').kind).toBe('refused');
    expect(fleet.storage.drafts.get(id)?.body).toBe('mine');
  });

  it('is refused when it holds something like a token, or nothing', async () => {
    const fleet = await open();
    const id = add(fleet, 'one');
    fleet.rooms.desk.wantVersion(id, 1, 'another', 'owner:1');

    expect(version(fleet, id, '123456:TEST-the-bot-token-of-the-world')).toMatchObject({ kind: 'refused' });
    expect(version(fleet, id, ' \n ')).toMatchObject({ kind: 'refused' });
    expect(fleet.storage.drafts.get(id)?.revision).toBe(1);
  });

  it('still counts after a crash in between', async () => {
    const fleet = await open();
    const id = add(fleet, 'one');
    fleet.rooms.desk.wantVersion(id, 1, 'another', 'owner:1');

    await fleet.crash(MINUTE);

    expect(version(fleet, id, 'two')).toEqual({ kind: 'accepted', id, existing: false });
  });
});

describe('what an agent reads before its prompt', () => {
  const run = {} as RunRow;

  function preface(of: RoomWorld, agent: string): string {
    return createVersionPreface({ storage: of.storage })(run, { name: agent } as Agent);
  }

  it('names each of its drafts of which another version is wanted, with the whole text and how to answer', async () => {
    const fleet = await open();
    const first = add(fleet, 'The first text.', 'k1');
    const second = add(fleet, 'The second text.');
    add(fleet, 'Nobody asked about this one.');
    fleet.rooms.desk.wantVersion(second, 1, 'warmer', 'owner:1');
    fleet.rooms.desk.wantVersion(first, 1, 'shorter', 'owner:1');

    const text = preface(fleet, 'writer');

    expect(text).toContain(`Draft ${first} (key "k1"), reply to @ada. What is to be different: shorter`);
    expect(text).toContain('The second text.');
    expect(text).toContain('nightdesk draft --revises');
    expect(text).not.toContain('Nobody asked');
    expect(preface(fleet, 'other')).toBe('');
  });

  it('is empty once the versions came', async () => {
    const fleet = await open();
    const id = add(fleet);
    fleet.rooms.desk.wantVersion(id, 1, 'shorter', 'owner:1');
    version(fleet, id, 'Sorry.');

    expect(preface(fleet, 'writer')).toBe('');
  });

  it('stays a prompt when the texts are huge', async () => {
    const fleet = await open();
    for (let index = 0; index < 12; index += 1) {
      const id = add(fleet, `${index} ${'long '.repeat(100_000)}`);
      fleet.rooms.desk.wantVersion(id, 1, 'shorter', 'owner:1');
    }

    const text = preface(fleet, 'writer');

    expect(text.length).toBeLessThan(250_000);
    expect(text).toContain('`nightdesk decisions` has the whole text');
  });
});

it('a version is asked for while its agent still runs: its next run begins when that one ends', async () => {
  const fleet = await open('stays');
  const id = add(fleet);
  fleet.rooms.desk.wantVersion(id, 1, 'shorter', 'owner:1');
  await fleet.advance(10 * SECOND);
  expect(fleet.named('writer')).toHaveLength(1);

  fleet.named('writer')[0]?.exits(0);
  await fleet.advance(5 * SECOND);

  expect(fleet.named('writer')).toHaveLength(2);
});
