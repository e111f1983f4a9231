import { spawn } from 'node:child_process';
import { request as httpRequest } from 'node:http';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createLoopbackServer } from '../../src/adapters/loopback-http.ts';
import { createGateway, renderRefusal } from '../../src/gateway/gateway.ts';
import type { GatewayRooms } from '../../src/gateway/contract.ts';
import { MAX_REQUEST_BYTES } from '../../src/gateway/limits.ts';
import { createFakeLog, createFakeRooms, decision, ENDED_TOKEN, NOW, RUN, TOKEN } from './fake-rooms.ts';

// Processes, sockets and megabytes on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const FIXTURE = new URL('fixtures/agent-command.ts', import.meta.url).pathname;
const TOOLS = ['draft', 'beat', 'progress', 'fail', 'ask', 'checkpoint', 'task', 'decisions'];
const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(overrides: Partial<GatewayRooms> = {}) {
  const fake = createFakeRooms(overrides);
  const { log, lines } = createFakeLog();
  const server = await createLoopbackServer(createGateway(fake.rooms, log).serve, {
    maxBodyBytes: MAX_REQUEST_BYTES,
    log,
    renderRefusal,
  });
  closers.push(() => server.close());
  return { ...fake, url: server.url, lines };
}

async function connectHttp(url: string, token = TOKEN): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const headers = { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }));
  closers.push(() => client.close());
  return client;
}

async function connectStdio(url: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const env = { NIGHTDESK_URL: url, NIGHTDESK_TOKEN: TOKEN };
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [FIXTURE, 'mcp'], env }));
  closers.push(() => client.close());
  return client;
}

async function call(client: Client, name: string, given: Record<string, unknown> = {}) {
  const result = (await client.callTool({ name, arguments: given })) as CallToolResult;
  const [content] = result.content;
  return { text: content?.type === 'text' ? content.text : undefined, isError: result.isError };
}

