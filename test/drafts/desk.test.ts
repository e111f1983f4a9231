import { afterEach, describe, expect, it } from 'vitest';
import { createRoomWorld, HOUR, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

const FLEET = `timezone: UTC
home: ./state
telegram: { owners: [1] }
agents:
  writer: { runtime: command, command: [/bin/writer], schedule: every 24h }
  poster: { runtime: command, command: [/bin/poster], publishes: [reply] }
drafts: { kinds: { reply: { window: 4h }, note: { window: 1h } } }
`;

async function open(): Promise<RoomWorld> {
  world = createRoomWorld(FLEET);
  world.behaviours['writer'] = (program) => program.exits(0);
  await world.begin();
  return world;
}

interface Extra {
  readonly kind?: string;
  readonly body?: string;
  readonly key?: string;
  readonly windowMs?: number;
}

function submit(of: RoomWorld, extra: Extra = {}) {
  const run = of.storage.runs.lastOf('writer')?.id ?? 0;
  return of.rooms.desk.submit({ agent: 'writer', run, kind: 'reply', to: '@ada', body: 'hello', ...extra });
}

function add(of: RoomWorld, extra: Extra = {}): number {
  const result = submit(of, extra);
  if (result.kind === 'refused') throw new Error(result.reason);
  return result.id;
}

function stateOf(of: RoomWorld, id: number): string | undefined {
  return of.storage.drafts.get(id)?.state;
}

function card(of: RoomWorld, id: number, revision = 1) {
  const shown = of.shown().find((message) => message.key === `draft:${id}:r${revision}`);
  if (shown === undefined) throw new Error(`draft ${id} has no card for revision ${revision}`);
  return shown;
}

function verdicts(of: RoomWorld): string[] {
  return of.storage.drafts
    .decisionsOf('writer', undefined, 100)
    .map(
      (decision) => `${decision.draftId} ${decision.verdict}${decision.reason === null ? '' : `: ${decision.reason}`}`,
    );
}

describe('submitting a draft', () => {
  it('gives the same draft when the same key comes again, whatever became of it', async () => {
    const fleet = await open();

    const first = submit(fleet, { key: 'k' });
    fleet.rooms.desk.reject(1, 1, 'owner:1');
    const second = submit(fleet, { key: 'k', body: 'another text' });

    expect([first, second]).toEqual([
      { kind: 'accepted', id: 1, existing: false },
      { kind: 'accepted', id: 1, existing: true },
    ]);
    expect(fleet.storage.drafts.get(1)?.body).toBe('hello');
    expect(submit(fleet)).toMatchObject({ id: 2, existing: false });
  });

  it('is refused with the kinds that there are when its kind is unknown', async () => {
    const fleet = await open();

    expect(submit(fleet, { kind: 'poem' })).toEqual({
      kind: 'refused',
      reason: 'kind "poem" is unknown; fleet.yaml has: reply, note',
    });
  });

  it.each([`my key is sk-ant-oat01-${'a'.repeat(30)}`, '123456:TEST-the-bot-token-of-the-world'])(
    'is refused when its text holds something like a token: %s',
    async (body) => {
      const fleet = await open();

      expect(submit(fleet, { body })).toMatchObject({
        kind: 'refused',
        reason: expect.stringContaining('token') as string,
      });
    },
  );

  it('moves the progress clock of its run', async () => {
    const fleet = await open();

    add(fleet);

    expect(fleet.storage.runs.lastOf('writer')?.progressNote).toBe('draft #1');
  });
});

describe('deciding about a draft', () => {
  it('takes effect once: who approves second is told what the first did', async () => {
    const fleet = await open();
    const id = add(fleet);

    const first = fleet.rooms.desk.approve(id, 1, 'owner:1');
    const second = fleet.rooms.desk.approve(id, 1, 'owner:2');
    const third = fleet.rooms.desk.reject(id, 1, 'owner:2');
    await fleet.advance(SECOND);

    expect([first.kind, second.kind, third.kind]).toEqual(['done', 'late', 'late']);
    expect(second.said).toContain('already approved');
    expect(fleet.named('poster')).toHaveLength(1);
    expect(verdicts(fleet)).toEqual(['1 approved']);
  });

  it('lets a rejection stand when an approval comes after it, and keeps the reason', async () => {
    const fleet = await open();
    const id = add(fleet);

    fleet.rooms.desk.reject(id, 1, 'owner:1');
    const late = fleet.rooms.desk.approve(id, 1, 'owner:1');
    expect(fleet.rooms.desk.giveReason(id, 'too long', 'owner:1')).toBe(true);
    await fleet.advance(SECOND);

    expect(late).toMatchObject({ kind: 'late', said: expect.stringContaining('rejected') as string });
    expect(fleet.named('poster')).toHaveLength(0);
    expect(card(fleet, id).text).toContain('too long');
    expect(verdicts(fleet).at(-1)).toBe('1 rejected: too long');
  });

  it('keeps who rejected it when somebody else says something of it', async () => {
    const fleet = await open();
    const id = add(fleet);

    fleet.rooms.desk.reject(id, 1, 'owner:1');
    fleet.rooms.desk.giveReason(id, 'too long', 'owner:1');
    fleet.rooms.desk.giveReason(id, 'I liked it', 'approver:2');
    fleet.rooms.desk.giveReason(id, 'I liked it', 'approver:2');

    const reason = 'too long · approver 2: I liked it';
    expect(fleet.storage.drafts.get(id)).toMatchObject({ state: 'rejected', decidedBy: 'owner:1', reason });
  });

  it('keeps no reason when the draft was not rejected', async () => {
    const fleet = await open();
    const id = add(fleet);

    expect(fleet.rooms.desk.giveReason(id, 'why', 'owner:1')).toBe(false);
    expect(fleet.rooms.desk.giveReason(99, 'why', 'owner:1')).toBe(false);
  });

  it('shows an edit as a new revision, and the old buttons do nothing any more', async () => {
    const fleet = await open();
    const id = add(fleet);

    const edited = fleet.rooms.desk.edit(id, 1, 'hello Ada', 'owner:1');
    const twice = fleet.rooms.desk.edit(id, 1, 'hello Ada', 'owner:1');
    const old = fleet.rooms.desk.approve(id, 1, 'owner:1');
    fleet.rooms.desk.approve(id, 2, 'owner:1');
    await fleet.advance(SECOND);

    expect([edited.kind, twice.kind, old.kind]).toEqual(['done', 'done', 'late']);
    expect(old.said).toContain('revision 2');
    expect(card(fleet, id, 1).buttons).toEqual([]);
    expect(card(fleet, id, 2).text).toContain('hello Ada');
    expect(JSON.parse(fleet.named('poster')[0]?.request.stdin ?? '{}')).toMatchObject({
      revision: 2,
      body: 'hello Ada',
    });
    expect(verdicts(fleet)).toEqual(['1 edited', '1 approved']);
  });

  it('changes nothing when the edited text is the same, or the draft is decided', async () => {
    const fleet = await open();
    const id = add(fleet);

    expect(fleet.rooms.desk.edit(id, 1, 'hello', 'owner:1')).toMatchObject({ kind: 'late' });
    fleet.rooms.desk.approve(id, 1, 'owner:1');
    expect(fleet.rooms.desk.edit(id, 1, 'other', 'owner:1')).toMatchObject({ kind: 'late' });
    expect(fleet.rooms.desk.checkOpen(id, 1).kind).toBe('late');
    expect(fleet.storage.drafts.get(id)?.revision).toBe(1);
  });

  it('says so when there is no such draft', async () => {
    const fleet = await open();

    expect(fleet.rooms.desk.approve(7, 1, 'owner:1')).toEqual({ kind: 'late', said: 'There is no such draft.' });
  });
});

describe('the window of a draft', () => {
  it('is over for a tap that comes after it, even before anybody looked', async () => {
    const fleet = await open();
    const id = add(fleet);
    fleet.jump(4 * HOUR);

    const late = fleet.rooms.desk.approve(id, 1, 'owner:1');

    expect(late).toEqual({ kind: 'late', said: 'Its time is over: it expired.' });
    expect(stateOf(fleet, id)).toBe('expired');
  });

  it('ends many drafts with one message', async () => {
    const fleet = await open();
    for (let index = 0; index < 30; index += 1) add(fleet);

    await fleet.advance(4 * HOUR);

    const told = fleet.shown().filter((message) => message.key.startsWith('expired:'));
    expect(told).toHaveLength(1);
    expect(told[0]?.text).toContain('30 drafts expired');
    expect(told[0]?.text).toContain('and 10 more');
    expect(fleet.storage.drafts.counts(0).expired).toBe(30);
    expect(card(fleet, 1).buttons).toEqual([]);
  });

  it('leaves a card without a sound that comes when it is over', async () => {
    const fleet = await open();
    const id = add(fleet);
    expect(card(fleet, id).silent).toBe(false);

    await fleet.advance(4 * HOUR);

    expect(card(fleet, id).text).toContain('⌛ Expired');
    expect(card(fleet, id).silent).toBe(true);
  });

  it('is its own where the agent gave one, else its kind’s', async () => {
    const fleet = await open();
    const own = add(fleet, { windowMs: 10 * MINUTE });
    const kinds = add(fleet, { kind: 'note' });

    await fleet.advance(11 * MINUTE);
    expect([stateOf(fleet, own), stateOf(fleet, kinds)]).toEqual(['expired', 'pending']);
    await fleet.advance(HOUR);

    expect(stateOf(fleet, kinds)).toBe('expired');
  });

  it('ends an approved draft that could not go out in time, and drops its publication', async () => {
    const fleet = await open();
    const id = add(fleet);
    fleet.rooms.holds.pause('poster', 'owner:1', undefined, false);
    fleet.rooms.desk.approve(id, 1, 'owner:1');
    await fleet.advance(SECOND);
    expect(card(fleet, id).text).toContain('paused by you');

    await fleet.advance(4 * HOUR);
    fleet.rooms.holds.resume('poster', 'owner:1');
    await fleet.advance(MINUTE);

    expect(stateOf(fleet, id)).toBe('expired');
    expect(fleet.named('poster')).toHaveLength(0);
    expect(verdicts(fleet).at(-1)).toBe('1 expired: approved, but it could not go out in time');
  });

  it('does not end an approved draft that nobody here publishes: its agent does', async () => {
    const fleet = await open();
    const id = add(fleet, { kind: 'note' });

    fleet.rooms.desk.approve(id, 1, 'owner:1');
    await fleet.advance(2 * HOUR);

    expect(stateOf(fleet, id)).toBe('approved');
    expect(verdicts(fleet)).toEqual(['1 approved']);
  });
});

describe('publishing', () => {
  async function approved(exits?: number, extra: Extra = {}): Promise<{ fleet: RoomWorld; id: number }> {
    const fleet = await open();
    const id = add(fleet, extra);
    if (exits !== undefined) fleet.behaviours['poster'] = (program) => program.exits(exits);
    fleet.rooms.desk.approve(id, 1, 'owner:4242');
    await fleet.advance(SECOND);
    return { fleet, id };
  }

  it('gives the publisher the draft once and shows where it went when it exits 0', async () => {
    const { fleet, id } = await approved();
    const [poster] = fleet.named('poster');

    poster?.says('posting…\n{"url":"https://x.example/ü/1","id":9}\n');
    poster?.exits(0);
    await fleet.advance(HOUR);

    expect(fleet.storage.drafts.get(id)).toMatchObject({
      state: 'published',
      publishedUrl: 'https://x.example/ü/1',
      publishedId: '9',
    });
    expect(fleet.named('poster')).toHaveLength(1);
    expect(verdicts(fleet)).toEqual(['1 approved', '1 published']);
  });

  it('runs one at a time when several are approved at once, in the order of their approval', async () => {
    const fleet = await open();
    const ids = [add(fleet), add(fleet), add(fleet)];
    for (const id of ids.toReversed()) fleet.rooms.desk.approve(id, 1, 'owner:1');

    const seen: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      await fleet.advance(SECOND);
      expect(fleet.running().map((program) => program.name)).toEqual(['poster']);
      seen.push((JSON.parse(fleet.running()[0]?.request.stdin ?? '{}') as { id: number }).id);
      fleet.running()[0]?.exits(0);
    }
    await fleet.advance(SECOND);

    expect(seen).toEqual([3, 2, 1]);
    expect(ids.map((id) => stateOf(fleet, id))).toEqual(['published', 'published', 'published']);
  });

  it('is tried again later when the publisher exits 75, and fails in the end', async () => {
    const { fleet, id } = await approved(75);
    expect(stateOf(fleet, id)).toBe('approved');

    await fleet.advance(3 * HOUR);

    expect(fleet.named('poster')).toHaveLength(10);
    expect(stateOf(fleet, id)).toBe('pending');
    expect(card(fleet, id).buttons.join(' ')).toContain('Approve');
  });

  it('waits for the credential and goes out by itself when the publisher exits 77', async () => {
    const { fleet, id } = await approved(77);
    expect(fleet.storage.incidents.listUnresolved()).toMatchObject([{ kind: 'auth', subject: '~poster' }]);
    expect(stateOf(fleet, id)).toBe('approved');
    await fleet.advance(30 * SECOND);
    expect(fleet.named('poster')).toHaveLength(1);

    fleet.behaviours['poster'] = (program) => program.exits(0);
    await fleet.advance(5 * MINUTE);

    expect(stateOf(fleet, id)).toBe('published');
    expect(fleet.named('poster')).toHaveLength(2);
  });

  it('comes back to the owner with the reason when the publisher exits 1', async () => {
    const { fleet, id } = await approved();

    fleet.named('poster')[0]?.says('the thread is locked\n', 'stderr');
    fleet.named('poster')[0]?.exits(1);
    await fleet.settle();

    expect(stateOf(fleet, id)).toBe('pending');
    expect(card(fleet, id).text).toContain('the thread is locked (exit 1)');
    const told = fleet.shown().find((message) => message.key === `draft:${id}:failed:1`);
    expect(told?.text).toContain('the thread is locked');
    expect(verdicts(fleet).at(-1)).toBe('1 failed: the thread is locked (exit 1)');
  });

  it('says how much of its window is left when the publisher failed', async () => {
    const { fleet, id } = await approved();

    fleet.named('poster')[0]?.exits(1);
    await fleet.settle();

    const told = fleet.shown().find((message) => message.key === `draft:${id}:failed:1`);
    expect(told?.text).toContain('It waits for your decision again: over 3 h left.');
  });

  it('says that it was not published, and not that nobody decided, when the publisher fails after its window', async () => {
    const { fleet, id } = await approved(undefined, { windowMs: MINUTE });
    await fleet.advance(2 * MINUTE);

    fleet.named('poster')[0]?.says('the thread is locked\n', 'stderr');
    fleet.named('poster')[0]?.exits(1);
    await fleet.advance(MINUTE);

    expect(stateOf(fleet, id)).toBe('expired');
    const told = fleet.shown().find((message) => message.key === `draft:${id}:failed:1`);
    expect(told?.text).toContain('Its time is over, so it expires.');
    expect(card(fleet, id).text).toContain('not published: the thread is locked (exit 1)');
    expect(verdicts(fleet).at(-1)).toBe('1 expired: not published: the thread is locked (exit 1)');
  });

  it('is of unknown fate when the publisher dies by a signal', async () => {
    const { fleet, id } = await approved();

    fleet.named('poster')[0]?.dies('SIGSEGV');
    await fleet.advance(HOUR);

    expect(stateOf(fleet, id)).toBe('unknown');
    expect(fleet.named('poster')).toHaveLength(1);
    const question = fleet.shown().find((message) => message.key.startsWith(`draft:${id}:unknown`));
    expect(question?.buttons).toEqual(['It is live', 'Publish again']);
  });

  it('is of unknown fate when the publisher outlives its timeout, whatever it says when it is ended', async () => {
    const { fleet, id } = await approved();
    fleet.behaviours['poster:term'] = (program) => program.exits(1);

    await fleet.advance(20 * MINUTE + 10 * SECOND);

    expect(fleet.named('poster')[0]?.signals[0]).toBe('SIGTERM');
    expect(stateOf(fleet, id)).toBe('unknown');
  });

  it('is of unknown fate when Nightdesk is killed meanwhile, and nobody publishes before the owner has answered', async () => {
    const { fleet, id } = await approved();

    await fleet.crash(MINUTE);
    await fleet.advance(HOUR);
    expect(stateOf(fleet, id)).toBe('unknown');
    expect(fleet.named('poster')).toHaveLength(1);
    const again = fleet.rooms.desk.publishAgain(id, 1, 'owner:1');
    const twice = fleet.rooms.desk.confirmLive(id, 1, 'owner:1');
    await fleet.advance(SECOND);

    expect([again.kind, twice.kind]).toEqual(['done', 'late']);
    expect(fleet.named('poster')).toHaveLength(2);
    expect(JSON.parse(fleet.named('poster')[1]?.request.stdin ?? '{}')).toMatchObject({ attempt: 2, approved_by: 1 });
  });

  it('counts as published when the owner saw it', async () => {
    const { fleet, id } = await approved();
    await fleet.crash();

    expect(fleet.rooms.desk.confirmLive(id, 1, 'owner:1').kind).toBe('done');
    await fleet.advance(HOUR);

    expect(stateOf(fleet, id)).toBe('published');
    expect(fleet.named('poster')).toHaveLength(1);
    expect(verdicts(fleet).at(-1)).toBe('1 published: you said that it is live');
  });

  it('is dropped when the text is no longer the one that was approved', async () => {
    const fleet = await open();
    const id = add(fleet);
    fleet.rooms.holds.pause('poster', 'owner:1', undefined, false);
    fleet.rooms.desk.approve(id, 1, 'owner:1');
    const publication = fleet.storage.publications.lastOf(id);
    if (publication === undefined) throw new Error('an approved reply is to be published');

    const began = fleet.rooms.desk.begin({ ...publication, hash: 'of another text' });

    expect(began).toBe(false);
    expect(fleet.storage.publications.lastOf(id)?.state).toBe('dropped');
    expect(fleet.rooms.desk.publicationInput(publication.id)).toBeUndefined();
  });

  it('is not stopped by the first sign of a dead credential: only its own end tells what it did', async () => {
    const { fleet, id } = await approved();

    fleet.named('poster')[0]?.says('HTTP 401 Unauthorized: token expired\n');
    await fleet.advance(SECOND);
    expect(fleet.named('poster')[0]?.signals).toEqual([]);
    fleet.named('poster')[0]?.says('{"url":"https://x.example/2"}\n');
    fleet.named('poster')[0]?.exits(0);
    await fleet.settle();

    expect(stateOf(fleet, id)).toBe('published');
    expect(fleet.storage.incidents.listUnresolved()).toMatchObject([{ kind: 'auth' }]);
  });
});
