import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { agentsUnder } from '../e2e/program.ts';
import type { Program } from '../e2e/program.ts';
import { dailyQuota } from '../models/gemini-server.ts';
import type { ModelAnswer } from '../models/model-server.ts';
import { eventually, findRealCli, openRealFleet, type RealFleet, sentTo, TEST_TIMEOUT_MS } from './stage.ts';

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS, hookTimeout: TEST_TIMEOUT_MS });

const isMissing = findRealCli('gemini') === undefined;
const REFUSED: ModelAnswer = { kind: 'status', status: 401 };
const NO_MODEL = 'models/gemini-9 is not found for API version v1beta, or is not supported for generateContent.';
const DONE: ModelAnswer = { kind: 'text', text: 'All done.' };

function shell(command: string): ModelAnswer {
  return { kind: 'tool', name: 'run_shell_command', input: { command, description: 'a command' } };
}

function ours(name: string, input: Readonly<Record<string, unknown>>): ModelAnswer {
  return { kind: 'tool', name: `mcp_nightdesk_${name}`, input };
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
  | 'quota'
  | 'busy'
  | 'hung'
  | 'overfull'
  | 'nomodel'
  | 'unreachable'
  | 'nologin';

describe.skipIf(isMissing)('the real gemini', () => {
  let fleet: RealFleet<Agent>;
  let program: Program;

  beforeAll(async () => {
    fleet = await openRealFleet<Agent>(
      'gemini',
      {
        worker: {
          answers: [
            shell('expr 40 + 2'),
            ours('progress', { text: 'read the feed' }),
            ours('draft', { kind: 'reply', to: '@ada', body: 'Hello from Gemini' }),
            ours('ask', { text: 'Which city?', options: ['Paris', 'Rome'], within: '10m' }),
            DONE,
          ],
          entry: { permissions: { tools: ['run_shell_command'] } },
        },
        guarded: { answers: [shell('touch made.txt'), shell('touch denied.txt'), DONE] },
        trusted: { answers: [shell('touch twice.txt'), shell('touch twice.txt'), DONE] },
        free: { answers: [shell('touch free.txt'), DONE], entry: { permissions: 'allow' } },
        stopped: { answers: [{ kind: 'hang' }] },
        late: { answers: [shell('touch late.txt'), DONE], entry: { permissions: { within: '2s' } } },
        scout: { answers: [REFUSED], entry: { schedule: 'every 1s', credentials: ['main'] } },
        creator: { answers: [REFUSED], entry: { schedule: 'continuous', credentials: ['main'] } },
        mid: { answers: [ours('beat', { note: 'before' }), REFUSED, DONE], entry: { credentials: ['night'] } },
        quota: { answers: [dailyQuota()] },
        busy: { answers: [{ kind: 'status', status: 503 }] },
        hung: { answers: [{ kind: 'hang' }], entry: { timeout: '25s' } },
        overfull: {
          answers: [
            {
              kind: 'status',
              status: 400,
              message: 'The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).',
            },
          ],
        },
        nomodel: { answers: [{ kind: 'status', status: 404, message: NO_MODEL }] },
        unreachable: { answers: [DONE], env: () => ({ GOOGLE_GEMINI_BASE_URL: 'http://127.0.0.1:9' }) },
        nologin: { answers: [DONE], env: () => ({ GEMINI_API_KEY: undefined }) },
      },
      {
        credentials: { main: { backoff: { first: '1h' } }, night: { backoff: { first: '5s' } } },
        drafts: { kinds: { reply: { window: '4h' } } },
      },
    );
    program = await fleet.start();
  });

  afterAll(async () => {
    await fleet?.close();
  });

  it('gemini uses its own tools and ours, asks its owner, and leaves version, model and tokens, when all goes well', async () => {
    const question = await fleet.asks('worker', 'Which city?');
    await fleet.stage.press(question, 'Rome');
    const run = await fleet.ended('worker');

    const [, second] = fleet.models.worker.requests;
    expect(run).toMatchObject({ state: 'done', model: 'gemini-2.5-pro', progressNote: 'draft #1' });
    expect(run.cliVersion).toMatch(/^\d+\.\d+\.\d+$/);
    expect(run).toMatchObject({ inputTokens: 6_000, outputTokens: 100, costMicroUsd: null });
    expect(JSON.stringify(second?.body)).toContain('Output: 42');
    expect(sentTo(fleet.models.worker)).toContain('Rome');
    expect((await fleet.says('Draft #1')).text).toContain('Hello from Gemini');
  });

  it('gemini does what its owner allows, and not what its owner denies, when it asks on the phone', async () => {
    const allow = await fleet.asks('guarded', 'touch made.txt');
    await fleet.stage.press(allow, 'Allow once');
    const deny = await fleet.asks('guarded', 'touch denied.txt');
    await fleet.stage.press(deny, 'Deny');
    const run = await fleet.ended('guarded');

    const has = (name: string): boolean => existsSync(fleet.stage.path(`state/agents/guarded/${name}`));
    expect({ made: has('made.txt'), denied: has('denied.txt') }).toEqual({ made: true, denied: false });
    expect(run.state).toBe('done');
  });

  it('gemini is not asked the same again, when it was allowed for the run', async () => {
    const card = await fleet.asks('trusted', 'touch twice.txt');
    await fleet.stage.press(card, 'Allow for this run');

    expect(await fleet.ended('trusted')).toMatchObject({ state: 'done' });
    expect(fleet.said('trusted asks')).toHaveLength(1);
    expect(existsSync(fleet.stage.path('state/agents/trusted/twice.txt'))).toBe(true);
  });

  it('gemini asks nobody, when everything is allowed', async () => {
    expect(await fleet.ended('free')).toMatchObject({ state: 'done' });
    expect(fleet.said('free asks')).toEqual([]);
    expect(existsSync(fleet.stage.path('state/agents/free/free.txt'))).toBe(true);
  });

  it('gemini is gone with all that it started, when its owner stops it', async () => {
    await eventually('it waits for its model', () => fleet.models.stopped.requests.length > 0);
    fleet.stage.sandbox.userSays('/pause stopped now');

    expect(await fleet.ended('stopped')).toMatchObject({ state: 'stopped', failure: null });
  });

  it('gemini is denied, and goes on, when nobody answers it in time', async () => {
    const run = await fleet.ended('late');

    expect(run.state).toBe('done');
    expect(existsSync(fleet.stage.path('state/agents/late/late.txt'))).toBe(false);
    await fleet.says('late asks', 'nobody answered in time');
  });

  it('gemini is one alert that names credential and agents, and nobody calls again, when the first request meets a 401', async () => {
    const runs = [await fleet.ended('scout'), await fleet.ended('creator')];
    const alert = await fleet.told('Credential main is dead');

    expect(runs.map(({ state, failure }) => [state, failure])).toEqual([
      ['failed', 'auth'],
      ['failed', 'auth'],
    ]);
    expect(alert).toMatchObject({
      agents: ['creator', 'scout'],
      evidence: expect.stringContaining('401 UNAUTHENTICATED') as string,
    });
    expect(fleet.incidents('auth').filter(({ title }) => title.includes('main'))).toHaveLength(1);
    expect(fleet.holds('scout')).toMatchObject([{ kind: 'credential' }]);
    expect(fleet.holds('creator')).toMatchObject([{ kind: 'credential' }]);
  });

  it('gemini has one trial when the backoff is over, after a 401 came in the middle of its run', async () => {
    const run = await fleet.ended('mid');
    const trial = await fleet.ended('mid', 2);
    await fleet.recovered('Credential night');

    expect(run).toMatchObject({ state: 'failed', failure: 'auth', beatNote: 'before' });
    expect(trial).toMatchObject({ state: 'done', cause: 'trial' });
    expect(fleet.models.mid.requests).toHaveLength(3);
  });

  it('gemini waits, and no crash is told, when its quota is used up or the model is overloaded', async () => {
    expect(await fleet.ended('quota')).toMatchObject({ state: 'failed', failure: 'rate-limit' });
    expect(await fleet.ended('busy')).toMatchObject({ state: 'failed', failure: 'overloaded' });

    expect(fleet.holds('quota')).toMatchObject([{ kind: 'backoff' }]);
    expect(fleet.holds('busy')).toMatchObject([{ kind: 'backoff' }]);
    expect((await fleet.told('is overloaded')).agents).toContain('busy');
    expect((await fleet.told('asks to slow down')).agents).toContain('quota');
    expect(fleet.said('busy failed')).toEqual([]);
  });

  it('gemini is ended with all that it started at its timeout, when the model never answers', async () => {
    expect(await fleet.ended('hung')).toMatchObject({ state: 'failed', failure: 'timeout' });
  });

  it('gemini fails as full, when what it sends is too long for the model', async () => {
    expect(await fleet.ended('overfull')).toMatchObject({ state: 'failed', failure: 'context' });
  });

  it('gemini has failed for its own reason, when its model is not there or cannot be reached', async () => {
    expect(await fleet.ended('nomodel')).toMatchObject({ state: 'failed', failure: 'not-found' });
    expect(await fleet.ended('unreachable')).toMatchObject({ state: 'failed', failure: 'timeout' });
  });

  it('gemini is a refused login, when it has none', async () => {
    expect(await fleet.ended('nologin')).toMatchObject({ state: 'failed', failure: 'auth' });
    expect(fleet.models.nologin.requests).toEqual([]);
  });

  it('gemini has called no dead credential again, and leaves nobody, when Nightdesk stops', async () => {
    const code = await program.stop();

    expect({ code, left: agentsUnder(fleet.stage.folder) }).toEqual({ code: 0, left: [] });
    expect([fleet.models.scout.requests.length, fleet.models.creator.requests.length]).toEqual([1, 1]);
  });
});

describe.skipIf(isMissing)('a real gemini under a Nightdesk that is killed', () => {
  it('runs again at the next start, and leaves nobody before', async () => {
    const fleet = await openRealFleet('gemini', {
      long: { answers: [ours('beat', { note: 'the first half' }), { kind: 'hang' }], entry: { schedule: 'every 1s' } },
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

      expect(fleet.runs('long')[0]).toMatchObject({ state: 'lost' });
      expect(run).toMatchObject({ state: 'done' });
      expect((await fleet.says('98.0.0 → 99.0.0')).text).toMatch(/probe: answered in/);
      expect(await second.stop()).toBe(0);
      expect(agentsUnder(fleet.stage.folder)).toEqual([]);
    } finally {
      await fleet.close();
    }
  });
});
