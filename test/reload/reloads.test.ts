import { afterEach, describe, expect, it } from 'vitest';
import { createRoomWorld, HOUR, MINUTE, type RoomWorld, SECOND } from '../loop/room-world.ts';

const worlds: RoomWorld[] = [];

afterEach(() => {
  for (const world of worlds.splice(0)) world.close();
});

const HEAD = 'timezone: UTC\ntelegram: { owners: [1] }\n';

function fleetOf(agents: Readonly<Record<string, string>>, more = ''): string {
  const entries = Object.entries(agents).map(
    ([name, rest]) => `  ${name}: { runtime: command, command: [${name}], ${rest} }\n`,
  );
  return `${HEAD}${more}agents:\n${entries.join('')}`;
}

async function begin(agents: Readonly<Record<string, string>>, more = ''): Promise<RoomWorld> {
  const world = createRoomWorld(fleetOf(agents, more));
  worlds.push(world);
  await world.begin();
  return world;
}

/** Writes another file, and takes it over as its owner does who is asked first. */
function reload(world: RoomWorld, file: string) {
  world.rewrite(file);
  const { reloads } = world.rooms;
  const outcome = reloads.reload('owner:1');
  return outcome.kind === 'ask' ? reloads.reload('owner:1', outcome.hash) : outcome;
}

/** Rows of what is due, what holds and what is open, without what tells one incarnation from another. */
function rowsOf({ storage, rooms }: RoomWorld) {
  return {
    waiting: storage.dues.waiting().map(({ agent, dueAt, cause }) => ({ agent, dueAt, cause })),
    holds: storage.holds.active().map(({ agent, kind, subject }) => ({ agent, kind, subject })),
    incidents: rooms.incidents.unresolved().map(({ incident }) => incident.fingerprint),
    credentials: storage.credentials.all().map(({ name, state }) => ({ name, state })),
  };
}

