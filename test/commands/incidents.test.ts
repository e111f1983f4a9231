import { beforeEach, describe, expect, it } from 'vitest';
import { createBotWorld, SECOND_OWNER } from '../telegram/bot-world.ts';
import { trouble } from '../incidents/incident-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const AUTH = trouble('claude', {
  kind: 'auth',
  fingerprint: 'auth:claude',
  severity: 'critical',
  title: 'claude is dead',
  agents: ['scout'],
});

let world: ReturnType<typeof createBotWorld>;

beforeEach(() => {
  world = createBotWorld();
});

describe('/incidents', () => {
  it('says that nothing is open', async () => {
    expect(await world.says('/incidents')).toBe('🟢 No incident is open');
  });

  it('lists what is open, worst first, with age, agents, what Telegram showed and the fallback told, and what is over', async () => {
    const { incidents, storage } = world.rooms;
    incidents.report(trouble('writer'));
    incidents.report(trouble('old'));
    incidents.report(AUTH);
    incidents.report(trouble('scout', { kind: 'heartbeat', severity: 'critical' }));
    world.deliver('incident:3');
    await world.clock.pass(5 * MINUTE);
    storage.transaction(() => storage.incidents.fellBack(3, world.clock.now()));
    incidents.resolve('report:old', 'Well.');

    const said = (await world.says('/incidents'))?.split('\n') ?? [];

    expect(said[0]).toBe('3 open incidents');
    expect(said[1]).toBe('🔴 #3 claude is dead');
    expect(said[2]).toMatch(/for 5 min · scout · shown 13:00 · fallback told 13:05$/);
    expect(said[3]).toMatch(/^🔴 #4 /);
    expect(said[4]).toMatch(/not told: follows from #3$/);
    expect(said[5]).toMatch(/^🟠 #1 /);
    expect(said[6]).toMatch(/for 5 min · writer · not shown yet, waiting for 5 min$/);
    expect(said.slice(-1)[0]).toMatch(/^🟢 #2 .* · lasted 5 min, over for 0 s$/);
  });

  it('with a number sends that card again, with buttons that work', async () => {
    world.rooms.incidents.report(AUTH);

    const said = await world.says('/incidents #1');
    const { answer } = await world.presses(world.buttonOfReply('Ack'));

    expect(said).toContain('🔴 claude is dead');
    expect(answer?.text).toBe('Acknowledged.');
    expect(world.rooms.storage.incidents.get(1)?.state).toBe('acknowledged');
  });

  it.each(['99', 'x', '1 2', '-1'])('of "%s" says in one line that there is none', async (argument) => {
    const said = await world.says(`/incidents ${argument}`);

    expect(said).toMatch(/\/incidents/);
    expect(said?.split('\n')).toHaveLength(1);
  });

  it('counts the agents of an incident whose names do not all fit', async () => {
    const agents = ['analyst', 'creator', 'inbound-engager', 'outbound-engager', 'publisher', 'scout'];
    world.rooms.incidents.report({ ...AUTH, agents });

    expect(await world.says('/incidents')).toContain(' · 6 agents · ');
  });

  it('of a hundred fits into one message', async () => {
    for (let n = 1; n <= 100; n += 1)
      world.rooms.incidents.report(trouble(`agent-${n}`, { title: 'x'.repeat(400), agents: ['y'.repeat(200)] }));

    const said = await world.says('/incidents');

    expect(said?.length).toBeLessThan(4_096);
    expect(said).toContain('… and 85 more');
  });
});

describe('/ack', () => {
  it('acknowledges the only one without being told which', async () => {
    world.rooms.incidents.report(AUTH);

    expect(await world.says('/ack')).toBe('Acknowledged: #1.');
    expect(await world.says('/ack')).toBe('Nothing waits to be acknowledged.');
    expect(await world.says('/ack 1')).toBe('#1 needs no acknowledgement: it has one, or it is over.');
  });

  it('asks which one where there are several, and takes a number or all', async () => {
    for (const name of ['a', 'b', 'c']) world.rooms.incidents.report(trouble(name));

    expect(await world.says('/ack')).toBe('Which one? /ack 1, /ack 2, /ack 3, or /ack all');
    expect(await world.says('/ack 2')).toBe('Acknowledged: #2.');
    expect(await world.says('/ack all', { from: SECOND_OWNER })).toBe('Acknowledged: 2 incidents.');
    expect(await world.says('/ack 9')).toBe('There is no incident 9. Those that there are: /incidents');
    expect(await world.says('/ack now')).toBe('Please say it like this: /ack, /ack 12, or /ack all');
  });
});

describe('/silence', () => {
  it('of an agent takes the sound off what comes, is listed, and ends with off', async () => {
    expect(await world.says('/silence scout 2h')).toMatch(/^🔕 What is about scout is silenced until 15:00\./);
    world.rooms.incidents.report(AUTH);

    expect(world.rooms.storage.outbox.get('incident:1')?.silent).toBe(1);
    expect(await world.says('/silence')).toBe(
      '🔕 Silenced\nscout until 15:00\n#1 until 15:00\nTo end it: /silence off',
    );
    expect(await world.says('/status')).toContain('🔕 Silenced until 15:00: scout');
    expect(await world.says('/silence off')).toBe('🔔 Nothing is silenced any more.');
    expect(await world.says('/silence off')).toBe('Nothing was silenced.');
    expect(await world.says('/status')).not.toContain('🔕');
  });

  it('of a number silences that incident only', async () => {
    world.rooms.incidents.report(AUTH);

    expect(await world.says('/silence 1 30m')).toBe('🔕 #1 is silenced until 13:30.');
    expect(world.rooms.storage.incidents.get(1)?.silencedUntil).toBe(world.clock.now() + 30 * MINUTE);
    expect(world.rooms.storage.silences.active(world.clock.now())).toEqual([]);
    expect(await world.says('/silence 7 30m')).toBe('No incident 7 is open. Those that are: /incidents');
  });

  it('of all says how many open ones it took in', async () => {
    world.rooms.incidents.report(AUTH);

    expect(await world.says('/silence ALL 1h30m')).toMatch(
      /^🔕 All incidents are silenced until 14:30, and with it 1 open incident\. All is still recorded: \/incidents\./,
    );
  });

  it.each([
    ['scout', /^Please say it like this/],
    ['scout 2', /^For how long\? Please give a .*"2s" or "2m"/],
    ['scout soon', /^For how long\?/],
    ['scout 8d', /^A silence lasts 7 d at most/],
    ['scout 2h please', /^Please say it like this/],
    ['nobody 2h', /^I know no kind, agent or credential "nobody"/],
  ])('"%s" is answered in one line that helps', async (argument, expected) => {
    const said = await world.says(`/silence ${argument}`);

    expect(said).toMatch(expected);
    expect(said?.split('\n')).toHaveLength(1);
    expect(world.rooms.storage.silences.active(world.clock.now())).toEqual([]);
  });
});

describe('buttons of an incident', () => {
  it('Silence, pressed twice, is one silence of two hours, and ends by its own button', async () => {
    world.rooms.incidents.report(AUTH);
    const on = world.button('incident:1', 'Silence');

    const first = await world.presses(on);
    await world.clock.pass(MINUTE);
    const again = await world.presses(on);
    const until = world.rooms.storage.incidents.get(1)?.silencedUntil;
    const off = await world.presses(world.button('incident:1', 'End silence'));

    expect(first.answer?.text).toBe('Silenced for 2 h: no repeats, no fallback.');
    expect(again.answer?.text).toBe('Silenced for 2 h: no repeats, no fallback.');
    expect(until).toBe(world.clock.now() + 2 * HOUR);
    expect(off.answer?.text).toBe('It may repeat again.');
    expect(world.rooms.storage.incidents.get(1)?.silencedUntil).toBeNull();
  });

  it('Restart ends the run and makes its agent due at once', async () => {
    const { storage, incidents } = world.rooms;
    const run = storage.transaction(() =>
      storage.runs.add({
        agent: 'scout',
        cause: 'schedule',
        publicationId: null,
        wantedAt: world.clock.now(),
        generations: '{}',
      }),
    );
    incidents.report(trouble('scout', { kind: 'stuck', severity: 'critical' }));

    const { answer } = await world.presses(world.button('incident:1', 'Restart'));
    const again = await world.presses(world.button('incident:1', 'Restart'));

    expect(answer?.text).toBe('scout is stopped, and starts anew.');
    expect(again.answer?.text).toBe('scout is being stopped already; then it starts anew.');
    expect(storage.runs.get(run)?.stopReason).toBe('restart wanted by Ada');
    expect(storage.dues.waitingOf('scout')).toMatchObject({ cause: 'owner', dueAt: world.clock.now() });
  });

  it('Ack of a storm is not the Ack of its first incident', async () => {
    for (let n = 1; n <= 6; n += 1) world.rooms.incidents.report(trouble(`n${n}`));
    const data = world.button('storm:4', 'Ack all');

    const { answer } = await world.presses(data);
    const late = await world.presses(data);

    expect(answer?.text).toBe('Acknowledged: 3 incidents.');
    expect(late.answer?.text).toBe('They were acknowledged already, or are over.');
    expect(world.rooms.storage.incidents.get(1)?.state).toBe('firing');
  });

  it('mend a login that is told in a message about many', async () => {
    for (const name of ['a', 'b', 'c', 'd']) world.rooms.incidents.report(trouble(name, { severity: 'critical' }));
    world.rooms.incidents.report(AUTH);

    await world.presses(world.button('storm:5', 'Re-auth claude'));

    expect(world.rooms.storage.logins.open()).toMatchObject([{ credential: 'claude', state: 'wanted' }]);
  });

  it('of an older message act on the same incident, or say that it is over', async () => {
    world.rooms.incidents.report(AUTH);
    const old = world.button('incident:1', 'Ack');
    world.rooms.incidents.remind('auth:claude');

    const { answer } = await world.presses(old);
    const card = world.textOf('incident:1:r1');
    world.rooms.incidents.resolve('auth:claude', 'Well.');
    const late = await world.presses(old);

    expect(card).toContain('acknowledged');
    expect(answer?.text).toBe('Acknowledged.');
    expect(late.answer?.text).toBe('That is over already.');
  });
});