describe.each([
  ['HTTP', connectHttp],
  ['stdio', connectStdio],
] as const)('the tools over %s', (_transport, connect) => {
  test('are those of the agent commands, each with a schema and a word on when to use it', async () => {
    const { url } = await serve();
    const client = await connect(url);

    const { tools } = await client.listTools();

    expect(tools.map(({ name }) => name)).toEqual(TOOLS);
    for (const { inputSchema, description } of tools) {
      expect(inputSchema.type).toBe('object');
      expect(description).toContain('. ');
    }
    expect(tools[0]?.inputSchema).toMatchObject({
      required: ['body'],
      additionalProperties: false,
      properties: { window: { type: 'string' }, priority: { type: 'integer', minimum: 1, maximum: 5 } },
    });
    expect(tools[0]?.inputSchema.properties).not.toHaveProperty('windowMs');
  });

  test('hand a draft to the desk, with its window in words, and give its id', async () => {
    const { url, acts } = await serve();
    const client = await connect(url);

    const result = await call(client, 'draft', { kind: 'reply', to: '@ada', body: 'Hello.\n', window: '4h', key: 'k' });

    expect(result).toEqual({ text: '12', isError: false });
    const draft = { kind: 'reply', to: '@ada', body: 'Hello.\n', windowMs: 14_400_000, key: 'k', priority: 3 };
    expect(acts).toEqual([{ act: 'draft', run: RUN, draft }]);
  });

  test('hand in another version of a draft by its number, and say what a new one is missing', async () => {
    const { url, acts } = await serve();
    const client = await connect(url);

    const version = await call(client, 'draft', { revises: 7, body: 'Shorter.' });
    const incomplete = await call(client, 'draft', { body: 'Hello.' });

    expect(version).toEqual({ text: '7', isError: false });
    expect(acts).toMatchObject([{ act: 'version', version: { draft: 7, body: 'Shorter.' } }]);
    expect(incomplete).toEqual({ text: 'kind is missing; to is missing', isError: true });
  });

  test('move the clocks of their own run, and report failures', async () => {
    const { url, acts } = await serve();
    const client = await connect(url);

    const said = [
      await call(client, 'beat', { note: 'reading' }),
      await call(client, 'beat'),
      await call(client, 'beat', { for: '10m' }),
      await call(client, 'progress', { text: 'one page' }),
      await call(client, 'fail', { tool: 'search', kind: 'rate-limit', text: '429' }),
    ];

    expect(said.map(({ text }) => text)).toEqual(['Noted.', 'Noted.', 'Noted.', 'Noted.', 'wait 60']);
    expect(acts).toEqual([
      { act: 'beat', run: RUN, note: 'reading' },
      { act: 'beat', run: RUN, note: undefined },
      { act: 'beat', run: RUN, note: undefined, forMs: 600_000 },
      { act: 'progress', run: RUN, text: 'one page' },
      { act: 'fail', run: RUN, failure: { tool: 'search', kind: 'rate-limit', text: '429' } },
    ]);
  });

  test('tell decisions in the words of the command', async () => {
    const { url } = await serve({ decisions: () => [decision({ verdict: 'rejected', reason: 'rude' })] });
    const client = await connect(url);

    const { text } = await call(client, 'decisions');

    expect(text).toBe('2026-07-01T08:00:00.000Z  draft 12, reply to @ada: rejected: rude');
  });

  test('ask, wait and give the answer', async () => {
    const { url, acts, settle, waiting } = await serve();
    const client = await connect(url);

    const asked = call(client, 'ask', { text: 'Which city?', options: ['Berlin', 'Paris'], within: '5m' });
    await vi.waitUntil(() => waiting() > 0, { timeout: 10_000 });
    settle({ kind: 'answered', answer: 'Paris' });

    expect(await asked).toEqual({ text: 'Paris', isError: false });
    const ask = { text: 'Which city?', options: ['Berlin', 'Paris'], withinMs: 300_000 };
    expect(acts).toEqual([{ act: 'ask', run: RUN, ask }]);
  });

  test('say that nobody answered when a question expires', async () => {
    const { url, settle } = await serve();
    settle({ kind: 'expired' });
    const client = await connect(url);

    const result = await call(client, 'ask', { text: 'Which city?', within: '90s' });

    expect(result).toEqual({ text: 'nobody answered within 1m30s', isError: true });
  });

  test.each<[string, string, Record<string, unknown>, string]>([
    ['of a wrong type', 'draft', { kind: 'reply', to: '@ada', body: 7 }, 'body must be text'],
    ['that is missing', 'progress', {}, 'text is missing'],
    ['that nobody knows', 'beat', { mood: 'good' }, '"mood" is not known here (known: note, for)'],
    ['that is longer than a day', 'beat', { for: '2d' }, 'for must be a duration of at most 24h'],
    [
      'without a unit',
      'ask',
      { text: 'Now?', within: '30' },
      'within must be a duration such as "30s", "5m", "4h", "7d" or "1h30m": write the unit, "30s" or "30m"',
    ],
    [
      'that is no time',
      'decisions',
      { since: 'yesterday' },
      'since must be an ISO 8601 time, as in 2026-07-01T08:00:00Z, or how far back, as in 2h',
    ],
  ])('refuse an argument %s in a sentence', async (_what, tool, given, sentence) => {
    const { url, acts } = await serve();
    const client = await connect(url);

    expect(await call(client, tool, given)).toEqual({ text: sentence, isError: true });
    expect(acts).toEqual([]);
  });

  test("give the room's reason when it refuses", async () => {
    const { url } = await serve({ submitDraft: () => ({ kind: 'refused', reason: 'kind "fax" is unknown' }) });
    const client = await connect(url);

    const result = await call(client, 'draft', { kind: 'fax', to: '@ada', body: 'Hello.' });

    expect(result).toEqual({ text: 'kind "fax" is unknown', isError: true });
  });

  test('refuse a tool that there is not, and go on', async () => {
    const { url } = await serve();
    const client = await connect(url);

    await expect(client.callTool({ name: 'publish', arguments: {} })).rejects.toMatchObject({ code: -32602 });
    expect(await call(client, 'beat')).toMatchObject({ text: 'Noted.' });
  });
});