describe('a reload', () => {
  it('lets what runs go on, and the next due time follow the new schedule', async () => {
    const world = await begin({ scout: 'schedule: every 1h' });
    const [before] = world.running();
    await world.advance(10 * MINUTE);

    expect(reload(world, fleetOf({ scout: 'schedule: every 30m' })).kind).toBe('taken');
    await world.settle();

    expect(world.running()).toEqual([before]);
    expect(before?.signals).toEqual([]);
    expect(world.storage.dues.waiting().map(({ dueAt }) => dueAt - world.now())).toEqual([20 * MINUTE]);
  });

  it('invents no due time when the new schedule would have called for many since the last run', async () => {
    const world = await begin({ scout: 'schedule: every 4h' });
    world.running()[0]?.exits(0);
    await world.advance(2 * HOUR);

    reload(world, fleetOf({ scout: 'schedule: every 5m' }));
    await world.settle();

    expect(world.named('scout')).toHaveLength(2);
    expect(world.receipts('scout')).toEqual(['ran', 'ran']);
  });

  it.for(['every 5m', '"*/5 * * * *"'])(
    'invents none either for who waits for its turn meanwhile: %s',
    async (schedule) => {
      const agents = { other: 'schedule: every 12h', scout: 'schedule: every 4h' };
      const world = await begin(agents, 'concurrency: 1\n');
      for (const name of ['other', 'scout']) {
        world.named(name)[0]?.exits(0);
        await world.settle();
      }
      await world.advance(HOUR);
      world.storage.transaction(() => world.storage.dues.wait('other', world.now(), 'owner'));
      await world.settle();
      world.storage.transaction(() => world.storage.dues.wait('scout', world.now(), 'owner'));
      await world.settle();

      reload(world, fleetOf({ ...agents, scout: `schedule: ${schedule}` }, 'concurrency: 1\n'));
      await world.advance(MINUTE);
      world.running()[0]?.exits(0);
      await world.settle();
      world.running()[0]?.exits(0);
      await world.advance(6 * MINUTE);

      expect(world.receipts('scout').filter((receipt) => receipt.startsWith('missed'))).toEqual([]);
    },
  );

  it('begins an expression at the time of its taking over', async () => {
    const world = await begin({ scout: 'schedule: every 1h' });
    world.running()[0]?.exits(0);
    await world.advance(30 * MINUTE);

    reload(world, fleetOf({ scout: 'schedule: "*/10 * * * *"' }));
    await world.advance(0);

    expect(world.storage.dues.waiting().map(({ dueAt }) => dueAt - world.now())).toEqual([10 * MINUTE]);
    expect(world.receipts('scout')).toEqual(['ran']);
  });

  it('starts an agent that is new as a start does', async () => {
    const world = await begin({ scout: 'schedule: every 1h' });

    reload(world, fleetOf({ scout: 'schedule: every 1h', writer: 'schedule: every 1h' }));
    await world.settle();

    expect(world.running().map(({ name }) => name)).toEqual(['scout', 'writer']);
  });

  it('asks first, and changes nothing meanwhile, when an agent is gone', async () => {
    const world = await begin({ scout: 'schedule: every 1h', writer: 'schedule: every 1h' });
    world.rewrite(fleetOf({ scout: 'schedule: every 1h' }));

    const outcome = world.rooms.reloads.reload('owner:1');
    await world.settle();

    expect(outcome).toMatchObject({ kind: 'ask', changes: [{ text: 'agent writer', takesAway: true }] });
    expect(world.fleet.agents.has('writer')).toBe(true);
    expect(world.running()).toHaveLength(2);
    expect(world.storage.fleetLoads.last()?.how).toBe('start');
  });

  it('ends what a removed agent had: its run, its due time, its holds, its incidents', async () => {
    const world = await begin({ scout: 'schedule: every 1h', writer: 'schedule: every 1h' });
    const writer = world.named('writer')[0];
    world.rooms.holds.pause('writer', 'owner:1', undefined, false);
    world.rooms.incidents.report({
      kind: 'crash',
      fingerprint: 'crash:writer',
      subject: 'writer',
      severity: 'critical',
      title: 'writer failed',
      evidence: 'x',
      agents: ['writer'],
    });

    const outcome = reload(world, fleetOf({ scout: 'schedule: every 1h' }));
    await world.advance(SECOND);

    expect(outcome).toMatchObject({ kind: 'taken', toKnow: ['writer is being stopped.'] });
    expect(writer?.signals).toEqual(['SIGTERM']);
    expect(world.storage.runs.lastOf('writer')).toMatchObject({ state: 'stopped', failure: null });
    expect(world.storage.dues.waitingOf('writer')).toBeUndefined();
    expect(world.holds()).toEqual([]);
    expect(world.rooms.incidents.unresolved()).toEqual([]);
    await world.advance(2 * HOUR);
    expect(world.named('writer')).toHaveLength(1);
  });

  it('leaves a receipt when a due time that had come is given up with its agent', async () => {
    const world = await begin({ scout: 'schedule: every 1h', writer: 'schedule: every 1h' }, 'concurrency: 1\n');
    expect(world.running()).toHaveLength(1);
    const waiting = world.storage.dues.waiting().find(({ dueAt }) => dueAt <= world.now())?.agent ?? '';
    const other = waiting === 'scout' ? 'writer' : 'scout';

    reload(world, fleetOf({ [other]: 'schedule: every 1h' }, 'concurrency: 1\n'));

    expect(world.receipts(waiting)).toEqual(['skipped: removed from fleet.yaml']);
  });

  it('keeps the tasks of a removed agent, and tells of them', async () => {
    const world = await begin({ scout: 'schedule: every 1h', writer: 'on: task' });
    const run = world.storage.runs.aliveOf('scout');
    world.rooms.tasks.add(
      { run: run?.id ?? 0, agent: 'scout' },
      { for: 'writer', title: 'A letter', brief: 'Write.', phases: [] },
    );

    const outcome = reload(world, fleetOf({ scout: 'schedule: every 1h' }));

    expect(outcome.kind === 'taken' && outcome.toKnow.join(' ')).toContain(
      '1 task of writer stays, and nobody does it.',
    );
    expect(world.storage.tasks.countOpenOf('writer')).toBe(1);
  });

  it('frees the agents of a credential that is gone, and knows nothing of it when it comes back', async () => {
    const credentials = 'credentials: { mail: {} }\n';
    const world = await begin({ scout: 'schedule: every 1h, credentials: [mail]' }, credentials);
    world.running()[0]?.says('AUTH_FAILED: token expired\n');
    await world.settle();
    world.running()[0]?.exits(77);
    await world.settle();
    expect(world.holds()).not.toEqual([]);

    reload(world, fleetOf({ scout: 'schedule: every 1h' }));
    await world.settle();

    expect(world.holds()).toEqual([]);
    expect(world.rooms.incidents.unresolved()).toEqual([]);
    expect(world.storage.credentials.get('mail')).toMatchObject({ state: 'unknown', checkWantedAt: null });
    expect(world.shown().some(({ text }) => text.includes('works again'))).toBe(false);
    expect(world.shown().at(-1)?.text).toContain('mail is not in fleet.yaml any more.');
  });

  it('leaves the drafts of a publisher that is gone on the desk, where they can be decided', async () => {
    const agents = { scout: 'schedule: every 1h' };
    const world = await begin({ ...agents, mouth: 'publishes: [reply]' });
    const run = world.storage.runs.aliveOf('scout')?.id ?? 0;
    const { desk } = world.rooms;
    const [early, late] = ['one', 'two'].map((body) =>
      desk.submit({ agent: 'scout', run, kind: 'reply', to: '@ada', body }),
    );
    world.rooms.holds.pause('mouth', 'owner:1', undefined, false);
    desk.approve(early?.kind === 'accepted' ? early.id : 0, 1, 'owner:1');
    await world.settle();

    reload(world, fleetOf(agents));
    await world.settle();
    desk.approve(late?.kind === 'accepted' ? late.id : 0, 1, 'owner:1');
    await world.advance(5 * SECOND);

    const cards = world.shown().filter(({ key }) => key.startsWith('draft:'));
    expect(cards).toHaveLength(2);
    for (const { text } of cards) expect(text).toContain('nobody publishes "reply" in this fleet');
  });

  it('leaves what a start with the file leaves when it crashes before it is in force', async () => {
    const agents = { scout: 'schedule: every 1h' };
    const world = await begin(agents);
    world.running()[0]?.exits(0);
    await world.advance(20 * MINUTE);
    reload(world, fleetOf({ ...agents, writer: 'schedule: every 1h' }));

    await world.crash();

    expect([...world.fleet.agents.keys()]).toEqual(['scout', 'writer']);
    expect(world.running().map(({ name }) => name)).toContain('writer');
    expect(world.storage.fleetLoads.last()).toMatchObject({ how: 'start', changes: '[]' });
  });

  it('says hello in the chat to which everything goes from then on', async () => {
    const world = await begin({ scout: 'schedule: every 1h' });
    const hello = () =>
      world.storage.outbox.due(Number.MAX_SAFE_INTEGER, 100).filter(({ key }) => key.startsWith('moved-here:'));

    reload(world, fleetOf({ scout: 'schedule: every 2h' }));
    expect(hello()).toEqual([]);
    reload(world, fleetOf({ scout: 'schedule: every 2h' }).replace('[1]', '[2, 1]'));

    expect(hello().map(({ chatId }) => chatId)).toEqual([2]);
  });

  it('refuses the file as a whole when one of its keys needs a restart', async () => {
    const world = await begin({ scout: 'schedule: every 1h' });
    world.rewrite(fleetOf({ scout: 'schedule: every 2h' }).replace('UTC', 'Europe/Berlin'));

    expect(world.rooms.reloads.reload('owner:1')).toEqual({ kind: 'fixed', keys: ['timezone'] });
    expect(world.fleet.agents.get('scout')?.schedule).toEqual({ kind: 'every', everyMs: HOUR });
    expect(world.storage.fleetLoads.last()?.how).toBe('start');
  });

  it('changes nothing when the file is bad, or the one that was confirmed is another by now', async () => {
    const world = await begin({ scout: 'schedule: every 1h', writer: 'schedule: every 1h' });
    world.rewrite(fleetOf({ scout: 'schedule: evry 1h' }));
    expect(world.rooms.reloads.reload('owner:1')).toMatchObject({
      kind: 'bad',
      problems: [expect.stringContaining('agents.scout.schedule')],
    });
    world.rewrite(fleetOf({ scout: 'schedule: every 1h' }));
    const asked = world.rooms.reloads.reload('owner:1');
    world.rewrite(fleetOf({ writer: 'schedule: every 1h' }));

    expect(world.rooms.reloads.reload('owner:1', asked.kind === 'ask' ? asked.hash : '')).toEqual({ kind: 'stale' });
    expect([...world.fleet.agents.keys()]).toEqual(['scout', 'writer']);
  });

  it('says since when the file is in force, and by whom, when nothing changed', async () => {
    const world = await begin({ scout: 'schedule: every 1h' });
    const file = fleetOf({ scout: 'schedule: every 2h' });
    reload(world, file);
    await world.advance(MINUTE);

    expect(reload(world, file)).toMatchObject({ kind: 'same', last: { how: 'reload', actor: 'you' } });
    expect(JSON.parse(world.storage.fleetLoads.last()?.changes ?? '[]')).toEqual([
      'changed: agents.scout.schedule: every 1h → every 2h',
    ]);
  });

  it('is not in force when the transaction around it fails', async () => {
    const world = await begin({ scout: 'schedule: every 1h' });
    world.rewrite(fleetOf({ scout: 'schedule: every 2h' }));

    expect(() =>
      world.storage.transaction(() => {
        world.rooms.reloads.reload('owner:1');
        throw new Error('no room for the reply');
      }),
    ).toThrow('no room for the reply');

    expect(world.fleet.agents.get('scout')?.schedule).toEqual({ kind: 'every', everyMs: HOUR });
    expect(world.rooms.reloads.reload('owner:1').kind).toBe('taken');
    expect(world.fleet.agents.get('scout')?.schedule).toEqual({ kind: 'every', everyMs: 2 * HOUR });
  });

  it.for<readonly [what: string, after: string]>([
    ['a schedule', fleetOf({ scout: 'schedule: every 7m', writer: 'schedule: "0 12 * * *"' })],
    ['an expression', fleetOf({ scout: 'schedule: "*/15 * * * *"', writer: 'schedule: "0 13 * * *"' })],
    ['active hours', fleetOf({ scout: 'schedule: every 1h, active: "14:00-18:00"', writer: 'schedule: "0 12 * * *"' })],
    ['an agent that is gone', fleetOf({ writer: 'schedule: "0 12 * * *"' })],
    ['one that waits for tasks now', fleetOf({ scout: 'on: task', writer: 'schedule: "0 12 * * *"' })],
    ['a new name', fleetOf({ looker: 'schedule: every 1h', writer: 'schedule: "0 12 * * *"' })],
    [
      'a credential',
      fleetOf(
        { scout: 'schedule: every 1h, credentials: [mail]', writer: 'schedule: "0 12 * * *"' },
        'credentials: { mail: {} }\n',
      ),
    ],
  ])('leaves the rows that a restart with the changed file leaves: %s', async ([, after]) => {
    const agents = { scout: 'schedule: every 1h', writer: 'schedule: "0 12 * * *"' };
    const [reloaded, restarted] = [await begin(agents), await begin(agents)];
    for (const world of [reloaded, restarted]) {
      world.running()[0]?.exits(0);
      await world.advance(20 * MINUTE);
    }

    reload(reloaded, after);
    restarted.rewrite(after);
    await restarted.crash();
    for (const world of [reloaded, restarted]) await world.advance(0);

    expect(rowsOf(reloaded)).toEqual(rowsOf(restarted));
    expect(reloaded.receipts('scout')).toEqual(restarted.receipts('scout'));
  });
});

