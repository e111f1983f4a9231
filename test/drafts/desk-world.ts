import { createRoomWorld, type RoomWorld } from '../loop/room-world.ts';

/** A fleet whose writer never runs by itself: time is what these tests are about. */
export const DESK_FLEET = `timezone: UTC
home: ./state
telegram: { owners: [1] }
agents:
  writer: { runtime: command, command: [/bin/writer], on: task }
drafts: { burst: 5, kinds: { reply: { window: 20m }, note: { window: 1h }, memo: { window: 10h, remind: [] } } }
`;

/** What a test says of a draft beyond the usual. */
export interface DraftWords {
  readonly agent?: string;
  readonly kind?: string;
  readonly body?: string;
  readonly windowMs?: number;
  readonly priority?: number;
  readonly to?: string;
}

/** A world with the desk watched, and a run of the writer that is over, so that drafts have somebody who wrote them. */
export async function openDeskWorld(yaml = DESK_FLEET, withVigil = false): Promise<RoomWorld> {
  const world = createRoomWorld(yaml, { withDesk: true, ...(withVigil ? { withVigil } : {}) });
  const { runs } = world.storage;
  world.storage.transaction(() => {
    const id = runs.add({
      agent: 'writer',
      cause: 'schedule',
      publicationId: null,
      wantedAt: world.now(),
      generations: '{}',
    });
    runs.settle(id, { state: 'done', failure: null, evidence: null, exit: 'exit 0', endedAt: world.now() });
  });
  await world.begin();
  return world;
}

/** Hands in a draft; gives its id. */
export function addDraft(of: RoomWorld, words: DraftWords = {}): number {
  const run = of.storage.runs.lastOf('writer')?.id ?? 0;
  const result = of.rooms.desk.submit({ agent: 'writer', run, kind: 'reply', to: '@ada', body: 'hello', ...words });
  if (result.kind === 'refused') throw new Error(result.reason);
  return result.id;
}

/** Telegram shows all that waits; gives the keys of what was sent, those of edits marked as such. */
export function deliver(of: RoomWorld): string[] {
  return of.storage.transaction(() =>
    of.storage.outbox.due(Number.MAX_SAFE_INTEGER, 2_000).map((row) => {
      of.storage.outbox.delivered(row.id, row.wanted, row.messageId ?? row.id + 1_000, of.now());
      return row.messageId === null ? row.key : `edit ${row.key}`;
    }),
  );
}

/** Keys of what waits to be sent and begins like this. */
export function waitingKeys(of: RoomWorld, prefix = ''): string[] {
  return of
    .shown()
    .map(({ key }) => key)
    .filter((key) => key.startsWith(prefix));
}
