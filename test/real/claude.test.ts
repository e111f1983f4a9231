import { chmodSync, existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { measureReal401 } from '../bench/real-401.ts';
import { agentsUnder } from '../e2e/program.ts';
import type { Program } from '../e2e/program.ts';
import { subscriptionLimit } from '../models/anthropic-server.ts';
import type { ModelAnswer } from '../models/model-server.ts';
import { eventually, findRealCli, openRealFleet, type RealFleet, sentTo, TEST_TIMEOUT_MS } from './stage.ts';

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS, hookTimeout: TEST_TIMEOUT_MS });

const claude = findRealCli('claude');
const isMissing = claude === undefined;
const REFUSED: ModelAnswer = { kind: 'status', status: 401 };
const DONE: ModelAnswer = { kind: 'text', text: 'All done.' };
const PLAN = { ANTHROPIC_API_KEY: undefined, CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-TEST' };

function bash(command: string): ModelAnswer {
  return { kind: 'tool', name: 'Bash', input: { command, description: 'a command' } };
}

function ours(name: string, input: Readonly<Record<string, unknown>>): ModelAnswer {
  return { kind: 'tool', name: `mcp__nightdesk__${name}`, input };
}

type Agent =
  | 'worker'
  | 'guarded'
  | 'trusted'
  | 'free'
  | 'stopped'
  | 'late'
  | 'scout'
  | 'creator'
  | 'mid'
  | 'gateway'
  | 'oauth'
  | 'limited'
  | 'fellow'
  | 'mate'
  | 'busy'
  | 'hung'
  | 'filling'
  | 'overfull'
  | 'ghost'
  | 'locked'
  | 'old';

describe.skipIf(isMissing)('the real claude', () => {
  let fleet: RealFleet<Agent>;
  let program: Program;
  const resetsAt = Math.floor(Date.now() / 1_000) + 3_600;
  const full = Promise.withResolvers<void>();

  beforeAll(async () => {
    fleet = await openRealFleet<Agent>(
      'claude',
      {
        worker: {
          answers: [
            bash('echo own-$((40 + 2))'),
            ours('progress', { text: 'read the feed' }),
            ours('draft', { kind: 'reply', to: '@ada', body: 'Hello from Claude' }),
            ours('ask', { text: 'Which city?', options: ['Paris', 'Rome'], within: '10m' }),
            DONE,
          ],
        },
        guarded: { answers: [bash('touch made.txt'), bash('touch denied.txt'), DONE] },
        trusted: { answers: [bash('touch twice.txt'), bash('touch twice.txt'), DONE] },
        free: { answers: [bash('touch free.txt'), DONE], entry: { permissions: 'allow' } },
        stopped: { answers: [{ kind: 'hang' }] },
        late: { answers: [bash('touch late.txt'), DONE], entry: { permissions: { within: '2s' } } },
        scout: { answers: [REFUSED], entry: { schedule: 'every 1s', credentials: ['main'] } },
        creator: { answers: [REFUSED], entry: { schedule: 'continuous', credentials: ['main'] } },
        mid: { answers: [bash('echo before'), REFUSED, DONE], entry: { credentials: ['night'] } },
        // Without the vendor's word that it is useless, and with a token that could be renewed, claude itself tries again.
        gateway: { answers: [{ kind: 'status', status: 401, headers: { 'x-should-retry': 'true' } }] },
        oauth: { answers: [REFUSED], env: () => PLAN },
        limited: { answers: [subscriptionLimit(resetsAt)], entry: { credentials: ['plan'] }, env: () => PLAN },
        fellow: { answers: [subscriptionLimit(resetsAt)], entry: { credentials: ['plan'] }, env: () => PLAN },
        mate: { answers: [DONE], entry: { credentials: ['plan'], schedule: '0 0 1 1 *' } },
        busy: { answers: [{ kind: 'status', status: 529 }], env: () => ({ CLAUDE_CODE_MAX_RETRIES: '1' }) },
        hung: { answers: [{ kind: 'hang' }], entry: { timeout: '8s' } },
        filling: {
          answers: [{ kind: 'tool', name: 'Bash', input: { command: 'echo more' }, usage: { input: 483_500 } }, DONE],
          server: { onRequest: (_request, index) => (index === 1 ? full.promise : undefined) },
        },
        overfull: {
          answers: [{ kind: 'status', status: 400, message: 'prompt is too long: 1000250 tokens > 1000000 maximum' }],
        },
        ghost: { answers: [DONE], env: (stage) => ({ PATH: stage.path('nowhere') }) },
        locked: { answers: [DONE], env: (stage) => ({ PATH: stage.path('locked') }) },
        old: { answers: [DONE], env: (stage) => ({ PATH: `${stage.path('old')}:/usr/bin:/bin` }) },
      },
      {
        credentials: { main: { backoff: { first: '1h' } }, night: { backoff: { first: '5s' } }, plan: {} },
        drafts: { kinds: { reply: { window: '4h' } } },
      },
    );
    fleet.stage.write('locked/claude', '#!/bin/sh\n');
    chmodSync(fleet.stage.write('old/claude', '#!/bin/sh\necho "1.0.0 (Claude Code)"\n'), 0o755);
    program = await fleet.start();
  });

  afterAll(async () => {
    full.resolve();
    await fleet?.close();
  });

  it('claude uses its own tools and ours, asks its owner, and leaves version, model, tokens and cost, when all goes well', async () => {
    const question = await fleet.asks('worker', 'Which city?');
    await fleet.stage.press(question, 'Rome');
    const run = await fleet.ended('worker');

    const [, second] = fleet.models.worker.requests;
    expect(run).toMatchObject({ state: 'done', model: 'claude-sonnet-5-5', progressNote: 'draft #1' });
    expect(run.cliVersion).toMatch(/^2\.\d+\.\d+$/);
    expect(run).toMatchObject({ inputTokens: 6_000, outputTokens: 100 });
    expect(run.costMicroUsd).toBeGreaterThan(0);
    expect(JSON.stringify(second?.body)).toContain('own-42');
    expect(sentTo(fleet.models.worker)).toContain('Rome');
    expect((await fleet.says('Draft #1')).text).toContain('Hello from Claude');
    expect(fleet.models.worker.asides).toEqual([]);
  });

  it('claude does what its owner allows, and not what its owner denies, when it asks on the phone', async () => {
    const allow = await fleet.asks('guarded', 'touch made.txt');
    await fleet.stage.press(allow, 'Allow once');
    const deny = await fleet.asks('guarded', 'touch denied.txt');
    await fleet.stage.press(deny, 'Deny');
    const run = await fleet.ended('guarded');

    const has = (name: string): boolean => existsSync(fleet.stage.path(`state/agents/guarded/${name}`));
    expect({ state: run.state, made: has('made.txt'), denied: has('denied.txt') }).toEqual({
      state: 'done',
      made: true,
      denied: false,
    });
    expect(sentTo(fleet.models.guarded)).toContain('the owner denied it');
  });

  it('claude is not asked the same again, when it was allowed for the run', async () => {
    const card = await fleet.asks('trusted', 'touch twice.txt');
    await fleet.stage.press(card, 'Allow for this run');

    expect(await fleet.ended('trusted')).toMatchObject({ state: 'done' });
    expect(fleet.said('trusted asks')).toHaveLength(1);
    expect(existsSync(fleet.stage.path('state/agents/trusted/twice.txt'))).toBe(true);
  });

  it('claude asks nobody, when everything is allowed', async () => {
    expect(await fleet.ended('free')).toMatchObject({ state: 'done' });
    expect(fleet.said('free asks')).toEqual([]);
    expect(existsSync(fleet.stage.path('state/agents/free/free.txt'))).toBe(true);
  });

  it('claude is gone with all that it started, when its owner stops it', async () => {
    await eventually('it waits for its model', () => fleet.models.stopped.requests.length > 0);
    fleet.stage.sandbox.userSays('/pause stopped now');

    expect(await fleet.ended('stopped')).toMatchObject({ state: 'stopped', failure: null });
  });

  it('claude is denied, and goes on, when nobody answers it in time', async () => {
    const run = await fleet.ended('late');

    expect(run.state).toBe('done');
    expect(existsSync(fleet.stage.path('state/agents/late/late.txt'))).toBe(false);
    expect(sentTo(fleet.models.late)).toContain('nobody answered within 2 s');
    await fleet.says('late asks', 'nobody answered in time');
  });

  it('claude is one alert that names credential and agents, and nobody calls again, when the first request meets a 401', async () => {
    const runs = [await fleet.ended('scout'), await fleet.ended('creator')];
    const alert = await fleet.told('Credential main is dead');

    expect(runs.map(({ state, failure }) => [state, failure])).toEqual([
      ['failed', 'auth'],
      ['failed', 'auth'],
    ]);
    expect(alert).toMatchObject({
      agents: ['creator', 'scout'],
      evidence: expect.stringContaining('Invalid API key') as string,
    });
    expect(fleet.incidents('auth').filter(({ title }) => title.includes('main'))).toHaveLength(1);
    expect(fleet.holds('scout')).toMatchObject([{ kind: 'credential' }]);
    expect(fleet.holds('creator')).toMatchObject([{ kind: 'credential' }]);
  });

  it('claude is stopped at its second try, when it would try a refused login again and again', async () => {
    for (const agent of ['gateway', 'oauth'] as const) {
      expect(await fleet.ended(agent)).toMatchObject({ state: 'failed', failure: 'auth' });
      // A third may be on its way while it is stopped.
      expect(fleet.models[agent].requests.length).toBeLessThan(4);
      expect((await fleet.told(`The login of ${agent} is dead`)).evidence).toContain('401');
    }
  });

  it('claude goes on with its session in the trial of the backoff, when a 401 came in the middle of its run', async () => {
    const run = await fleet.ended('mid');
    const trial = await fleet.ended('mid', 2);
    await fleet.recovered('Credential night');

    expect(run).toMatchObject({ state: 'failed', failure: 'auth' });
    expect(trial).toMatchObject({ state: 'done', cause: 'trial', resumeToken: run.resumeToken });
    expect(fleet.models.mid.requests).toHaveLength(3);
    expect(JSON.stringify(fleet.models.mid.requests.at(-1)?.body)).toContain('echo before');
  });

  it('claude holds all agents of the plan until it says, in one incident, when a usage limit is met', async () => {
    for (const run of [await fleet.ended('limited'), await fleet.ended('fellow')])
      expect(run).toMatchObject({ state: 'failed', failure: 'rate-limit', retryAt: resetsAt * 1_000 });
    expect(fleet.incidents('limit').filter(({ title }) => title.includes('plan'))).toMatchObject([
      { state: 'firing', title: expect.stringContaining('Usage limit') as string },
    ]);
    for (const agent of ['limited', 'fellow', 'mate'] as const) {
      const [hold, ...others] = fleet.holds(agent);
      expect(others).toEqual([]);
      expect(hold?.until).toBeGreaterThanOrEqual(resetsAt * 1_000);
      expect(hold?.until).toBeLessThanOrEqual(resetsAt * 1_000 + 10_000);
    }
    expect([fleet.models.limited.requests.length, fleet.models.fellow.requests.length]).toEqual([1, 1]);
  });

  it('claude waits, and no crash is told, when the model is overloaded', async () => {
    const run = await fleet.ended('busy');

    expect(run).toMatchObject({ state: 'failed', failure: 'overloaded' });
    expect(fleet.holds('busy')).toMatchObject([{ kind: 'backoff' }]);
    expect((await fleet.told('is overloaded')).agents).toContain('busy');
    expect(fleet.said('busy failed')).toEqual([]);
  });

  it('claude is ended with all that it started at its timeout, when the model never answers', async () => {
    const run = await fleet.ended('hung');

    expect(run).toMatchObject({ state: 'failed', failure: 'timeout' });
  });

  it('claude shows how full its context is while it runs', async () => {
    await eventually('the context is known', () => fleet.runs('filling')[0]?.contextTokens ?? undefined);
    const look = await fleet.look('filling');
    full.resolve();

    expect(look).toMatchObject({ condition: 'running', contextPercent: 50 });
    expect(await fleet.ended('filling')).toMatchObject({ state: 'done' });
  });

  it('claude fails as full, when what it sends is too long for the model', async () => {
    expect(await fleet.ended('overfull')).toMatchObject({ state: 'failed', failure: 'context' });
  });

  it('claude is told in a sentence that says what to do, when it is missing, not executable or too old', async () => {
    const looks = await Promise.all((['ghost', 'locked', 'old'] as const).map((agent) => fleet.look(agent)));

    expect(looks.map(({ condition }) => condition)).toEqual(['waiting', 'waiting', 'waiting']);
    expect(looks.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('there is no claude on the PATH'),
      expect.stringContaining('chmod +x'),
      expect.stringContaining('1.0.0'),
    ]);
    const { agents, evidence } = await fleet.told('claude cannot be run');
    expect(agents).toEqual(['ghost', 'locked', 'old']);
    for (const words of ['there is no claude on the PATH', 'chmod +x', '1.0.0']) expect(evidence).toContain(words);
    expect((['ghost', 'locked', 'old'] as const).flatMap((agent) => fleet.runs(agent))).toEqual([]);
  });

  it('claude has called no dead credential again, and leaves nobody, when Nightdesk stops', async () => {
    const code = await program.stop();

    expect({ code, left: agentsUnder(fleet.stage.folder) }).toEqual({ code: 0, left: [] });
    expect([fleet.models.scout.requests.length, fleet.models.creator.requests.length]).toEqual([1, 1]);
  });
});

