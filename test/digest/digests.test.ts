import { existsSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createDigestWorld, DAY, type DigestWorld, FLEET, HOUR, MINUTE, SECRET, START } from './digest-world.ts';

let world: DigestWorld;

afterEach(async () => {
  await world.stop();
  if (world.fatal.length > 0) throw world.fatal[0];
});

function open(options: Parameters<typeof createDigestWorld>[0] = {}): DigestWorld {
  world = createDigestWorld(options);
  world.rooms.teller.start();
  return world;
}

/** The times (in hours since the start) of which each digest of the schedule tells. */
function told(): readonly (readonly number[])[] {
  return world.database
    .prepare<[], { due_at: number; from_at: number; to_at: number }>(
      'SELECT due_at, from_at, to_at FROM digest WHERE asked_by IS NULL ORDER BY due_at',
    )
    .all()
    .map((row) => [row.due_at, row.from_at, row.to_at].map((at) => (at - START) / HOUR));
}

describe('the schedule of digests', () => {
  test('each due time is told once, of all since the one before', async () => {
    open();
    world.showAll();
    await world.clock.pass(2 * HOUR + MINUTE);
    world.showAll();
    await world.clock.pass(12 * HOUR);
    world.showAll();
    await world.clock.pass(12 * HOUR);

    expect(told()).toEqual([
      [2, expect.closeTo(2, 3), 2],
      [14, 2, 14],
      [26, 14, 26],
    ]);
  });

  test('a first digest tells of a day at most, and of nothing before the first start', async () => {
    world = createDigestWorld();
    world.ran('scout', START - 3 * DAY);
    world.rooms.teller.start();
    await world.clock.pass(2 * HOUR);

    expect(told()).toEqual([[2, -22, 2]]);
  });

  test('of several due times that nobody was there for one is made up, which says so', async () => {
    open();
    await world.clock.pass(2 * HOUR);
    world.showAll();
    await world.rooms.teller.stop();
    world.clock.jump(3 * DAY + HOUR);
    await world.crash();
    world.rooms.teller.start();
    await world.clock.pass(1);

    expect(told().slice(1)).toEqual([[74, 2, 75]]);
    expect(world.text(`digest:${START + 74 * HOUR}`)).toContain('🕰 It was due at 08:00, and comes 60 min late.');
  });

  test('a digest tells of a week at most however long nobody was there', async () => {
    open();
    await world.clock.pass(2 * HOUR);
    world.showAll();
    world.clock.jump(30 * DAY);
    await world.clock.pass(MINUTE);

    const [, second] = told();
    expect((second?.[2] ?? 0) - (second?.[1] ?? 0)).toBeCloseTo(7 * 24, 3);
  });

  test('no due time is told twice over crashes and a clock that is set back', async () => {
    open();
    await world.clock.pass(2 * HOUR);
    await world.crash();
    world.rooms.teller.start();
    await world.clock.pass(MINUTE);
    world.clock.jump(-HOUR);
    world.storage.transaction(() => world.storage.digests.setBack({ now: world.clock.now(), byMs: HOUR }));
    await world.clock.pass(2 * HOUR);

    expect(told().map(([due]) => due)).toEqual([2]);
  });

  test('times before the schedule was written so are not made up', async () => {
    open({ fleet: FLEET.replace('digest: ["0 8 * * *", "0 20 * * *"]', 'digest: []') });
    await world.clock.pass(3 * DAY);
    expect(told()).toEqual([]);
  });

  test('what Telegram never showed is told with the next one', async () => {
    open();
    world.ran('scout', START + HOUR);
    await world.clock.pass(14 * HOUR);

    expect(told()).toEqual([
      [2, expect.any(Number), 2],
      [14, expect.any(Number), 14],
    ]);
    expect(told()[1]?.[1]).toBe(told()[0]?.[1]);
    expect(world.keys()).toEqual([`digest:${START + 14 * HOUR}`]);
  });

  test('a digest outlasts any outage of Telegram, and makes no sound in quiet hours', async () => {
    open();
    world.isQuiet = true;
    await world.clock.pass(2 * HOUR);

    const { give_up_at: giveUpAt, silent } =
      world.database.prepare<[], { give_up_at: number | null; silent: number }>('SELECT * FROM outbox').get() ?? {};
    expect([giveUpAt, silent]).toEqual([null, 1]);
  });
});

