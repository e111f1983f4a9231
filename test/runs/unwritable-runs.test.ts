import Database from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { createRoomWorld, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';
import { talkingRuntime } from '../fakes/talking-runtime.ts';

let world: RoomWorld | undefined;
let locker: Database.Database | undefined;

afterEach(() => {
  locker?.close();
  world?.close();
  locker = undefined;
  world = undefined;
});

async function open(): Promise<RoomWorld> {
  world = createRoomWorld(
    `timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\nagents:\n  scout: { runtime: claude, prompt: ./scout.md, schedule: every 24h, timeout: 5m }\n  other: { runtime: command, command: [/bin/other], schedule: every 24h }\n`,
    { runtimes: [talkingRuntime], files: { 'scout.md': 'Look for news.' } },
  );
  await world.begin();
  world.rooms.database.pragma('busy_timeout = 0');
  return world;
}

/** Whatever is written now is refused, as on a full disk; gives what ends that. */
function refuseWrites(fleet: RoomWorld): () => void {
  const connection = new Database(fleet.file);
  locker = connection;
  connection.exec('BEGIN IMMEDIATE');
  return () => connection.exec('ROLLBACK');
}

function tell(fleet: RoomWorld, ...events: readonly object[]): void {
  for (const event of events)
    fleet
      .named('talker')
      .at(-1)
      ?.says(`${JSON.stringify(event)}\n`);
}

const PERMISSION = { kind: 'permission', request: 'r1', tool: 'Bash', detail: 'rm -r build', forRun: 'x' };

describe('a run while the database cannot be written', () => {
  it('is ended when its context is past its `stop`, and that is written down as soon as it can be', async () => {
    const fleet = await open();
    const allowWrites = refuseWrites(fleet);

    tell(fleet, { kind: 'context', usedTokens: 95, limitTokens: 100 });
    await fleet.advance(10 * SECOND);
    expect(fleet.named('talker').at(0)?.signals).toEqual(['SIGTERM']);
    allowWrites();
    await fleet.advance(10 * SECOND);

    expect(fleet.storage.runs.get(1)).toMatchObject({ state: 'stopped', stopReason: 'its context was full' });
    expect(fleet.storage.checkpoints.newest('scout')).toMatchObject({ author: 'nightdesk', runId: 1 });
  });

  it('asks its owner as soon as it can what its CLI asked meanwhile', async () => {
    const fleet = await open();
    const allowWrites = refuseWrites(fleet);
    tell(fleet, { kind: 'session', resumeToken: 'session-1' }, PERMISSION);
    await fleet.advance(10 * SECOND);

    allowWrites();
    await fleet.advance(10 * SECOND);

    expect(fleet.shown().map(({ key }) => key)).toContain('question:1');
    expect(fleet.storage.runs.lastOf('scout')?.resumeToken).toBe('session-1');
  });

  it('asks nobody for a program that is gone by then, and knows its session all the same', async () => {
    const fleet = await open();
    const allowWrites = refuseWrites(fleet);
    tell(fleet, { kind: 'session', resumeToken: 'session-1' }, PERMISSION);
    fleet.named('talker').at(-1)?.exits(0);
    await fleet.advance(10 * SECOND);

    allowWrites();
    await fleet.advance(10 * SECOND);

    expect(fleet.storage.runs.lastOf('scout')).toMatchObject({ state: 'done', resumeToken: 'session-1' });
    expect(fleet.storage.questions.get(1)).toBeUndefined();
  });

  it('is stopped for its timeout though that fell into that time', async () => {
    const fleet = await open();
    await fleet.advance(4 * MINUTE);
    const allowWrites = refuseWrites(fleet);
    await fleet.advance(2 * MINUTE);

    allowWrites();
    await fleet.advance(20 * SECOND);

    expect(fleet.named('talker').at(-1)?.signals).toContain('SIGTERM');
    expect(fleet.storage.runs.lastOf('scout')).toMatchObject({ state: 'failed', failure: 'timeout' });
  });

  it('is stopped at once when that was asked before, also while another run waits for its start', async () => {
    const fleet = await open();
    fleet.named('other').at(-1)?.exits(0);
    await fleet.settle();
    fleet.storage.transaction(() => {
      fleet.storage.runs.add({ agent: 'other', cause: 'owner', publicationId: null, wantedAt: 0, generations: '{}' });
      fleet.storage.runs.wantStop(fleet.storage.runs.lastOf('scout')?.id ?? 0, 'paused by you', fleet.now());
    });
    const allowWrites = refuseWrites(fleet);

    await fleet.advance(10 * SECOND);

    expect(fleet.named('talker').at(-1)?.signals).toContain('SIGTERM');
    allowWrites();
  });
});