describe.skipIf(isMissing)('a real claude under a Nightdesk that is killed', () => {
  it('claude goes on with its session at the next start, and leaves nobody before', async () => {
    const fleet = await openRealFleet('claude', {
      long: { answers: [bash('echo the-first-half'), { kind: 'hang' }], entry: { schedule: 'every 1s' } },
    });
    try {
      fleet.pretendVersion('98.0.0');
      const first = await fleet.start();
      await eventually('it is in the middle', () => fleet.models.long.requests.length === 2);
      await first.kill();
      fleet.models.long.script({ kind: 'text', text: 'Went on.' });

      fleet.pretendVersion('99.0.0');
      const second = await fleet.start();
      const run = await fleet.ended('long', 2);

      const [lost] = fleet.runs('long');
      expect(lost).toMatchObject({ state: 'lost' });
      expect(run).toMatchObject({ state: 'done', resumeToken: lost?.resumeToken });
      const later = fleet.models.long.requests.slice(2).map(({ body }) => JSON.stringify(body));
      expect(later.some((sent) => sent.includes('the-first-half'))).toBe(true);
      expect((await fleet.says('98.0.0 → 99.0.0')).text).toMatch(/probe: answered in/);
      expect(await second.stop()).toBe(0);
      expect(agentsUnder(fleet.stage.folder)).toEqual([]);
    } finally {
      await fleet.close();
    }
  });
});

describe.skipIf(isMissing)('the first 401 of a real claude', () => {
  it('is on the phone a moment after its CLI has said it', async () => {
    const [row] = await measureReal401(claude ?? '', 3);

    // 50 ms on a quiet machine, which a bench asserts; here only that nothing waits for a poll or an end.
    expect(row?.numbers['ownMs']).toBeLessThan(2_000);
  });
});
