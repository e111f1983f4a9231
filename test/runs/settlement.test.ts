import { beforeEach, describe, expect, it } from 'vitest';
import { createSettlingWorld, type SettlingWorld } from './settling-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let world: SettlingWorld;

beforeEach(() => {
  world = createSettlingWorld(`timezone: UTC
telegram: { owners: [1] }
credentials: { claude: {}, mail: {}, openai: {} }
defaults: { prompt: ./prompts/scout.md, schedule: every 5m }
agents:
  ada: { runtime: claude, credentials: [mail, claude] }
  bob: { runtime: claude, credentials: [claude] }
  cyd: { runtime: codex, credentials: [openai] }
  dan: { runtime: command, command: [/bin/true] }
  eve:
    runtime: codex
    credentials: [openai]
    failure_modes:
      - { tool: codex, on: rate-limit, then: { wait: 90s, retry: 2, else: alert } }
      - { tool: codex, on: other, then: skip }
`);
});

const unknown = { failure: 'unknown', evidence: 'the flux is inverted (7)', fingerprint: 'the flux is inverted (N)' };

describe('failures that no rule knows', () => {
  it('are one incident, in the place of those of each agent, when two agents fail alike within ten minutes', async () => {
    world.end('ada', unknown);
    expect(world.open()).toEqual(['crash:ada']);
    await world.clock.pass(9 * MINUTE);

    world.end('cyd', { ...unknown, evidence: 'the flux is inverted (8)' });

    const incident = world.incident('unknown:the flux is inverted (N)');
    expect(world.open()).toEqual(['unknown:the flux is inverted (N)']);
    expect(incident).toMatchObject({ kind: 'unknown', severity: 'critical', agents: ['ada', 'cyd'] });
    expect(incident).toMatchObject({ title: '2 agents fail in the same way', evidence: 'the flux is inverted (8)' });
    expect(world.messages()).toHaveLength(2);
    expect(JSON.stringify(world.messages())).toContain('It still fails, as others do');
  });

  it('say nothing of an agent that joins, but in the one message', async () => {
    world.end('ada', unknown);
    world.end('cyd', unknown);
    world.end('dan', { ...unknown, failure: 'crash' });

    expect(world.incident('unknown:the flux is inverted (N)')).toMatchObject({
      title: '3 agents fail in the same way',
      agents: ['ada', 'cyd', 'dan'],
    });
    expect(world.messages()).toHaveLength(2);
  });

  it('are told of an agent alone when it fails alike long after the others', async () => {
    world.end('ada', unknown);
    world.end('cyd', unknown);
    await world.clock.pass(11 * MINUTE);

    world.end('dan', { ...unknown, failure: 'crash' });

    expect(world.open().toSorted()).toEqual(['crash:dan', 'unknown:the flux is inverted (N)']);
  });

  it('are an incident of one agent when it fails alike for the third time', () => {
    world.end('ada', unknown);
    world.end('ada', unknown);
    expect(world.open()).toEqual(['crash:ada']);

    world.end('ada', unknown);

    expect(world.open()).toEqual(['unknown:the flux is inverted (N)']);
    expect(world.incident('unknown:the flux is inverted (N)')).toMatchObject({
      title: 'ada fails in the same way again and again',
      severity: 'warning',
    });
  });

  it.each([
    ['the second comes later than ten minutes after the first', 11 * MINUTE, unknown],
    ['they look different', 0, { ...unknown, fingerprint: 'something else' }],
    ['they are bare exits', 0, { ...unknown, failure: 'crash', fingerprint: null }],
  ])('stay each an incident of its own when %s', async (_case, passMs, second) => {
    world.end('ada', passMs === 0 && second.fingerprint === null ? second : unknown);
    await world.clock.pass(passMs);
    world.end('cyd', second);

    expect(world.open().toSorted()).toEqual(['crash:ada', 'crash:cyd']);
  });

  it('stay the crash of one agent, however alike, where the failure is a plain crash', () => {
    for (let n = 0; n < 4; n += 1) world.end('dan', { ...unknown, failure: 'crash' });

    expect(world.open()).toEqual(['crash:dan']);
    expect(world.incident('crash:dan')?.times).toBe(4);
  });

  it('are over when all their agents have run well again', async () => {
    world.end('ada', unknown);
    world.end('cyd', unknown);
    await world.clock.pass(MINUTE);

    world.endWell('ada');
    expect(world.open()).toEqual(['unknown:the flux is inverted (N)']);
    world.endWell('cyd');

    expect(world.open()).toEqual([]);
    expect(world.messages().at(-1)).toContain('They all ran well again.');
  });

  it('hold nobody for good while several agents have them, since no agent is at fault', async () => {
    for (let n = 0; n < 8; n += 1) {
      world.end('ada', unknown);
      world.end('cyd', unknown);
      await world.clock.pass(MINUTE);
    }

    expect(world.open()).toEqual(['unknown:the flux is inverted (N)']);
    expect(world.holds().every((hold) => hold.includes('backoff'))).toBe(true);
  });

  it('give way to the crash loop of the only agent that has them', () => {
    for (let n = 0; n < 6; n += 1) world.end('ada', unknown);

    expect(world.open()).toEqual(['crash-loop:ada']);
  });
});