describe('MCP over HTTP', () => {
  test('reads how far back decisions are asked for', async () => {
    const { url, acts } = await serve();
    const client = await connectHttp(url);

    await call(client, 'decisions', { since: '2h' });

    expect(acts).toEqual([{ act: 'decisions', agent: 'scout', since: NOW - 7_200_000 }]);
  });

  test('says how to go on waiting when nobody has answered for as long as a request may wait', async () => {
    let now = NOW;
    const { url } = await serve({
      now: () => now,
      wait: (_run, _id, forMs) => {
        now += forMs;
        return Promise.resolve({ kind: 'open' });
      },
    });
    const client = await connectHttp(url);

    const result = await call(client, 'ask', { text: 'Which city?' });

    expect(result).toEqual({
      text: 'No answer yet. To go on waiting, ask again with key "ask-1".',
      isError: false,
    });
  });

  test('answers in a stream that begins at once when the owner has to be waited for', async () => {
    const { url, settle, waiting } = await serve();
    const message = {
      jsonrpc: '2.0',
      id: 4,
      method: 'tools/call',
      params: { name: 'ask', arguments: { text: 'Go?' } },
    };
    const head = Promise.withResolvers<string | undefined>();

    const asked = post(url, message, {
      headers: { accept: 'application/json, text/event-stream' },
      onHead: (contentType) => head.resolve(contentType),
    });
    expect(await head.promise).toBe('text/event-stream');
    await vi.waitUntil(() => waiting() > 0, { timeout: 10_000 });
    settle({ kind: 'answered', answer: 'Yes\nnow' });

    const { text } = await asked;
    const [, data = ''] = /^event: message\ndata: (.*)\n\n$/.exec(text) ?? [];
    expect(JSON.parse(data)).toMatchObject({ id: 4, result: { content: [{ text: 'Yes\nnow' }] } });
  });

  test('waits less than a minute for a client that takes no stream', async () => {
    const waits: number[] = [];
    let now = NOW;
    const { url } = await serve({
      now: () => now,
      wait: (_run, _id, forMs) => {
        waits.push(forMs);
        now += forMs;
        return Promise.resolve({ kind: 'open' });
      },
    });
    const message = {
      jsonrpc: '2.0',
      id: 4,
      method: 'tools/call',
      params: { name: 'ask', arguments: { text: 'Go?' } },
    };

    const { json } = await post(url, message, { headers: { accept: 'application/json' } });

    expect(json).toMatchObject({ result: { content: [{ text: expect.stringContaining('No answer yet.') }] } });
    expect(waits).toEqual([50_000]);
  });

  test('tells the log, and not the agent, what a room has thrown', async () => {
    const { url, lines } = await serve({
      beat: () => {
        throw new Error('SQLITE_IOERR at /secret/place');
      },
    });
    const client = await connectHttp(url);

    const { text, isError } = await call(client, 'beat');

    expect([isError, text]).toEqual([true, expect.not.stringContaining('SQLITE')]);
    expect(lines).toEqual([expect.stringContaining('SQLITE_IOERR')]);
  });

  test('stops waiting when its client goes away', async () => {
    const left = Promise.withResolvers<string>();
    const waits = Promise.withResolvers<void>();
    const { url } = await serve({
      wait: (_run, _id, _forMs, gone) =>
        new Promise((resolve) => {
          waits.resolve();
          gone.addEventListener('abort', () => {
            left.resolve('told');
            resolve({ kind: 'open' });
          });
        }),
    });
    const client = await connectHttp(url);
    const asked = call(client, 'ask', { text: 'Which city?' }).catch(() => undefined);
    await waits.promise;

    await client.close();

    expect(await left.promise).toBe('told');
    await asked;
  });

  test.each([
    ['an unknown token', 'stranger', 'this token belongs to no run'],
    ['the token of a run that has ended', ENDED_TOKEN, 'this run has ended'],
  ])('knows nobody by %s', async (_what, token, message) => {
    const { url, acts } = await serve();

    const answer = await post(url, { jsonrpc: '2.0', id: 1, method: 'tools/list' }, { token });

    expect(answer).toMatchObject({ status: 401, json: { jsonrpc: '2.0', id: null, error: { message } } });
    expect(acts).toEqual([]);
  });

  test.each(['GET', 'DELETE', 'PUT'])('answers 405 to %s', async (method) => {
    const { url } = await serve();

    const answer = await post(url, undefined, { method });

    expect(answer).toMatchObject({ status: 405, allow: 'POST', json: { error: { code: -32000 } } });
  });

  test('takes a notification without an answer', async () => {
    const { url } = await serve();

    const answer = await post(url, { jsonrpc: '2.0', method: 'notifications/initialized' });

    expect(answer).toMatchObject({ status: 202, text: '', contentType: undefined });
  });

  test('answers a probe for another protocol with an unknown method', async () => {
    const { url } = await serve();

    const answer = await post(
      url,
      { jsonrpc: '2.0', id: 1, method: 'server/discover', params: {} },
      { headers: { 'mcp-protocol-version': '2099-01-01' } },
    );

    expect(answer).toMatchObject({ status: 200, json: { id: 1, error: { code: -32601 } } });
  });

  test('answers an unknown version with one that it knows', async () => {
    const { url } = await serve();
    const params = { protocolVersion: '1999-01-01', capabilities: {}, clientInfo: { name: 'x', version: '1' } };

    const answer = await post(url, { jsonrpc: '2.0', id: 1, method: 'initialize', params });

    expect(answer.json).toMatchObject({ result: { protocolVersion: expect.stringMatching(/^2025-/) } });
  });

  const deep = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"beat","arguments":{"note":${'['.repeat(200_000)}${']'.repeat(200_000)}}}}`;
  test.each<[string, string | Uint8Array, number, number, unknown]>([
    ['that is not JSON', '{"jsonrpc":', 400, -32700, null],
    ['that is empty', '', 400, -32700, null],
    ['that is not UTF-8', Uint8Array.of(0xff, 0xfe, 0x7b), 400, -32700, null],
    ['of another version', '{"jsonrpc":"1.0","id":5,"method":"ping"}', 400, -32600, 5],
    ['that is a batch', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', 400, -32600, null],
    ['that is a number', '7', 400, -32600, null],
    ['with an id of a wrong type', '{"jsonrpc":"2.0","id":{},"method":"ping"}', 400, -32600, null],
    ['without a method', '{"jsonrpc":"2.0","id":6}', 400, -32600, 6],
    ['with an unknown method', '{"jsonrpc":"2.0","id":7,"method":"resources/list"}', 200, -32601, 7],
    ['with parameters that are a text', '{"jsonrpc":"2.0","id":8,"method":"tools/call","params":"x"}', 400, -32600, 8],
    [
      'that calls a tool by a number',
      '{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":7}}',
      400,
      -32602,
      8,
    ],
    [
      'with arguments that are a list',
      '{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"beat","arguments":[1]}}',
      400,
      -32602,
      9,
    ],
    ['with an initialize that says nothing', '{"jsonrpc":"2.0","id":10,"method":"initialize"}', 400, -32602, 10],
  ])('answers a message %s with an error of JSON-RPC', async (_what, body, status, code, id) => {
    const { url, acts, lines } = await serve();

    const answer = await post(url, body);

    expect(answer).toMatchObject({ status, json: { jsonrpc: '2.0', id, error: { code } } });
    expect(acts).toEqual([]);
    expect(lines).toEqual([]);
    expect((await post(url, { jsonrpc: '2.0', id: 1, method: 'ping' })).json).toMatchObject({ result: {} });
  });

  test('refuses arguments that are nested as deeply as can be', async () => {
    const { url, acts } = await serve();

    const answer = await post(url, deep);

    expect(answer.json).toMatchObject({ result: { isError: true, content: [{ text: 'note must be text' }] } });
    expect(acts).toEqual([]);
  });

  test('answers whatever JSON it is sent in the form of JSON-RPC, and calls no room for rubbish', async () => {
    const { rooms, acts } = createFakeRooms();
    const { log, lines } = createFakeLog();
    const gateway = createGateway(rooms, log);
    const method = fc.oneof(
      fc.constantFrom('initialize', 'ping', 'tools/list', 'tools/call', 'logging/setLevel'),
      fc.string(),
    );
    const call = fc.record({ name: fc.oneof(fc.constantFrom(...TOOLS), fc.string()), arguments: fc.jsonValue() });
    const message = fc.record(
      {
        jsonrpc: fc.oneof(fc.constant('2.0'), fc.string()),
        id: fc.oneof(fc.integer(), fc.string(), fc.jsonValue()),
        method,
        params: fc.oneof(call, fc.jsonValue()),
      },
      { requiredKeys: [] },
    );

    await fc.assert(
      fc.asyncProperty(fc.oneof(message, fc.jsonValue()), async (sent) => {
        const answer = await gateway.serve(
          {
            method: 'POST',
            target: '/mcp',
            authorization: `Bearer ${TOKEN}`,
            body: Buffer.from(JSON.stringify(sent)),
          },
          new AbortController().signal,
        );
        if ('event' in answer) throw new Error('nobody takes a stream');
        const { status, body } = answer;
        expect([200, 202, 400]).toContain(status);
        if (status !== 202) expect(JSON.parse(body)).toMatchObject({ jsonrpc: '2.0' });
      }),
      { numRuns: 500 },
    );
    // `beat` takes an empty object; nothing else that was made up fits a tool.
    expect(acts.filter(({ act }) => act !== 'beat' && act !== 'decisions')).toEqual([]);
    expect(lines).toEqual([]);
  });

  test('answers a body that is too large with 413 and an error of JSON-RPC', async () => {
    const { url, acts } = await serve();

    const answer = await post(url, Buffer.alloc(MAX_REQUEST_BYTES + 1, 0x20));

    expect(answer).toMatchObject({ status: 413, json: { jsonrpc: '2.0', id: null, error: { code: -32000 } } });
    expect(acts).toEqual([]);
  });
});

describe('MCP over stdio', () => {
  test('ends with its input even while a question waits', async () => {
    const { url, waiting } = await serve();
    const ask = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask","arguments":{"text":"Go?"}}}';
    const { child, ended } = start(url);
    child.stdin.write(`${ask}\n`);
    await vi.waitUntil(() => waiting() > 0, { timeout: 10_000 });
    const since = performance.now();

    child.stdin.end();

    expect(await ended).toBe(0);
    expect(performance.now() - since).toBeLessThan(10_000);
  });

  test('answers rubbish with errors of JSON-RPC, goes on, and ends with its input', async () => {
    const { url, acts } = await serve();
    const lines = [
      'not json',
      '[]',
      '{"jsonrpc":"1.0","id":1,"method":"ping"}',
      '',
      `{"jsonrpc":"2.0","id":2,"method":"${'x'.repeat(MAX_REQUEST_BYTES)}"}`,
      '{"jsonrpc":"2.0","id":3,"method":"nothing"}',
      '{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"beat","arguments":{"note":"still here"}}}',
    ];

    const { answers, code } = await talk(url, lines, 6);

    expect(answers.map(({ id, error }) => [id, error?.code])).toEqual([
      [null, -32700],
      [null, -32600],
      [1, -32600],
      [null, -32700],
      [3, -32601],
      [4, undefined],
    ]);
    expect(acts).toEqual([{ act: 'beat', run: RUN, note: 'still here' }]);
    expect(code).toBe(0);
  });
});

/** Starts `nightdesk mcp`. */
function start(url: string) {
  const child = spawn(process.execPath, [FIXTURE, 'mcp'], { env: { NIGHTDESK_URL: url, NIGHTDESK_TOKEN: TOKEN } });
  closers.push(() => void child.kill());
  child.stdin.on('error', () => {});
  return { child, ended: new Promise<number | null>((resolve) => child.on('close', resolve)) };
}

/** Writes lines to it, and closes its input once so many answers have come. */
async function talk(url: string, lines: readonly string[], count: number) {
  const { child, ended } = start(url);
  let out = '';
  const complete = () => out.split('\n').slice(0, -1);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    if (complete().length >= count) child.stdin.end();
  });
  child.stdin.write(`${lines.join('\n')}\n`);
  const code = await ended;
  const answers = complete().map((line) => JSON.parse(line) as { id: unknown; error?: { code: number } });
  return { answers, code };
}

/** One raw request to the MCP endpoint. */
function post(
  url: string,
  body: object | string | undefined,
  more: {
    readonly token?: string;
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly onHead?: (contentType: string | undefined) => void;
  } = {},
) {
  const bytes =
    body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  return new Promise<{
    readonly status: number | undefined;
    readonly allow: string | undefined;
    readonly contentType: string | undefined;
    readonly text: string;
    readonly json: unknown;
  }>((resolve, reject) => {
    const request = httpRequest(`${url}/mcp`, {
      method: more.method ?? 'POST',
      agent: false,
      headers: { authorization: `Bearer ${more.token ?? TOKEN}`, ...more.headers },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      more.onHead?.(response.headers['content-type']);
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          allow: response.headers.allow,
          contentType: response.headers['content-type'],
          text,
          json: text.startsWith('{') ? (JSON.parse(text) as unknown) : undefined,
        }),
      );
    });
    request.end(bytes);
  });
}
