import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { temporaryFolder } from '../fakes/temporary-folder.ts';
import { createAnthropicServer } from './anthropic-server.ts';
import { findClis } from './clis.ts';
import type { CliName } from './clis.ts';
import { createGeminiServer } from './gemini-server.ts';
import type { ModelAnswer, ModelServer } from './model-server.ts';
import { createOpenaiServer } from './openai-server.ts';
import { createCliHome, MADE_UP_TOKEN, runCli } from './run-cli.ts';

const clis = findClis(process.env);
// Who names a folder for them says that they are there: a missing one is a failure then.
const isMissing = (name: CliName) => clis[name] === undefined && process.env['NIGHTDESK_TEST_CLIS'] === undefined;

let server: ModelServer | undefined;

afterEach(() => server?.close());

const SERVERS = { claude: createAnthropicServer, codex: createOpenaiServer, gemini: createGeminiServer };

const ARGUMENTS: Readonly<Record<CliName, readonly string[]>> = {
  claude: ['-p', 'Do it.', '--model', 'sonnet', '--output-format', 'stream-json', '--verbose'],
  codex: ['exec', '--json', '--skip-git-repo-check', 'Do it.'],
  gemini: ['-p', 'Do it.', '--output-format', 'stream-json', '--skip-trust', '-m', 'gemini-2.5-pro'],
};

async function run(cli: CliName, answer: ModelAnswer) {
  const credentials: string[] = [];
  server = await SERVERS[cli]([answer], { accepts: (credential) => credentials.push(credential) > 0 });
  const home = createCliHome(cli, temporaryFolder(), server.url);
  const result = await runCli(clis[cli] ?? cli, ARGUMENTS[cli], home);
  return { ...result, server, credentials };
}

test('an agent CLI is found in the folder that the environment names, a missing one is left out', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'node_modules', '.bin'), { recursive: true });
  writeFileSync(join(folder, 'node_modules', '.bin', 'codex'), '');

  expect(findClis({ NIGHTDESK_TEST_CLIS: folder })).toEqual({ codex: join(folder, 'node_modules', '.bin', 'codex') });
});

test('a program that runs past its time is ended with its whole group', async () => {
  const home = createCliHome('claude', temporaryFolder(), 'http://127.0.0.1:9');

  const result = await runCli('/bin/sh', ['-c', 'sleep 60 & wait'], home, { timeoutMs: 200 });

  expect(result.signal).toBe('SIGKILL');
});

test.skipIf(isMissing('claude'))(
  'Claude Code takes its answer from the loopback model, and asks nobody else',
  async () => {
    const { code, stdout, server: model, credentials } = await run('claude', { kind: 'text', text: 'From loopback.' });

    expect(stdout).toContain('"result":"From loopback."');
    expect({ code, credentials, asides: model.asides }).toEqual({ code: 0, credentials: [MADE_UP_TOKEN], asides: [] });
  },
);

test.skipIf(isMissing('claude'))('Claude Code gives up at the first 401 of the loopback model', async () => {
  const { code, stdout, server: model } = await run('claude', { kind: 'status', status: 401 });

  expect(stdout).toContain('"error":"authentication_failed"');
  expect({ code, requests: model.requests.length }).toEqual({ code: 1, requests: 1 });
});

test.skipIf(isMissing('codex'))('Codex takes its answer from the loopback model, and asks nobody else', async () => {
  const { code, stdout, server: model, credentials } = await run('codex', { kind: 'text', text: 'From loopback.' });

  expect(stdout).toContain('"text":"From loopback."');
  expect({ code, credentials, asides: model.asides }).toEqual({ code: 0, credentials: [MADE_UP_TOKEN], asides: [] });
});

test.skipIf(isMissing('codex'))('Codex gives up at the second 401 of the loopback model', async () => {
  const { code, stdout, server: model } = await run('codex', { kind: 'status', status: 401 });

  expect(stdout).toContain('unexpected status 401 Unauthorized');
  expect({ code, requests: model.requests.length }).toEqual({ code: 1, requests: 2 });
});

test.skipIf(isMissing('gemini'))(
  'Gemini CLI takes its answer from the loopback model, and asks nobody else',
  async () => {
    const { code, stdout, server: model, credentials } = await run('gemini', { kind: 'text', text: 'From loopback.' });

    expect(stdout).toContain('"content":"From loopback."');
    expect({ code, credentials, asides: model.asides }).toEqual({ code: 0, credentials: [MADE_UP_TOKEN], asides: [] });
  },
);

test.skipIf(isMissing('gemini'))('Gemini CLI gives up at the first 401 of the loopback model', async () => {
  const { code, stdout, server: model } = await run('gemini', { kind: 'status', status: 401 });

  expect(stdout).toContain('UNAUTHENTICATED');
  expect({ code, requests: model.requests.length }).toEqual({ code: 401 % 256, requests: 1 });
});
