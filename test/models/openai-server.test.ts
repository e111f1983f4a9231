import { afterEach, expect, test } from 'vitest';
import type { ModelAnswer, ModelServer } from './model-server.ts';
import { createOpenaiServer, planLimit } from './openai-server.ts';
import { eventsIn, post } from './talk.ts';

let server: ModelServer;

afterEach(() => server.close());

async function ask(answer: ModelAnswer, stream = true) {
  server = await createOpenaiServer([answer]);
  return await post(`${server.url}/v1/responses`, { model: 'gpt-5.2-codex', stream });
}

test('an OpenAI text comes as the events of a response, with the usage of the script', async () => {
  const { text } = await ask({ kind: 'text', text: 'Hello.', usage: { input: 250_000, cached: 1000, output: 7 } });

  const events = eventsIn(text);
  expect(events.map((event) => event['type'])).toEqual([
    'response.created',
    'response.output_item.added',
    'response.output_text.delta',
    'response.output_item.done',
    'response.completed',
  ]);
  expect(events[2]).toMatchObject({ delta: 'Hello.' });
  expect(events[4]).toMatchObject({
    response: {
      status: 'completed',
      usage: { input_tokens: 250_000, input_tokens_details: { cached_tokens: 1000 }, total_tokens: 250_007 },
    },
  });
});

test('an OpenAI tool call is a function call whose arguments are JSON, in the namespace of its server', async () => {
  const { text } = await ask({ kind: 'tool', name: 'beat', namespace: 'mcp__nightdesk', input: { note: 'x' } });

  const done = eventsIn(text).find((event) => event['type'] === 'response.output_item.done');
  expect(done).toMatchObject({
    item: { type: 'function_call', name: 'beat', namespace: 'mcp__nightdesk', arguments: '{"note":"x"}' },
  });
});

test('an OpenAI tool call is a custom one when its input is free-form', async () => {
  const { text } = await ask({ kind: 'tool', name: 'apply_patch', input: '*** Begin Patch' });

  const done = eventsIn(text).find((event) => event['type'] === 'response.output_item.done');
  expect(done).toMatchObject({ item: { type: 'custom_tool_call', name: 'apply_patch', input: '*** Begin Patch' } });
});

test('an OpenAI response comes whole when no stream is asked for', async () => {
  const { text } = await ask({ kind: 'text', text: 'Hello.' }, false);

  expect(JSON.parse(text)).toMatchObject({ object: 'response', output: [{ content: [{ text: 'Hello.' }] }] });
});

test.each([
  [401, 'invalid_api_key'],
  [403, 'unsupported_country_region_territory'],
  [429, 'rate_limit_exceeded'],
  [500, null],
  [503, 'server_is_overloaded'],
  [529, 'server_is_overloaded'],
])('an OpenAI failure %i has the code %s', async (status, code) => {
  const answer = await ask({ kind: 'status', status });

  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.text)).toMatchObject({ error: { code } });
});

test('a used-up plan is told by its type, with the time when it is full again', async () => {
  const answer = await ask(planLimit(1_795_336_853));

  expect(answer.status).toBe(429);
  expect(JSON.parse(answer.text)).toMatchObject({
    error: { type: 'usage_limit_reached', resets_at: 1_795_336_853, message: 'The usage limit has been reached' },
  });
});

test('an OpenAI stream is cut before its end when it drops', async () => {
  const { text, cut } = await ask({ kind: 'drop', text: 'Half' });

  expect(cut).toBe(true);
  expect(text).toContain('response.created');
  expect(text).not.toContain('response.completed');
});

test('a list of models is no request for an OpenAI answer', async () => {
  await ask({ kind: 'text', text: 'Hello.' });

  const answer = await post(`${server.url}/v1/models`, {});

  expect(answer.status).toBe(404);
  expect(server.requests).toHaveLength(1);
  expect(server.asides).toHaveLength(1);
});