describe('the pictures of a digest', () => {
  /** A digest with something to tell of, at eight. */
  async function due(): Promise<string> {
    open();
    world.ran('scout', START + HOUR);
    await world.clock.pass(2 * HOUR);
    return `digest:${START + 2 * HOUR}`;
  }

  function end(key: string) {
    return world.database
      .prepare<[string], { state: string; attempts: number; error: string | null; pictures: string | null }>(
        'SELECT state, attempts, error, pictures FROM digest WHERE message_key = ?',
      )
      .get(key);
  }

  test('the text waits for none of them, and they come silently below it', async () => {
    const key = await due();
    expect(world.keys()).toEqual([key]);
    expect(world.draws[0]?.request.argv.slice(0, 2)).toEqual(['/bin/draw', '--now']);
    expect(JSON.parse(world.draws[0]?.request.stdin ?? '')).toMatchObject({ timezone: 'Europe/Berlin' });
    world.draws[0]?.draws('spend.png', 'timeline.png');
    await world.until(() => world.rows().length === 2);

    const album = world.rows().at(-1);
    expect([album?.key, album?.silent, album?.reply_to_key]).toEqual([`${key}:pictures`, 1, key]);
    expect(JSON.parse(album?.content ?? '')).toMatchObject({
      kind: 'media',
      files: [
        { as: 'photo', name: 'spend.png', caption: 'See spend.png', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
        { name: 'timeline.png' },
      ],
    });
    expect(end(key)).toMatchObject({ state: 'told', error: null });
    expect(statSync(world.draws[0]?.folder ?? '').mode & 0o777).toBe(0o700);
  });

  test.each([
    [
      'a program that fails',
      (run: DigestWorld['draws'][number]) => (run.complains(`oops\n${SECRET} broke it\n`), run.exits(1)),
      '[secret] broke it',
    ],
    [
      'a program that says nothing',
      (run: DigestWorld['draws'][number]) => run.exits(0),
      'it did not say what it had drawn',
    ],
    [
      'a picture that is not there',
      (run: DigestWorld['draws'][number]) => (run.says('{"pictures":[{"file":"x.png","caption":""}]}'), run.exits(0)),
      'x.png is not there, or larger than Telegram takes',
    ],
    [
      'a file elsewhere',
      (run: DigestWorld['draws'][number]) => (
        run.says('{"pictures":[{"file":"../nightdesk.png","caption":""}]}'), run.exits(0)
      ),
      'it did not say what it had drawn',
    ],
  ])('after %s three times the text says why it has none', async (_name, fail, why) => {
    const key = await due();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const run = world.draws[attempt];
      if (run !== undefined) fail(run);
      await world.clock.pass(5_000);
    }

    expect(world.draws).toHaveLength(3);
    expect(end(key)).toMatchObject({ state: 'told', error: why });
    expect(world.text(key)).toContain(`🖼 No pictures: ${why}.`);
    expect(world.keys()).toEqual([key]);
    expect(readFileSync(world.databaseFile).includes(SECRET)).toBe(false);
    expect(JSON.stringify(world.log.lines)).not.toContain(SECRET);
  });

  test('a program that hangs is killed after 30 seconds', async () => {
    await due();
    await world.clock.pass(29_000);
    expect(world.draws[0]?.killed()).toBe(false);
    await world.clock.pass(1_000);
    expect(world.draws[0]?.killed()).toBe(true);
  });

  test('a crash while they are drawn draws them anew, and a third one says so', async () => {
    const key = await due();
    for (let crash = 0; crash < 3; crash += 1) {
      await world.crash();
      world.rooms.teller.start();
      await world.clock.pass(1);
    }

    expect(world.draws).toHaveLength(3);
    expect(end(key)).toMatchObject({ state: 'told', attempts: 3 });
    expect(world.text(key)).toContain('No pictures: Nightdesk ended each time while it drew.');
  });

  test('a disk that is nearly full costs the pictures and nothing else', async () => {
    world = createDigestWorld();
    world.mayWrite = false;
    world.rooms.teller.start();
    world.ran('scout', START + HOUR);
    await world.clock.pass(2 * HOUR);

    expect(world.draws).toEqual([]);
    expect(world.text(`digest:${START + 2 * HOUR}`)).toContain('No pictures: the disk is nearly full.');
  });

  test('a program that has nothing to draw costs no word', async () => {
    const key = await due();
    world.draws[0]?.draws();
    await world.clock.rest();

    expect(world.keys()).toEqual([key]);
    expect(world.text(key)).not.toContain('No pictures');
    expect(end(key)).toMatchObject({ state: 'told', error: null });
  });

  test('those of a month ago go, and of more than 50 MB the oldest', async () => {
    await due();
    world.draws[0]?.draws('spend.png');
    await world.until(() => world.rows().length === 2);
    const first = join(world.draws[0]?.folder ?? '', 'spend.png');
    expect(existsSync(first)).toBe(true);
    const old = (world.clock.now() - 31 * DAY) / 1_000;
    utimesSync(first, old, old);
    world.showAll();
    world.ran('scout', START + 3 * HOUR);
    await world.clock.pass(12 * HOUR);
    world.draws[1]?.draws('spend.png');
    await world.until(() => !existsSync(first));

    expect(existsSync(join(world.draws[1]?.folder ?? '', 'spend.png'))).toBe(true);
  });
});