describe('usage limits', () => {
  it('stand when a run of before only shows that the vendor is not too busy any more', async () => {
    world.end('ada', { failure: 'overloaded', evidence: '529' });
    await world.clock.pass(6 * MINUTE);
    const earlier = world.begin('bob');
    await world.clock.pass(1);
    world.end('ada', limit(40));

    world.endWell(earlier);

    expect(world.open()).toEqual(['limit:claude']);
    expect(world.storage.holds.active().map(({ agent }) => agent)).toContain('bob');
    await world.clock.pass(1);
    expect(world.storage.holds.expire(world.clock.now())).toEqual([]);
  });

  const limit = (minutes: number) => ({
    failure: 'rate-limit',
    evidence: "You've hit your limit",
    retryAt: world.clock.now() + minutes * MINUTE,
  });

  it('hold every agent of the credential until the time that the vendor names, in one message', () => {
    world.end('ada', limit(40));

    expect(world.holds()).toEqual([`ada backoff ${40 * MINUTE}`, `bob backoff ${40 * MINUTE}`]);
    expect(world.incident('limit:claude')).toMatchObject({
      kind: 'limit',
      severity: 'warning',
      title: 'Usage limit of claude until 08:40',
      agents: ['ada', 'bob'],
    });
    expect(world.open()).toEqual(['limit:claude']);
  });

  it('spread the return of the agents over some seconds', () => {
    const spread = createSettlingWorld(
      'telegram: { owners: [1] }\nagents:\n  ada: { runtime: claude, prompt: ./prompts/scout.md, schedule: every 5m }\n',
      0.5,
    );

    spread.end('ada', { failure: 'rate-limit', retryAt: spread.clock.now() + HOUR });

    expect(spread.holds()).toEqual([`ada backoff ${HOUR + 5_000}`]);
  });

  it('hold for a day at most, and for ten seconds at least', () => {
    world.end('cyd', limit(7 * 24 * 60));
    expect(world.holds()).toContain(`cyd backoff ${24 * HOUR}`);

    world.end('ada', limit(-5));
    expect(world.holds()).toContain('ada backoff 10000');
  });

  it('are no crash loop, however often they come, and are no part of a later one', () => {
    for (let n = 0; n < 8; n += 1) world.end('ada', limit(40 + n));
    expect(world.open()).toEqual(['limit:claude']);

    world.end('ada', { failure: 'crash', evidence: 'exit code 1' });
    expect(world.holds().some((hold) => hold.includes('crash-loop'))).toBe(false);
  });

  it('are not cut short by a shorter pause, nor by the end of a run that began before them', async () => {
    const early = world.begin('bob');
    await world.clock.pass(MINUTE);
    world.end('ada', limit(40));

    world.endWell(early);
    expect(world.holds()).toContain(`bob backoff ${40 * MINUTE}`);
    expect(world.open()).toEqual(['limit:claude']);

    world.end('bob', { failure: 'crash', evidence: 'exit code 1' });
    expect(world.holds()).toContain(`bob backoff ${40 * MINUTE}`);
  });

  it('are over without a message of their own when a run goes well again', async () => {
    world.end('ada', limit(40));
    await world.clock.pass(MINUTE);

    world.endWell('ada');

    expect(world.open()).toEqual([]);
    expect(world.holds()).toEqual(['bob backoff 0']);
    expect(world.messages()).toHaveLength(1);
  });
});

describe('busy models', () => {
  it('are tried again after five minutes, then ten, up to an hour, and told once for each credential', () => {
    const pauses: string[] = [];
    for (let n = 0; n < 6; n += 1) {
      world.end('bob', { failure: n % 2 === 0 ? 'overloaded' : 'rate-limit', evidence: '529' });
      pauses.push(world.holds()[0] ?? '');
    }

    expect(pauses).toEqual([5, 10, 20, 40, 60, 60].map((minutes) => `bob backoff ${minutes * MINUTE}`));
    world.end('ada', { failure: 'overloaded', evidence: '529' });
    expect(world.open()).toEqual(['busy:claude']);
    expect(world.incident('busy:claude')?.agents).toEqual(['ada', 'bob']);
  });

  it('are over when a run goes well again', async () => {
    world.end('bob', { failure: 'overloaded', evidence: '529' });
    await world.clock.pass(5 * MINUTE);
    world.endWell('bob');

    expect(world.open()).toEqual([]);
    expect(world.holds()).toEqual([]);
  });

  it('leave a command that asks for patience to its own short pauses', () => {
    world.end('dan', { failure: 'overloaded', evidence: 'later' });

    expect(world.holds()).toEqual(['dan backoff 10000']);
    expect(world.open()).toEqual(['crash:dan']);
  });
});

describe("failure modes on the runtime's own name", () => {
  it('wait exactly as long as they say, as often as they say, before anybody is told', () => {
    const busy = { failure: 'rate-limit', evidence: '429' };
    world.end('eve', busy);
    expect(world.holds()).toEqual(['eve backoff 90000']);
    world.end('eve', busy);
    expect(world.open()).toEqual([]);

    world.end('eve', busy);

    expect(world.open()).toEqual(['busy:openai']);
  });

  it('skip: the agent runs when it is due, and nobody is told', () => {
    for (let n = 0; n < 8; n += 1) world.end('eve', { failure: 'timeout', evidence: 'no answer' });

    expect(world.holds()).toEqual([]);
    expect(world.open()).toEqual([]);
  });

  it('begin anew after a run that went well', () => {
    const busy = { failure: 'overloaded', evidence: '529' };
    world.end('eve', busy);
    world.end('eve', busy);
    world.endWell('eve');

    world.end('eve', busy);

    expect(world.open()).toEqual([]);
    expect(world.holds()).toEqual(['eve backoff 90000']);
  });
});

describe('a run that is settled', () => {
  it('takes back what it asked its owner', () => {
    const run = world.begin('ada');

    world.endWell(run);

    expect(world.withdrawn).toEqual([run.id]);
  });
});
