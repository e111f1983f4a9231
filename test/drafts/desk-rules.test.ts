import { afterEach, describe, expect, it } from 'vitest';
import { MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';
import { addDraft, deliver, openDeskWorld, waitingKeys } from './desk-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

function fleetWith(rule: string, more = ''): string {
  return `timezone: UTC
home: ./state
telegram: { owners: [1] }
${more}
credentials: { murmur: { check: [/bin/check-murmur] } }
agents:
  writer: { runtime: command, command: [/bin/writer], on: task }
  poster: { runtime: command, command: [/bin/poster], publishes: [reply], credentials: [murmur] }
drafts: { kinds: { reply: { window: 2h, remind: [], ${rule} } } }
`;
}

const RULE = 'auto_approve: { after: 10m, max_per_day: 2 }';

async function open(yaml = fleetWith(RULE)): Promise<RoomWorld> {
  world = await openDeskWorld(yaml);
  const of = world;
  of.behaviours['check-murmur'] = (program) => {
    program.says('AUTH_OK\n');
    program.exits(0);
  };
  await of.advance(SECOND);
  return of;
}

function states(of: RoomWorld): (string | undefined)[] {
  return [1, 2, 3, 4].map((id) => of.storage.drafts.get(id)?.state).filter((state) => state !== undefined);
}

function cardText(of: RoomWorld, id: number, revision = 1): string {
  return of.storage.outbox.get(`draft:${id}:r${revision}`)?.content ?? '';
}

it('a check that gives no answer does not keep Approve from its owner', async () => {
  const fleet = await openDeskWorld(fleetWith('undo: 0s'));
  world = fleet;
  fleet.behaviours['check-murmur'] = (program) => program.exits(3);
  const id = addDraft(fleet);
  expect(fleet.shown().find(({ key }) => key === `draft:${id}:r1`)?.buttons).not.toContain('Approve');

  await fleet.advance(MINUTE);

  expect(fleet.shown().find(({ key }) => key === `draft:${id}:r1`)?.buttons).toContain('Approve');
});

describe('a rule that approves', () => {
  it('approves what nobody objected to for so long since it was shown, as itself, and tells it without a sound', async () => {
    const fleet = await open();
    const id = addDraft(fleet);
    await fleet.advance(5 * MINUTE);
    expect(cardText(fleet, id)).toContain('unless you object');
    deliver(fleet);

    await fleet.advance(10 * MINUTE - SECOND);
    expect(states(fleet)).toEqual(['pending']);
    await fleet.advance(MINUTE);

    expect(states(fleet)).not.toEqual(['pending']);
    const told = fleet.shown().find(({ key }) => key === `rule:${id}:r1`);
    expect(told?.text).toContain('by your rule');
    expect(told?.silent).toBe(true);
    expect(fleet.storage.publications.lastOf(id)?.approvedBy).toBe('rule:reply');
    expect(JSON.parse(fleet.rooms.desk.publicationInput(1) ?? '{}')).toMatchObject({ approved_by: 'rule:reply' });
  });

  it('leaves what nobody was shown yet', async () => {
    const fleet = await open();
    addDraft(fleet);

    await fleet.advance(30 * MINUTE);

    expect(states(fleet)).toEqual(['pending']);
  });

  it('approves no more than its number a day, and says on the card that the others wait for a person', async () => {
    const fleet = await open();
    for (let n = 0; n < 3; n += 1) addDraft(fleet);
    await fleet.advance(SECOND);
    deliver(fleet);

    await fleet.advance(12 * MINUTE);

    expect(states(fleet).filter((state) => state === 'pending')).toHaveLength(1);
    expect(cardText(fleet, 3)).toContain('reached its number for the day');
    expect(waitingKeys(fleet, 'rule:')).toHaveLength(2);
  });

  it('begins to count anew with a new text', async () => {
    const fleet = await open();
    addDraft(fleet);
    deliver(fleet);
    await fleet.advance(9 * MINUTE);
    fleet.rooms.desk.edit(1, 1, 'hello again', 'owner:1');
    deliver(fleet);

    await fleet.advance(9 * MINUTE);
    expect(states(fleet)).toEqual(['pending']);
    await fleet.advance(2 * MINUTE);
    expect(states(fleet)).not.toEqual(['pending']);
  });

  it('waits while the fleet is paused, and counts anew from its end', async () => {
    const fleet = await open();
    addDraft(fleet);
    deliver(fleet);
    await fleet.advance(9 * MINUTE);
    fleet.rooms.holds.pause('all', 'owner:1', undefined, false);
    await fleet.advance(5 * MINUTE);
    expect(states(fleet)).toEqual(['pending']);

    fleet.rooms.holds.resume('all', 'owner:1');
    await fleet.advance(9 * MINUTE);
    expect(states(fleet)).toEqual(['pending']);
    await fleet.advance(3 * MINUTE);
    expect(states(fleet)).not.toEqual(['pending']);
  });

  it('waits out a snooze, and the whole time to object after it', async () => {
    const fleet = await open();
    addDraft(fleet);
    deliver(fleet);
    fleet.rooms.desk.snooze(1, 1, fleet.now() + 20 * MINUTE, 'owner:1');

    await fleet.advance(29 * MINUTE);
    expect(states(fleet)).toEqual(['pending']);
    await fleet.advance(3 * MINUTE);
    expect(states(fleet)).not.toEqual(['pending']);
  });

  it('sends nothing in quiet hours, and does not count their minutes', async () => {
    const fleet = await open(fleetWith(RULE, 'alerts: { quiet: "09:05-09:30" }'));
    addDraft(fleet);
    deliver(fleet);

    await fleet.advance(33 * MINUTE);
    expect(states(fleet)).toEqual(['pending']);
    await fleet.advance(3 * MINUTE);
    expect(states(fleet)).not.toEqual(['pending']);
  });

  it('leaves a draft to a person whose approval was taken back', async () => {
    const fleet = await open(fleetWith(`undo: 5m, ${RULE}`));
    addDraft(fleet);
    deliver(fleet);
    await fleet.advance(11 * MINUTE);
    expect(states(fleet)).toEqual(['approved']);
    expect(fleet.shown().find(({ key }) => key === 'rule:1:r1')?.buttons).toEqual(['Undo']);
    fleet.rooms.desk.undo(1, 1, 'owner:1');

    await fleet.advance(30 * MINUTE);

    expect(states(fleet)).toEqual(['pending']);
  });

  it('approves once, also when a crash comes between any two rows', async () => {
    const fleet = await open();
    addDraft(fleet);
    deliver(fleet);
    await fleet.advance(10 * MINUTE - SECOND);
    await fleet.crash(SECOND);
    await fleet.advance(2 * MINUTE);
    await fleet.crash(SECOND);
    await fleet.advance(2 * MINUTE);

    const approvals = fleet.storage.drafts
      .decisionsOf('writer', undefined, 100)
      .filter(({ verdict }) => verdict === 'approved');
    expect(approvals).toHaveLength(1);
  });

  it('counts anew after Nightdesk was away, since nobody could object meanwhile', async () => {
    const fleet = await open();
    addDraft(fleet, {});
    deliver(fleet);
    await fleet.advance(MINUTE);

    await fleet.crash(30 * MINUTE);
    await fleet.advance(9 * MINUTE);
    expect(states(fleet)).toEqual(['pending']);
    await fleet.advance(3 * MINUTE);
    expect(states(fleet)).not.toEqual(['pending']);
  });
});

describe('the end of an Undo', () => {
  it('takes the button off the card, also where the publisher has something else to do', async () => {
    const fleet = await open(fleetWith('undo: 2m'));
    for (let n = 0; n < 2; n += 1) addDraft(fleet);
    deliver(fleet);
    fleet.rooms.desk.approve(1, 1, 'owner:1');
    await fleet.advance(2 * MINUTE + SECOND);
    fleet.rooms.desk.approve(2, 1, 'owner:1');
    expect(fleet.shown().find(({ key }) => key === 'draft:2:r1')?.buttons).toEqual(['Undo']);
    deliver(fleet);

    await fleet.advance(MINUTE);
    expect(waitingKeys(fleet, 'draft:')).toEqual([]);
    await fleet.advance(MINUTE + SECOND);

    expect(states(fleet)).toEqual(['publishing', 'approved']);
    expect(fleet.shown().find(({ key }) => key === 'draft:2:r1')?.buttons).toEqual([]);
  });
});

describe('preflight', () => {
  it('has what is not proved yet checked when a draft comes, and offers Approve once it is', async () => {
    const fleet = await open();
    let isSlow = true;
    fleet.behaviours['check-murmur'] = (program) => {
      if (isSlow) return;
      program.says('AUTH_OK\n');
      program.exits(0);
    };
    fleet.storage.transaction(() => fleet.storage.credentials.forget('murmur', fleet.now()));
    addDraft(fleet);
    const before = fleet.shown().find(({ key }) => key === 'draft:1:r1');
    deliver(fleet);
    isSlow = false;
    await fleet.advance(MINUTE);

    expect(before?.buttons).not.toContain('Approve');
    expect(before?.text).toContain('checking murmur');
    expect(JSON.parse(cardText(fleet, 1)).buttons.flat()[0].text).toBe('Approve');
  });

  it('takes Approve off the cards when the credential dies, and gives it back', async () => {
    const fleet = await open();
    addDraft(fleet);
    deliver(fleet);

    fleet.rooms.custodian.sign({ agent: 'poster', credential: 'murmur', evidence: '401' });
    await fleet.advance(SECOND);
    const dead = fleet.shown().find(({ key }) => key === 'draft:1:r1');
    await fleet.advance(3 * MINUTE);

    expect(dead?.buttons).not.toContain('Approve');
    expect(dead?.text).toContain('murmur is dead');
    expect(JSON.parse(cardText(fleet, 1)).buttons.flat()[0].text).toBe('Approve');
  });

  it('brings cards up to date after a crash that came before it could', async () => {
    const fleet = await open();
    addDraft(fleet);
    deliver(fleet);
    fleet.behaviours['check-murmur'] = (program) => {
      program.says('AUTH_FAILED: revoked\n');
      program.exits(1);
    };
    fleet.rooms.custodian.sign({ agent: 'poster', credential: 'murmur', evidence: '401' });

    await fleet.crash();
    await fleet.advance(SECOND);

    expect(fleet.shown().find(({ key }) => key === 'draft:1:r1')?.text).toContain('murmur is dead');
  });

  it('refreshes no more than thirty cards at a time when hundreds wait', async () => {
    const fleet = await open(fleetWith('undo: 0s').replace('drafts: {', 'drafts: { burst: 100,'));
    for (let n = 0; n < 70; n += 1) addDraft(fleet);
    await fleet.advance(SECOND);
    deliver(fleet);
    fleet.behaviours['check-murmur'] = (program) => {
      program.says('AUTH_FAILED: revoked\n');
      program.exits(1);
    };

    fleet.rooms.custodian.sign({ agent: 'poster', credential: 'murmur', evidence: '401' });
    await fleet.advance(SECOND);
    expect(deliver(fleet).filter((key) => key.startsWith('edit draft'))).toHaveLength(30);
    await fleet.advance(4 * MINUTE);
    expect(deliver(fleet).filter((key) => key.startsWith('edit draft'))).toHaveLength(40);
  });
});
