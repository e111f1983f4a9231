import { afterEach, describe, expect, it } from 'vitest';
import type { RunIdentity } from '../../src/gateway/contract.ts';
import { createRoomWorld, type RoomWorld, SECOND } from '../loop/room-world.ts';

let world: RoomWorld | undefined;

afterEach(() => {
  world?.close();
  world = undefined;
});

async function open(): Promise<{ fleet: RoomWorld; run: RunIdentity }> {
  world = createRoomWorld(`timezone: UTC
home: ./state
telegram: { owners: [1] }
credentials: { mail: {} }
agents:
  scout:
    runtime: command
    command: [/bin/scout]
    schedule: every 5m
    credentials: [mail]
    failure_modes:
      - { tool: search, on: rate-limit, then: { wait: 90s, retry: 2, else: alert } }
      - { tool: feed, on: other, then: { wait: 2s, retry: 1, else: skip } }
      - { tool: files, on: not-found, then: skip }
      - { tool: mail, on: auth, then: skip }
`);
  await world.begin();
  return { fleet: world, run: { run: world.storage.runs.aliveOf('scout')?.id ?? 0, agent: 'scout' } };
}

describe('rooms of the gateway', () => {
  it('answer with the failure mode: so many waits, then what comes after them', async () => {
    const { fleet, run } = await open();
    const ask = (tool: string, kind: 'rate-limit' | 'other' | 'not-found'): unknown =>
      fleet.rooms.agents.reportFailure(run, { tool, kind, text: 'busy' });

    const search = [ask('search', 'rate-limit'), ask('search', 'rate-limit'), ask('search', 'rate-limit')];
    const feed = [ask('feed', 'other'), ask('feed', 'other')];

    expect(search).toEqual([
      { kind: 'answer', answer: 'wait 90' },
      { kind: 'answer', answer: 'wait 90' },
      { kind: 'answer', answer: 'alert' },
    ]);
    expect(feed).toEqual([
      { kind: 'answer', answer: 'wait 2' },
      { kind: 'answer', answer: 'skip' },
    ]);
    expect(ask('files', 'not-found')).toEqual({ kind: 'answer', answer: 'skip' });
    expect(fleet.storage.incidents.listUnresolved().map((incident) => incident.fingerprint)).toEqual([
      'report:scout:search:rate-limit',
    ]);
  });

  it('tell the owner when no mode is given for a failure', async () => {
    const { fleet, run } = await open();

    const answer = fleet.rooms.agents.reportFailure(run, { tool: 'camera', kind: 'other', text: 'lens cap' });

    expect(answer).toEqual({ kind: 'answer', answer: 'alert' });
    expect(fleet.shown().at(-1)?.text).toContain('lens cap');
  });

  it('tell of a dead credential whatever the mode says', async () => {
    const { fleet, run } = await open();

    const answer = fleet.rooms.agents.reportFailure(run, { tool: 'mail', kind: 'auth', text: 'expired' });

    expect(answer).toEqual({ kind: 'answer', answer: 'skip' });
    expect(fleet.storage.incidents.listUnresolved()).toMatchObject([{ kind: 'auth', subject: 'mail' }]);
  });

  it('refuse a credential that the agent does not have', async () => {
    const { fleet, run } = await open();

    expect(
      fleet.rooms.agents.reportFailure(run, { tool: 'blog', kind: 'auth', credential: 'blog', text: 'no' }),
    ).toEqual({ kind: 'refused', reason: 'scout has no credential "blog"; it has: mail' });
    expect(fleet.storage.incidents.listUnresolved()).toEqual([]);
  });

  it('move only the clocks that a call is about, and keep secrets out of the notes', async () => {
    const { fleet, run } = await open();

    fleet.rooms.agents.beat(run, 'with 123456:TEST-the-bot-token-of-the-world');
    expect(fleet.storage.runs.get(run.run)).toMatchObject({ beatNote: 'with [secret]', progressAt: null });
    await fleet.advance(SECOND);
    fleet.rooms.agents.progress(run, 'done');

    expect(fleet.storage.runs.get(run.run)).toMatchObject({ progressAt: fleet.now(), beatAt: fleet.now() - SECOND });
  });

  it('tell an agent what became of its own drafts, with both texts of an edit and the reason', async () => {
    const { fleet, run } = await open();
    fleet.rooms.agents.submitDraft(run, { kind: 'reply', to: '@ada', body: 'one', key: 'k' });
    fleet.rooms.desk.edit(1, 1, 'two', 'owner:1');
    await fleet.advance(SECOND);
    fleet.rooms.desk.reject(1, 2, 'owner:1');
    fleet.rooms.desk.giveReason(1, 'rude', 'owner:1');

    const all = fleet.rooms.agents.decisions('scout', undefined);
    const later = fleet.rooms.agents.decisions('scout', fleet.now());

    expect(all[0]).toMatchObject({
      draft: 1,
      key: 'k',
      verdict: 'edited',
      body_before: 'one',
      body_after: 'two',
      url: null,
    });
    expect(all.at(-1)).toMatchObject({ verdict: 'rejected', reason: 'rude', body_before: null });
    expect(later.map((decision) => decision.verdict)).toEqual(['rejected', 'rejected']);
    expect(fleet.rooms.agents.decisions('nobody', undefined)).toEqual([]);
  });
});
