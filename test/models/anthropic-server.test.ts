import { afterEach, expect, test } from 'vitest';
import { createAnthropicServer, subscriptionLimit } from './anthropic-server.ts';
import type { ModelAnswer, ModelServer } from './model-server.ts';
import { eventsIn, post } from './talk.ts';

let server: ModelServer;

afterEach(() => server.close());

async function ask(answer: ModelAnswer, stream: boolean, headers: Readonly<Record<string, string>> = {}) {
  server = await createAnthropicServer([answer]);
  return await post(`${server.url}/v1/messages?beta=true`, { model: 'claude-sonnet-5-5', stream }, headers);
}

test('Anthropic text comes as the events of a message, with the usage of the script', async () => {
  const usage = { input: 150_000, cached: 20_000, output: 7 };

  const { text } = await ask({ kind: 'text', text: 'Hello.', usage }, true);

  const events = eventsIn(text);
  expect(events.map((event) => event['type'])).toEqual([
    'message_start',
    'content_block_start',
    'content_block_delta',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ]);
  expect(events[0]).toMatchObject({
    message: { model: 'claude-sonnet-5-5', usage: { input_tokens: 130_000, cache_read_input_tokens: 20_000 } },
  });
  expect(events[2]).toMatchObject({ delta: { type: 'text_delta', text: 'Hello.' } });
  expect(events[4]).toMatchObject({ delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 7 } });
});

test('an Anthropic tool call brings its input as partial JSON, and stops for the tool', async () => {
  const { text } = await ask({ kind: 'tool', name: 'Bash', input: { command: 'ls' }, text: 'Looking.' }, true);

  const events = eventsIn(text);
  expect(events).toContainEqual(
    expect.objectContaining({ content_block: expect.objectContaining({ type: 'tool_use', name: 'Bash', input: {} }) }),
  );
  expect(events).toContainEqual(
    expect.objectContaining({ delta: { type: 'input_json_delta', partial_json: '{"command":"ls"}' } }),
  );
  expect(events.at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use' } });
});

test('an Anthropic message comes whole when no stream is asked for', async () => {
  const { text } = await ask({ kind: 'text', text: 'Hello.' }, false);

  expect(JSON.parse(text)).toMatchObject({ type: 'message', content: [{ type: 'text', text: 'Hello.' }] });
});

test.each([
  [401, 'authentication_error', 'false'],
  [403, 'permission_error', 'false'],
  [429, 'rate_limit_error', undefined],
  [500, 'api_error', undefined],
  [503, 'api_error', undefined],
  [529, 'overloaded_error', undefined],
])('an Anthropic failure %i is a %s, with x-should-retry %s', async (status, type, retry) => {
  const answer = await ask({ kind: 'status', status, message: 'In these words.' }, true);

  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.text)).toMatchObject({ type: 'error', error: { type, message: 'In these words.' } });
  expect(answer.headers['x-should-retry']).toBe(retry);
});

test.each([
  [{ 'x-api-key': 'TEST' }, 'invalid x-api-key'],
  [{ authorization: 'Bearer TEST' }, 'Invalid bearer token'],
  [{ authorization: 'Bearer TEST', 'anthropic-beta': 'oauth-2025-04-20' }, 'OAuth token has expired'],
])('an Anthropic 401 to %j says %s', async (headers, words) => {
  const { text } = await ask({ kind: 'status', status: 401 }, true, headers);

  expect(text).toContain(words);
});

test('a subscription at its limit is told in the unified headers', async () => {
  const { status, headers } = await ask(subscriptionLimit(1_795_336_853), true);

  expect(status).toBe(429);
  expect(headers).toMatchObject({
    'anthropic-ratelimit-unified-status': 'rejected',
    'anthropic-ratelimit-unified-reset': '1795336853',
  });
});

test('an Anthropic stream is cut before its end when it drops', async () => {
  const { text, cut } = await ask({ kind: 'drop', text: 'Half' }, true);

  expect(cut).toBe(true);
  expect(eventsIn(text)[0]).toMatchObject({ type: 'message_start' });
  expect(text).not.toContain('message_stop');
});

test('a count of tokens is no request for an Anthropic answer', async () => {
  await ask({ kind: 'text', text: 'Hello.' }, false);

  const { text } = await post(`${server.url}/v1/messages/count_tokens?beta=true`, {});
  const unknown = await post(`${server.url}/api/event_logging/batch`, {});

  expect(JSON.parse(text)).toEqual({ input_tokens: 1000 });
  expect(unknown.status).toBe(404);
  expect(server.requests).toHaveLength(1);
  expect(server.asides.map((request) => request.path)).toEqual([
    '/v1/messages/count_tokens?beta=true',
    '/api/event_logging/batch',
  ]);
});