describe('SIGHUP', () => {
  it('opens an incident for a bad file, and the next good one ends it', async () => {
    const world = await begin({ scout: 'schedule: every 1h' });
    world.rewrite(`${HEAD}agents: { scout: { runtime: comand } }\n`);

    expect(await world.rooms.reloads.hangUp()).toContain('not valid');
    expect(world.rooms.incidents.unresolved().map(({ incident }) => incident.kind)).toEqual(['config']);
    world.rewrite(fleetOf({ scout: 'schedule: every 2h' }));
    expect(await world.rooms.reloads.hangUp()).toBe('taken over: 1 change');

    expect(world.rooms.incidents.unresolved()).toEqual([]);
    expect(world.storage.fleetLoads.last()).toMatchObject({ how: 'signal', actor: 'SIGHUP' });
    expect(world.shown().at(-2)?.text).toContain('Recovered: fleet.yaml is valid again');
    expect(world.shown().at(-1)?.text).toContain('SIGHUP on the host. fleet.yaml is taken over');
  });

  it('asks on the phone when the file takes something away', async () => {
    const world = await begin({ scout: 'schedule: every 1h', writer: 'schedule: every 1h' });
    world.rewrite(fleetOf({ scout: 'schedule: every 1h' }));

    await world.rooms.reloads.hangUp();

    expect(world.shown().at(-1)).toMatchObject({
      text: expect.stringContaining('➖ agent writer'),
      buttons: ['Take it over', 'Leave it'],
    });
    expect(world.running()).toHaveLength(2);
  });
});