describe('/digest', () => {
  function ask(argument = '', replyKey = 'reply:7') {
    const content = world.rooms.digests.ask({ argument, actor: 'owner:4242', chatId: 77, topicId: 5, replyKey });
    return content.kind === 'text' ? content.body.text : '';
  }

  test('tells at once of all since the last one of the schedule, and moves nothing of that', async () => {
    open();
    world.ran('scout', START + HOUR);
    await world.clock.pass(2 * HOUR);
    world.draws[0]?.draws();
    world.showAll();
    world.ran('writer', START + 3 * HOUR);
    await world.clock.pass(2 * HOUR);

    expect(ask()).toContain('writer 1✓');
    expect(ask('', 'reply:8')).not.toContain('scout 1✓');
    await world.clock.pass(10 * HOUR);
    expect(told()[1]).toEqual([14, 2, 14]);
  });

  test('its pictures follow where it was asked, once for an update that is handled twice', async () => {
    open();
    world.ran('scout', START - HOUR);
    ask();
    ask();
    await world.until(() => world.draws.length > 0);
    world.draws[0]?.draws('spend.png');
    await world.until(() => world.rows().length > 0);

    expect(world.draws).toHaveLength(1);
    expect(world.rows().map((row) => [row.key, row.chat_id, row.reply_to_key])).toEqual([
      ['reply:7:pictures', 77, 'reply:7'],
    ]);
  });

  test.each([
    ['today', 0, 6],
    ['yesterday', -24, 0],
    ['month', -21 * 24, 6],
    ['7d', -7 * 24 + 6, 6],
    ['12H', -6, 6],
  ])('%s is a time of the fleet’s wall', async (argument, from, to) => {
    open();
    world.ran('scout', START - 2 * HOUR);
    world.ran('scout', START - 10 * HOUR);
    ask(argument);

    const midnight = Date.UTC(2026, 10, 21, 23);
    const row = world.storage.digests.byMessage('reply:7');
    expect([((row?.fromAt ?? 0) - midnight) / HOUR, ((row?.toAt ?? 0) - midnight) / HOUR]).toEqual([from, to]);
  });

  test.each(['soon', '0d', '7', '32d', '-1d', '7d 8d'])(
    '%j is answered with one line that says what is understood',
    (argument) => {
      open();
      const said = ask(argument);
      expect(said).toMatch(/\/digest/);
      expect(said).not.toContain('\n');
      expect(world.storage.digests.byMessage('reply:7')).toBeUndefined();
    },
  );
});
