import { aClaim } from '../fakes/agents.ts';
import { expect, test } from 'vitest';
import { createBotWorld, OWNER } from '../telegram/bot-world.ts';

const MINUTE = 60_000;

function proveAll(world: ReturnType<typeof createBotWorld>): void {
  const { storage } = world.rooms;
  for (const agent of world.fleet.agents.keys()) {
    storage.transaction(() => {
      const id = storage.runs.add({
        agent,
        cause: 'schedule',
        publicationId: null,
        wantedAt: world.clock.now(),
        generations: '{}',
      });
      storage.runs.claim(id, aClaim({ startedAt: world.clock.now(), tokenHash: agent }));
      storage.runs.settle(id, {
        state: 'done',
        failure: null,
        evidence: null,
        exit: 'exit 0',
        endedAt: world.clock.now(),
      });
    });
  }
}

test('/status of a fleet that has proved nothing is not green', async () => {
  const said = await createBotWorld().says('/status');

  expect(said).not.toContain('🟢');
  expect(said?.split('\n')[0]).toBe('⚪️ I know of nothing wrong, but 4 of 4 agents have proved nothing yet');
  expect(said).toContain('scout · no proof yet');
});

test('/status shows what is green with the age of its proof', async () => {
  const world = createBotWorld();
  proveAll(world);
  await world.clock.pass(3 * MINUTE);

  const said = await world.says('/status');

  expect(said).toContain('🟢 scout · last proof 3 min ago');
});

