import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { createLoopbackServer } from '../../src/adapters/loopback-http.ts';
import { createGateway, renderRefusal } from '../../src/gateway/gateway.ts';
import { MAX_REQUEST_BYTES } from '../../src/gateway/limits.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';
import { createAnthropicServer } from '../models/anthropic-server.ts';
import { type CliName, findClis } from '../models/clis.ts';
import { createGeminiServer } from '../models/gemini-server.ts';
import type { ModelAnswer } from '../models/model-server.ts';
import { createOpenaiServer } from '../models/openai-server.ts';
import { type CliHome, createCliHome, runCli } from '../models/run-cli.ts';
import { createFakeLog, createFakeRooms, RUN, TOKEN } from './fake-rooms.ts';

// Three programs of many megabytes, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const clis = findClis(process.env);
const isMissing = (name: CliName) => clis[name] === undefined && process.env['NIGHTDESK_TEST_CLIS'] === undefined;
const SERVERS = { claude: createAnthropicServer, codex: createOpenaiServer, gemini: createGeminiServer };
const FIXTURE = new URL('fixtures/agent-command.ts', import.meta.url).pathname;
const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** How each CLI calls a tool of ours. */
const CALLS: Readonly<Record<CliName, (name: string, input: Readonly<Record<string, unknown>>) => ModelAnswer>> = {
  claude: (name, input) => ({ kind: 'tool', name: `mcp__nightdesk__${name}`, input }),
  codex: (name, input) => ({ kind: 'tool', name, namespace: 'mcp__nightdesk', input }),
  gemini: (name, input) => ({ kind: 'tool', name: `mcp_nightdesk_${name}`, input }),
};

type Wiring = (home: CliHome, url: string) => readonly string[];

const HTTP: Readonly<Record<CliName, Wiring>> = {
  claude: (_home, url) => claude({ type: 'http', url, headers: { Authorization: 'Bearer ${NIGHTDESK_TOKEN}' } }),
  codex: (_home, url) => codex({ url, bearer_token_env_var: 'NIGHTDESK_TOKEN' }),
  gemini: (home, url) =>
    gemini(home, { httpUrl: url, headers: { Authorization: 'Bearer ${NIGHTDESK_TOKEN}' }, trust: true }),
};

const STDIO: Readonly<Record<CliName, Wiring>> = {
  claude: () => claude({ command: process.execPath, args: [FIXTURE, 'mcp'] }),
  codex: () =>
    codex({ command: process.execPath, args: [FIXTURE, 'mcp'], env_vars: ['NIGHTDESK_URL', 'NIGHTDESK_TOKEN'] }),
  gemini: (home) =>
    gemini(home, {
      command: process.execPath,
      args: [FIXTURE, 'mcp'],
      env: { NIGHTDESK_URL: '${NIGHTDESK_URL}', NIGHTDESK_TOKEN: '${NIGHTDESK_TOKEN}' },
      trust: true,
    }),
};

function claude(server: object): readonly string[] {
  const config = JSON.stringify({ mcpServers: { nightdesk: server } });
  const said = ['--model', 'sonnet', '--output-format', 'stream-json', '--verbose'];
  return ['-p', 'Do it.', ...said, '--allowedTools', 'mcp__nightdesk', '--mcp-config', config];
}

function codex(server: Readonly<Record<string, unknown>>): readonly string[] {
  // As our runtime has it: otherwise a turn begins without tools that are slow to start.
  const waits = { required: true, startup_timeout_sec: 60 };
  const settings = Object.entries({ ...server, ...waits, default_tools_approval_mode: 'approve' });
  const overrides = settings.flatMap(([key, value]) => ['-c', `mcp_servers.nightdesk.${key}=${JSON.stringify(value)}`]);
  return ['exec', '--json', '--skip-git-repo-check', ...overrides, 'Do it.'];
}

function gemini(home: CliHome, server: object): readonly string[] {
  const file = join(home.home, '.gemini', 'settings.json');
  const settings = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...settings, mcpServers: { nightdesk: server } }));
  return ['-p', 'Do it.', '--output-format', 'stream-json', '--skip-trust', '-m', 'gemini-2.5-pro'];
}

const CASES = (['claude', 'codex', 'gemini'] as const).flatMap((cli) => [
  { cli, transport: 'HTTP', wire: HTTP[cli] },
  { cli, transport: 'stdio', wire: STDIO[cli] },
]);

for (const { cli, transport, wire } of CASES) {
  test.skipIf(isMissing(cli))(`a real ${cli} asks its owner and hands in a draft over ${transport}`, async () => {
    const { rooms, acts, settle, waiting } = createFakeRooms();
    const { log } = createFakeLog();
    const server = await createLoopbackServer(createGateway(rooms, log).serve, {
      maxBodyBytes: MAX_REQUEST_BYTES,
      log,
      renderRefusal,
    });
    closers.push(() => server.close());
    const model = await SERVERS[cli]([
      CALLS[cli]('ask', { text: 'Which city?', options: ['Paris'], within: '2m' }),
      CALLS[cli]('draft', { kind: 'reply', to: '@ada', body: 'Paris it is.' }),
      { kind: 'text', text: 'Done.' },
    ]);
    closers.push(() => model.close());
    const home = createCliHome(cli, temporaryFolder(), model.url, {
      NIGHTDESK_URL: server.url,
      NIGHTDESK_TOKEN: TOKEN,
      ENABLE_TOOL_SEARCH: '0',
    });

    const ran = runCli(clis[cli] ?? cli, wire(home, `${server.url}/mcp`), home, { timeoutMs: 90_000 });
    await Promise.race([vi.waitUntil(() => waiting() > 0, { timeout: 90_000 }), ran]);
    settle({ kind: 'answered', answer: 'Paris, at noon' });
    const { code, stderr } = await ran;

    expect(code === 0 ? '' : stderr).toBe('');
    expect({ acts }).toEqual({
      acts: [
        { act: 'ask', run: RUN, ask: { text: 'Which city?', options: ['Paris'], withinMs: 120_000 } },
        { act: 'draft', run: RUN, draft: { kind: 'reply', to: '@ada', body: 'Paris it is.', priority: 3 } },
      ],
    });
    expect(JSON.stringify(model.requests.map(({ body }) => body))).toContain('Paris, at noon');
  });
}
