import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Program } from '../e2e/program.ts';
import type { ModelAnswer, ModelServerOptions } from '../models/model-server.ts';
import { MADE_UP_TOKEN } from '../models/run-cli.ts';
import { eventually, findRealCli, openRealFleet, type RealFleet, sentTo, TEST_TIMEOUT_MS } from './stage.ts';

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS, hookTimeout: TEST_TIMEOUT_MS });

const SHARED = `sk-ant-oat01-TEST-shared-${'aB3_'.repeat(16)}`;
const OLD = `sk-ant-oat01-TEST-old-${'cD4_'.repeat(16)}`;
const NEW = `sk-ant-oat01-TEST-new-${'eF5_'.repeat(16)}`;
const DONE: ModelAnswer = { kind: 'text', text: 'All done.' };
const ONLY_VAULT = () => ({ ANTHROPIC_API_KEY: undefined });

function bash(command: string): ModelAnswer {
  return { kind: 'tool', name: 'Bash', input: { command, description: 'a command' } };
}

describe.skipIf(findRealCli('claude') === undefined)('the vault and a real claude', () => {
  let fleet: RealFleet<'holder' | 'stranger' | 'reborn'>;
  let program: Program;
  /** What each agent's CLI showed its model, request by request. */
  const shown = { holder: [] as string[], stranger: [] as string[], reborn: [] as string[] };
  let good = OLD;

  /** A door that takes down what it is shown. */
  function door(agent: keyof typeof shown, isGood: (credential: string) => boolean = () => true): ModelServerOptions {
    return {
      accepts(credential) {
        shown[agent].push(credential);
        return isGood(credential);
      },
    };
  }

  beforeAll(async () => {
    // Claude Code hides the variable from its tools; whoever looks for it finds it all the same.
    const seeks = bash(
      `echo "it has: $(tr '\\0' '\\n' < /proc/$PPID/environ | grep -a ^CLAUDE_CODE_OAUTH_TOKEN= | cut -d= -f2)."`,
    );
    const tells: ModelAnswer = { kind: 'tool', name: 'mcp__nightdesk__progress', input: { text: `found ${SHARED}` } };
    fleet = await openRealFleet(
      'claude',
      {
        holder: {
          answers: [seeks, tells, DONE],
          server: door('holder'),
          entry: { credentials: ['shared'], permissions: 'allow' },
          env: ONLY_VAULT,
        },
        stranger: { answers: [seeks, DONE], server: door('stranger'), entry: { permissions: 'allow' } },
        reborn: {
          answers: [bash('echo before'), DONE],
          server: {
            ...door('reborn', (credential) => credential === good),
            // Once a first request was taken, only another token is.
            onRequest: () => void (good = NEW),
          },
          entry: { credentials: ['renewed'], permissions: 'allow' },
          env: ONLY_VAULT,
        },
      },
      {
        credentials: {
          shared: { env: 'CLAUDE_CODE_OAUTH_TOKEN' },
          renewed: { env: 'CLAUDE_CODE_OAUTH_TOKEN', login: 'paste', backoff: { first: '1h' } },
        },
      },
    );
    fleet.stage.write('state/secrets/shared', `${SHARED}\n`);
    fleet.stage.write('state/secrets/renewed', `${OLD}\n`);
    program = await fleet.start();
  });

  afterAll(async () => {
    await fleet?.close();
  });

  it('gives the token of a credential to the claude whose agent names it, and to no other', async () => {
    const runs = [await fleet.ended('holder'), await fleet.ended('stranger')];

    expect(runs.map(({ state }) => state)).toEqual(['done', 'done']);
    expect(shown.holder).toEqual([SHARED, SHARED, SHARED]);
    expect(shown.stranger).toEqual([MADE_UP_TOKEN, MADE_UP_TOKEN]);
    expect(sentTo(fleet.models.holder)).toContain(`it has: ${SHARED}.`);
    expect(sentTo(fleet.models.stranger)).toContain('it has: .');
  });

  it('goes on with the session of claude under the pasted token, after one alert, when a 401 meets the one of the vault', async () => {
    const run = await fleet.ended('reborn');
    const alert = await fleet.told('Credential renewed is dead');
    const refused = [...shown.reborn];
    await fleet.stage.press(alert.message, 'Re-auth');
    const prompt = await fleet.says('asks: the token');
    const pasted = fleet.stage.sandbox.userSays(NEW, { replyTo: prompt.id });
    const trial = await fleet.ended('reborn', 2);
    await fleet.recovered('Credential renewed');

    expect(run).toMatchObject({ state: 'failed', failure: 'auth' });
    expect(new Set(refused)).toEqual(new Set([OLD]));
    expect(fleet.incidents('auth')).toHaveLength(1);
    expect(trial).toMatchObject({ state: 'done', resumeToken: run.resumeToken });
    expect(new Set(shown.reborn.slice(refused.length))).toEqual(new Set([NEW]));
    expect(JSON.stringify(fleet.models.reborn.requests.at(-1)?.body)).toContain('echo before');
    expect(fleet.stage.read('state/secrets/renewed')).toBe(`${NEW}\n`);
    expect(fleet.stage.list('state/secrets')).not.toContain('renewed.next');
    await eventually('the message with the token is deleted', () =>
      fleet.stage.sandbox.messages().every(({ id }) => id !== pasted),
    );
  });

  it('leaves the tokens of claude in no row, no log and no message, when its agents have run with them', async () => {
    expect(await program.stop()).toBe(0);

    const secrets = [SHARED, OLD, NEW];
    const files = readdirSync(fleet.stage.path('state'), { recursive: true, encoding: 'utf8' }).filter(
      (name) => !name.startsWith('secrets/') && statSync(fleet.stage.path(join('state', name))).isFile(),
    );
    const holders = files.filter((name) => {
      const bytes = readFileSync(fleet.stage.path(join('state', name)));
      const content = name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
      return secrets.some((secret) => content.includes(secret));
    });
    expect(files).toContain('nightdesk.db');
    expect(holders).toEqual([]);
    const [run] = fleet.runs('holder');
    expect(run?.progressNote).toBe('found [secret]');
    expect(run === undefined ? '' : fleet.log(run)).toContain(`it has: ${'*'.repeat(SHARED.length)}.`);
    const said = `${JSON.stringify(fleet.stage.sandbox.messages())}${program.stdout()}${program.stderr()}`;
    expect(secrets.filter((secret) => said.includes(secret))).toEqual([]);
  });
});