test('/status says what is wrong first', async () => {
  const world = createBotWorld();
  proveAll(world);
  world.rooms.incidents.report({
    kind: 'auth',
    fingerprint: 'auth:claude',
    subject: 'claude',
    severity: 'critical',
    title: 'claude is dead',
    evidence: '401',
    agents: ['scout'],
  });
  world.rooms.holds.pause('writer', 'owner:1', undefined, false);

  const lines = (await world.says('/status'))?.split('\n') ?? [];

  expect(lines[0]).toMatch(/^🔴 claude is dead · #1/);
  expect(lines.join('\n')).not.toContain('All agents are well');
  expect(lines.findIndex((line) => line.startsWith('⛔️ writer'))).toBeLessThan(
    lines.findIndex((line) => line.startsWith('🟢 scout')),
  );
});

test('/status of a fleet of which some are paused says how many before anything else', async () => {
  const world = createBotWorld();
  await world.says('/pause scout');

  const said = await world.says('/status');

  expect(said).toMatch(/^⛔️ 1 of \d+ agents is held or failed\n/);
});

test('/status of a fleet that its owner paused says so once, and shows no agent as wrong', async () => {
  const world = createBotWorld();
  await world.says('/pause all');
  await world.says('/pause writer');

  const said = (await world.says('/status')) ?? '';

  expect(said).toMatch(/^⏸ All agents are paused: \/resume all\n/);
  expect(said).toMatch(/^⏸ scout · [^·]* ago$|^⏸ scout · no proof yet$/m);
  expect(said).toMatch(/^⛔️ writer · .* · .*paused by Ada/m);
});

test('/status of a fleet that is held for want of room says nothing of a pause, and what still runs', async () => {
  const world = createBotWorld();
  proveAll(world);
  const { storage } = world.rooms;
  storage.transaction(() => {
    const held = { agent: '', subject: '', since: world.clock.now(), until: null } as const;
    storage.holds.place({ ...held, kind: 'disk', reason: 'the disk is nearly full' });
    const id = storage.runs.add({
      agent: 'scout',
      cause: 'schedule',
      publicationId: null,
      wantedAt: world.clock.now(),
      generations: '{}',
    });
    storage.runs.claim(id, aClaim({ startedAt: world.clock.now(), tokenHash: 'alive' }));
  });
  await world.clock.pass(3 * MINUTE);

  const said = await world.says('/status');

  expect(said).not.toContain('paused');
  expect(said).not.toContain('/resume');
  expect(said).toContain('⛔️ scout · still running for 3 min, last proof 3 min ago · the disk is nearly full');
});

test('/why without a name, with an unknown one, and of an agent that only drafts wake', async () => {
  const world = createBotWorld();

  expect(await world.says('/why')).toBe('Which one?');
  expect((await world.presses(world.buttonOfReply('poster'))).answer?.text).toBe('');
  expect(await world.says('/why nobody')).toBe(
    'There is no agent "nobody". There are: scout, writer, thinker, poster.',
  );
  expect(await world.says('/why poster')).toMatch(/runs when there is something to publish/);
});

test('/why shows holds and the last receipts', async () => {
  const world = createBotWorld();
  world.rooms.holds.pause('scout', 'owner:1', 2 * 60 * MINUTE, false);
  const { storage } = world.rooms;
  storage.transaction(() => {
    storage.dues.wait('scout', world.clock.now(), 'schedule');
    storage.dues.skip(storage.dues.waitingOf('scout')!, 'paused by you', world.clock.now());
  });

  const said = await world.says('/why Scout');

  expect(said).toMatch(/Held: paused by owner 1, for 0 s, until 15:00/);
  expect(said).toMatch(/13:00:00: skipped, paused by you/);
});

test('/why shows what the newest run said beside its work, and no older one', async () => {
  const world = createBotWorld();
  const { storage } = world.rooms;
  storage.transaction(() => {
    for (const detail of ['old news', 'the MCP server nightdesk failed']) {
      const wantedAt = world.clock.now();
      const run = storage.runs.add({
        agent: 'scout',
        cause: 'schedule',
        publicationId: null,
        wantedAt,
        generations: '{}',
      });
      storage.journal.add({ at: wantedAt, subject: `run:${run}`, event: 'warning', actor: 'agent:scout', detail });
      storage.runs.settle(run, { state: 'done', failure: null, evidence: null, exit: 'exit 0', endedAt: wantedAt });
    }
  });

  const said = await world.says('/why scout');

  expect(said).toContain('⚠️ Its newest run: the MCP server nightdesk failed');
  expect(said).not.toContain('old news');
});

test.each([
  ['/pause', '⏸ All agents are paused until you send /resume all.'],
  ['/pause all', '⏸ All agents are paused until you send /resume all.'],
  ['/pause 2h', '⏸ All agents are paused for 2 h.'],
  ['/pause scout', '⏸ scout is paused until you send /resume scout.'],
  ['/pause SCOUT 90m', '⏸ scout is paused for 1 h 30 min.'],
  ['/pause scout now', '⏸ scout is paused until you send /resume scout.\nNothing was running.'],
  ['/pause now', '⏸ All agents are paused until you send /resume all.\nNothing was running.'],
])('%s says what it did', async (command, said) => {
  expect(await createBotWorld().says(command)).toBe(said);
});

test.each([
  '/pause nobody',
  '/pause scout tomorrow',
  '/pause scout 2h 3h',
  '/pause scout 0s',
  '/pause scout 2 h',
  '/pause 99999999999h',
])('%s pauses nothing and says how it is done', async (command) => {
  const world = createBotWorld();

  const said = await world.says(command);

  expect(said).toMatch(/There is no agent "nobody"|^Please say it like this: .*$/);
  expect(world.rooms.storage.holds.active()).toEqual([]);
});

test('/pause tells of runs that go on, and with now stops them', async () => {
  const world = createBotWorld();
  const { storage } = world.rooms;
  const id = storage.transaction(() => {
    const run = storage.runs.add({
      agent: 'scout',
      cause: 'schedule',
      publicationId: null,
      wantedAt: 0,
      generations: '{}',
    });
    storage.runs.claim(run, aClaim());
    return run;
  });

  const gentle = await world.says('/pause scout');
  const hard = await world.says('/pause scout now');

  expect(gentle).toContain('One run may finish first.');
  expect(hard).toContain('I am stopping 1 run.');
  expect(storage.runs.get(id)?.stopReason).toBe('paused');
});

test('/resume says what it did and what still holds', async () => {
  const world = createBotWorld();

  expect(await world.says('/resume scout')).toBe('scout was not paused.');
  expect(await world.says('/resume')).toBe('No agent was paused.');
  await world.says('/pause');
  await world.says('/pause scout');
  expect(await world.says('/resume scout')).toBe(
    'Your pause of scout is over. Something else still holds it:\n⛔️ the fleet is paused\nThe pause of all ends with /resume all.',
  );
  expect(await world.says('/resume scout')).toBe(
    'You had not paused scout. What holds it:\n⛔️ the fleet is paused\nThe pause of all ends with /resume all.',
  );
  expect(await world.says('/resume all')).toBe('▶️ All agents may run again.');
  expect(await world.says('/resume nobody')).toMatch(/There is no agent/);
});

test('/drafts of an empty desk', async () => {
  expect(await createBotWorld().says('/drafts')).toBe('📥 No draft waits for you.');
});

test('/drafts of a hundred shows the most urgent one and counts them all', async () => {
  const world = createBotWorld();
  for (let n = 0; n < 100; n += 1)
    world.submit(`text ${n} ${'🙂'.repeat(300)}`, { windowMs: (200 - n) * MINUTE, to: `@${'x'.repeat(200)}` });

  const said = await world.says('/drafts');

  expect(said).toContain('📥 100 drafts for you');
  expect(said).toContain('text 99 ');
  expect(said?.length).toBeLessThanOrEqual(4096);
});

test('/drafts names the drafts of unknown fate', async () => {
  const world = createBotWorld();
  const id = world.submit('x');
  world.database.exec(`UPDATE draft SET state = 'unknown' WHERE id = ${id}`);

  expect(await world.says('/drafts')).toMatch(
    /Of 1 draft I do not know whether it went out: please answer my question about it/,
  );
});

test('/workstate lists who has one, and shows it', async () => {
  const world = createBotWorld({ scout: '# Now\nlooking <b>around</b>' });

  expect(await world.says('/workstate')).toContain('scout: written 60 s ago\nwriter: none');
  expect(await world.says('/workstate scout')).toContain('# Now\nlooking <b>around</b>');
  expect(await world.says('/workstate scout')).toContain('it cannot be kept as a version: WORKSTATE.md has no heading');
  expect(await world.says('/workstate writer')).toBe('writer has written no WORKSTATE.md yet.');
  expect(await world.says('/workstate nobody')).toMatch(/There is no agent/);
  expect(await world.says('/workstate scout please')).toMatch(/You can say/);
  expect(await world.says('/workstate scout now')).toContain('scout is not running: this is what there is.');
});

test('a huge /workstate comes as a file, without the secrets in it', async () => {
  const secret = `sk-ant-${'a'.repeat(40)}`;
  const world = createBotWorld({ scout: `${'x'.repeat(10_000)} ${secret}` });

  await world.says('/workstate scout');

  const content = world.content('reply:1');
  expect(content).toMatchObject({ kind: 'document', name: 'WORKSTATE-scout.md' });
  expect(content?.kind === 'document' && content.content.includes('x'.repeat(10_000))).toBe(true);
  expect(JSON.stringify(content)).not.toContain(secret);
});

test('a /workstate that is empty, or no UTF-8, still is a message that Telegram takes', async () => {
  const world = createBotWorld({ scout: '', writer: Buffer.from([0xff, 0xfe, 0x41]).toString('utf8') });

  const empty = await world.says('/workstate scout');
  const broken = await world.says('/workstate writer');

  expect(empty).toMatch(/scout: WORKSTATE.md\nWritten by scout(?: in run \d+)?, [\d:]+, 60 s ago/);
  expect(broken?.isWellFormed()).toBe(true);
  expect(broken).toContain('A');
});

test('/reauth offers a button for each credential that has a login, dead ones first, and a press starts it', async () => {
  const world = createBotWorld();
  world.rooms.custodian.sign({ agent: 'scout', evidence: '401' });

  await world.says('/reauth');
  const key = world.lastReply();
  const content = world.content(key);
  const buttons = content?.kind === 'text' ? (content.buttons ?? []).flat().map(({ text }) => text) : [];
  const { answer } = await world.presses(world.button(key, 'bank'));
  const forged = await world.presses(world.button(key, 'bank').replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')));

  expect(buttons).toEqual(['🔴 claude', 'bank']);
  expect(answer?.text).toBe('Logging in…');
  expect(world.rooms.storage.logins.open()).toMatchObject([{ credential: 'bank', chatId: OWNER }]);
  expect(forged.answer?.alert).toBe(true);
});

test('/reauth starts a login, and says where none is', async () => {
  const world = createBotWorld();

  expect(await world.says('/reauth Claude')).toBe('🔑 Logging in to claude…');
  expect(await world.says('/reauth claude')).toBe(
    'A login to claude is under way already: its message has a Cancel button.',
  );
  expect(await world.says('/reauth mail')).toMatch(/I have no login program for mail/);
  expect(await world.says('/reauth nobody')).toMatch(/There is no credential "nobody"/);
});

test('/help lists every command', async () => {
  const world = createBotWorld();

  const said = (await world.says('/help')) ?? '';

  for (const { name } of world.rooms.commands.listed) expect(said).toContain(`/${name} – `);
  expect(said).not.toContain('not there yet');
});

test('every command of the menu has a name and a description that Telegram takes', () => {
  const { listed } = createBotWorld().rooms.commands;

  for (const { name, description } of listed) {
    expect(name).toMatch(/^[a-z0-9_]{1,32}$/);
    expect(description.length).toBeGreaterThan(0);
    expect(description.length).toBeLessThanOrEqual(256);
  }
});
