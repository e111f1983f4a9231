import { CONTEXT_FULL } from '../../src/runs/context-stops.ts';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { agentsUnder } from '../e2e/program.ts';
import type { Program } from '../e2e/program.ts';
import type { ModelAnswer } from '../models/model-server.ts';
import { planLimit } from '../models/openai-server.ts';
import { eventually, findRealCli, livingOf, openRealFleet, type RealFleet, sentTo, TEST_TIMEOUT_MS } from './stage.ts';

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS, hookTimeout: TEST_TIMEOUT_MS });

const isMissing = findRealCli('codex') === undefined;
const REFUSED: ModelAnswer = { kind: 'status', status: 401 };
const DONE: ModelAnswer = { kind: 'text', text: 'All done.' };

function command(cmd: string): ModelAnswer {
  return { kind: 'tool', name: 'exec_command', input: { cmd } };
}

function escalated(cmd: string): ModelAnswer {
  const input = { cmd, sandbox_permissions: 'require_escalated', justification: 'it has to be' };
  return { kind: 'tool', name: 'exec_command', input };
}

function ours(name: string, input: Readonly<Record<string, unknown>>): ModelAnswer {
  return { kind: 'tool', name, namespace: 'mcp__nightdesk', input };
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
  | 'patient'
  | 'limited'
  | 'mate'
  | 'busy'
  | 'hung'
  | 'filling'
  | 'overfull';

describe.skipIf(isMissing)('the real codex', () => {
  let fleet: RealFleet<Agent>;
  let program: Program;
  const resetsAt = Math.floor(Date.now() / 1_000) + 3_600;
  // What ChatGPT's own side sends besides the body: without it Codex tells the time in words only.
  const limitReached = {
    ...planLimit(resetsAt),
    headers: {
      'x-codex-primary-used-percent': '100',
      'x-codex-primary-window-minutes': '300',
      'x-codex-primary-reset-at': String(resetsAt),
    },
  };
  const full = Promise.withResolvers<void>();

  beforeAll(async () => {
    fleet = await openRealFleet<Agent>(
      'codex',
      {
        worker: {
          answers: [
            command('echo own-$((40 + 2)) > own.txt; cat own.txt'),
            ours('progress', { text: 'read the feed' }),
            ours('draft', { kind: 'reply', to: '@ada', body: 'Hello from Codex' }),
            ours('ask', { text: 'Which city?', options: ['Paris', 'Rome'], within: '10m' }),
            DONE,
          ],
        },
        guarded: { answers: [escalated('touch made.txt'), escalated('touch denied.txt'), DONE, DONE] },
        trusted: { answers: [escalated('touch twice.txt'), escalated('touch twice.txt'), DONE] },
        free: { answers: [command('touch free.txt'), DONE], entry: { permissions: 'allow' } },
        stopped: { answers: [{ kind: 'hang' }] },
        late: { answers: [escalated('touch late.txt'), DONE, DONE], entry: { permissions: { within: '2s' } } },
        scout: { answers: [REFUSED], entry: { schedule: 'every 1s', credentials: ['main'] } },
        creator: { answers: [REFUSED], entry: { schedule: 'continuous', credentials: ['main'] } },
        mid: { answers: [command('echo before'), REFUSED, REFUSED, DONE], entry: { credentials: ['night'] } },
        patient: { answers: [REFUSED] },
        limited: { answers: [limitReached], entry: { credentials: ['plan'] } },
        mate: { answers: [DONE], entry: { credentials: ['plan'], schedule: '0 0 1 1 *' } },
        busy: { answers: [{ kind: 'status', status: 503 }] },
        hung: { answers: [{ kind: 'hang' }], entry: { timeout: '8s' } },
        filling: {
          answers: [
            { kind: 'tool', name: 'exec_command', input: { cmd: 'echo more' }, usage: { input: 122_380 } },
            DONE,
          ],
          server: { onRequest: (_request, index) => (index === 1 ? full.promise : undefined) },
        },
        overfull: {
          answers: [{ kind: 'status', status: 400, message: 'too long', error: { code: 'context_length_exceeded' } }],
        },
      },
      {
        credentials: { main: { backoff: { first: '1h' } }, night: { backoff: { first: '5s' } }, plan: {} },
        drafts: { kinds: { reply: { window: '4h' } } },
      },
    );
    // As it is without settings of its own: five tries.
    const settings = fleet.stage.read('codex/patient/config.toml');
    fleet.stage.write('codex/patient/config.toml', settings.replaceAll(/^\w+_max_retries.*$/gm, ''));
    program = await fleet.start();
  });

  afterAll(async () => {
    full.resolve();
    await fleet?.close();
  });

  it('codex uses its own tools and ours, asks its owner, and leaves version, model and tokens, when all goes well', async () => {
    const question = await fleet.asks('worker', 'Which city?');
    await fleet.stage.press(question, 'Rome');
    const run = await fleet.ended('worker');

    const [, second] = fleet.models.worker.requests;
    expect(run).toMatchObject({ state: 'done', model: 'gpt-5.2-codex', progressNote: 'draft #1' });
    expect(run.cliVersion).toMatch(/^\d+\.\d+\.\d+$/);
    expect(run).toMatchObject({ inputTokens: 6_000, outputTokens: 100, costMicroUsd: null });
    expect(JSON.stringify(second?.body)).toContain('own-42');
    expect(sentTo(fleet.models.worker)).toContain('Rome');
    expect((await fleet.says('Draft #1')).text).toContain('Hello from Codex');
    expect(fleet.models.worker.asides).toEqual([]);
  });

  it('codex does what its owner allows, and not what its owner denies, when it asks on the phone', async () => {
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

  it('codex is not asked the same again, when it was allowed for the run', async () => {
    const card = await fleet.asks('trusted', 'touch twice.txt');
    await fleet.stage.press(card, 'Allow for this run');

    expect(await fleet.ended('trusted')).toMatchObject({ state: 'done' });
    expect(fleet.said('trusted asks')).toHaveLength(1);
    expect(existsSync(fleet.stage.path('state/agents/trusted/twice.txt'))).toBe(true);
  });

  it('codex asks nobody, when everything is allowed', async () => {
    expect(await fleet.ended('free')).toMatchObject({ state: 'done' });
    expect(fleet.said('free asks')).toEqual([]);
    expect(existsSync(fleet.stage.path('state/agents/free/free.txt'))).toBe(true);
  });

  it('codex is gone with all that it started, when its owner stops it', async () => {
    await eventually('it waits for its model', () => fleet.models.stopped.requests.length > 0);
    fleet.stage.sandbox.userSays('/pause stopped now');

    expect(await fleet.ended('stopped')).toMatchObject({ state: 'stopped', failure: null });
  });

  it('codex is denied, and goes on, when nobody answers it in time', async () => {
    const run = await fleet.ended('late');

    expect(run.state).toBe('done');
    expect(existsSync(fleet.stage.path('state/agents/late/late.txt'))).toBe(false);
    expect(sentTo(fleet.models.late)).toContain('nobody answered within 2 s');
    await fleet.says('late asks', 'nobody answered in time');
  });

  it('codex is one alert that names credential and agents, and nobody calls again, when the first request meets a 401', async () => {
    const runs = [await fleet.ended('scout'), await fleet.ended('creator')];
    const alert = await fleet.told('Credential main is dead');

    expect(runs.map(({ state, failure }) => [state, failure])).toEqual([
      ['failed', 'auth'],
      ['failed', 'auth'],
    ]);
    expect(alert).toMatchObject({
      agents: ['creator', 'scout'],
      evidence: expect.stringContaining('401') as string,
    });
    expect(fleet.incidents('auth').filter(({ title }) => title.includes('main'))).toHaveLength(1);
    expect(fleet.holds('scout')).toMatchObject([{ kind: 'credential' }]);
    expect(fleet.holds('creator')).toMatchObject([{ kind: 'credential' }]);
  });

  it('codex is stopped at its second try, when it would try a refused login again and again', async () => {
    expect(await fleet.ended('patient')).toMatchObject({ state: 'failed', failure: 'auth' });
    expect(fleet.models.patient.requests.length).toBeLessThan(5);
    expect((await fleet.told('The login of patient is dead')).evidence).toContain('401');
  });

  it('codex goes on with its session in the trial of the backoff, when a 401 came in the middle of its run', async () => {
    const run = await fleet.ended('mid');
    const trial = await fleet.ended('mid', 2);
    await fleet.recovered('Credential night');

    expect(run).toMatchObject({ state: 'failed', failure: 'auth' });
    expect(trial).toMatchObject({ state: 'done', cause: 'trial', resumeToken: run.resumeToken });
    // Codex itself tries twice.
    expect(fleet.models.mid.requests).toHaveLength(4);
    expect(JSON.stringify(fleet.models.mid.requests.at(-1)?.body)).toContain('echo before');
  });

  it('codex holds all agents of the plan until it says, in one incident, when a usage limit is met', async () => {
    const run = await fleet.ended('limited');

    expect(run).toMatchObject({ state: 'failed', failure: 'rate-limit', retryAt: resetsAt * 1_000 });
    expect(fleet.incidents('limit').filter(({ title }) => title.includes('plan'))).toMatchObject([
      { state: 'firing', title: expect.stringContaining('Usage limit') as string },
    ]);
    for (const agent of ['limited', 'mate'] as const) {
      const [hold, ...others] = fleet.holds(agent);
      expect(others).toEqual([]);
      expect(hold?.until).toBeGreaterThanOrEqual(resetsAt * 1_000);
      expect(hold?.until).toBeLessThanOrEqual(resetsAt * 1_000 + 10_000);
    }
    expect(fleet.models.limited.requests).toHaveLength(1);
  });

  it('codex waits, and no crash is told, when the model is overloaded', async () => {
    const run = await fleet.ended('busy');

    expect(run).toMatchObject({ state: 'failed', failure: 'overloaded' });
    expect(fleet.holds('busy')).toMatchObject([{ kind: 'backoff' }]);
    expect((await fleet.told('is overloaded')).agents).toContain('busy');
    expect(fleet.said('busy failed')).toEqual([]);
  });

  it('codex is ended with all that it started at its timeout, when the model never answers', async () => {
    expect(await fleet.ended('hung')).toMatchObject({ state: 'failed', failure: 'timeout' });
  });

  it('codex shows how full its context is while it runs', async () => {
    await eventually('the context is known', () => fleet.runs('filling')[0]?.contextTokens ?? undefined);
    const look = await fleet.look('filling');
    full.resolve();

    expect(look).toMatchObject({ condition: 'running', contextPercent: 50 });
    expect(await fleet.ended('filling')).toMatchObject({ state: 'done' });
  });

  it('codex is stopped as full, when what it sends is too long for the model', async () => {
    expect(await fleet.ended('overfull')).toMatchObject({ state: 'stopped', stopReason: CONTEXT_FULL });
  });

  it('codex has called no dead credential again, and leaves nobody, when Nightdesk stops', async () => {
    const calls = [fleet.models.scout.requests.length, fleet.models.creator.requests.length];
    const code = await program.stop();

    expect({ code, left: agentsUnder(fleet.stage.folder) }).toEqual({ code: 0, left: [] });
    // One run each, in which Codex itself tries twice.
    expect(Math.max(...calls)).toBeLessThanOrEqual(2);
    expect([...fleet.runs('scout'), ...fleet.runs('creator')]).toHaveLength(2);
  });
});

describe.skipIf(isMissing)('a real codex under a Nightdesk that is killed', () => {
  it('codex goes on with its thread at the next start, and leaves nobody before', async () => {
    // Under the layer that cannot end them with Nightdesk: the next start sweeps.
    const fleet = await openRealFleet(
      'codex',
      { long: { answers: [command('echo the-first-half'), { kind: 'hang' }], entry: { schedule: 'every 1s' } } },
      { containment: 'group' },
    );
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
      expect(livingOf(fleet.stage.folder, lost?.id ?? 0)).toEqual([]);
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
