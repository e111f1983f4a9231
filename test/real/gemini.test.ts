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
  | 'late'
  | 'scout'
  | 'creator'
  | 'mid'
  | 'quota'
  | 'busy'
  | 'hung'
  | 'overfull'
  | 'nologin';

describe.skipIf(isMissing)('a fleet of real gemini', () => {
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
        late: { answers: [shell('touch late.txt'), DONE], entry: { permissions: { within: '2s' } } },
        scout: { answers: [REFUSED], entry: { schedule: 'every 1s', credentials: ['main'] } },
        creator: { answers: [REFUSED], entry: { schedule: 'continuous', credentials: ['main'] } },
        mid: { answers: [ours('beat', { note: 'before' }), REFUSED], entry: { credentials: ['night'] } },
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

  it('uses its own tools and ours, asks its owner, and leaves version, model and tokens, when all goes well', async () => {
    const question = await fleet.says('Which city?');
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

  it('does what its owner allows, and not what its owner denies, when it asks on the phone', async () => {
    const allow = await fleet.says('guarded asks', 'touch made.txt');
    await fleet.stage.press(allow, 'Allow once');
    const deny = await fleet.says('guarded asks', 'touch denied.txt');
    await fleet.stage.press(deny, 'Deny');
    const run = await fleet.ended('guarded');

    const has = (name: string): boolean => existsSync(fleet.stage.path(`state/agents/guarded/${name}`));
    expect({ made: has('made.txt'), denied: has('denied.txt') }).toEqual({ made: true, denied: false });
    expect(run.state).toBe('done');
  });

  it('is denied, and goes on, when nobody answers it in time', async () => {
    const run = await fleet.ended('late');

    expect(run.state).toBe('done');
    expect(existsSync(fleet.stage.path('state/agents/late/late.txt'))).toBe(false);
    await fleet.says('late asks', 'nobody answered in time');
  });

  it('is one alert that names credential and agents, and nobody calls again, when the first request meets a 401', async () => {
    const runs = [await fleet.ended('scout'), await fleet.ended('creator')];
    const alert = await fleet.says('Credential main is dead', 'scout', 'creator');

    expect(runs.map(({ state, failure }) => [state, failure])).toEqual([
      ['failed', 'auth'],
      ['failed', 'auth'],
    ]);
    expect(alert.text).toContain('401');
    expect(fleet.said('Credential main')).toHaveLength(1);
    expect(fleet.holds('scout')).toMatchObject([{ kind: 'credential' }]);
    expect(fleet.holds('creator')).toMatchObject([{ kind: 'credential' }]);
  });

  it('has one trial when the backoff is over, after a 401 came in the middle of its run', async () => {
    const run = await fleet.ended('mid');
    expect(run).toMatchObject({ state: 'failed', failure: 'auth', beatNote: 'before' });

    fleet.models.mid.script(DONE);
    const trial = await fleet.ended('mid', 2);
    await fleet.says('Recovered', 'night');

    expect(trial).toMatchObject({ state: 'done', cause: 'trial' });
    expect(fleet.models.mid.requests).toHaveLength(3);
  });

  it('waits, and no crash is told, when its quota is used up or the model is overloaded', async () => {
    expect(await fleet.ended('quota')).toMatchObject({ state: 'failed', failure: 'rate-limit' });
    expect(await fleet.ended('busy')).toMatchObject({ state: 'failed', failure: 'overloaded' });

    expect(fleet.holds('quota')).toMatchObject([{ kind: 'backoff' }]);
    expect(fleet.holds('busy')).toMatchObject([{ kind: 'backoff' }]);
    await fleet.says('overloaded', 'busy');
    await fleet.says('asks to slow down', 'quota');
    expect(fleet.said('busy failed')).toEqual([]);
  });

  it('is ended with all that it started at its timeout, when the model never answers', async () => {
    expect(await fleet.ended('hung')).toMatchObject({ state: 'failed', failure: 'timeout' });
  });

  it('fails as full, when what it sends is too long for the model', async () => {
    expect(await fleet.ended('overfull')).toMatchObject({ state: 'failed', failure: 'context' });
  });

  it('is a refused login, when it has none', async () => {
    expect(await fleet.ended('nologin')).toMatchObject({ state: 'failed', failure: 'auth' });
    expect(fleet.models.nologin.requests).toEqual([]);
  });

  it('has called no dead credential again, and leaves nobody, when Nightdesk stops', async () => {
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
      const first = await fleet.start();
      await eventually('it is in the middle', () => fleet.models.long.requests.length === 2);
      await first.kill();
      fleet.models.long.script({ kind: 'text', text: 'Went on.' });

      const second = await fleet.start();
      const run = await fleet.ended('long', 2);

      expect(fleet.runs('long')[0]).toMatchObject({ state: 'lost' });
      expect(run).toMatchObject({ state: 'done' });
      expect(await second.stop()).toBe(0);
      expect(agentsUnder(fleet.stage.folder)).toEqual([]);
    } finally {
      await fleet.close();
    }
  });
});
