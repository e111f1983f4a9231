import { afterEach, expect, test } from 'vitest';
import { createGeminiServer, dailyQuota } from './gemini-server.ts';
import type { ModelAnswer, ModelServer } from './model-server.ts';
import { eventsIn, post } from './talk.ts';

let server: ModelServer;

afterEach(() => server.close());

async function ask(answer: ModelAnswer, method = 'streamGenerateContent?alt=sse') {
  server = await createGeminiServer([answer]);
  return await post(`${server.url}/v1beta/models/gemini-2.5-pro:${method}`, { contents: [] });
}

test('a Gemini text comes in chunks, with the usage of the script and a finish at the end', async () => {
  const { text } = await ask({ kind: 'text', text: 'Hello.', usage: { input: 900_000, cached: 1000, output: 7 } });

  const [first, last, ...others] = eventsIn(text);
  expect(others).toEqual([]);
  expect(first).toMatchObject({ candidates: [{ content: { role: 'model', parts: [{ text: 'Hello.' }] } }] });
  expect(last).toMatchObject({
    candidates: [{ finishReason: 'STOP' }],
    usageMetadata: { promptTokenCount: 900_000, cachedContentTokenCount: 1000, candidatesTokenCount: 7 },
    modelVersion: 'gemini-2.5-pro',
  });
});

test('a Gemini tool call is a function call with its arguments', async () => {
  const { text } = await ask({ kind: 'tool', name: 'run_shell_command', input: { command: 'ls' } });

  expect(eventsIn(text)[0]).toMatchObject({
    candidates: [{ content: { parts: [{ functionCall: { name: 'run_shell_command', args: { command: 'ls' } } }] } }],
  });
});

test('a Gemini answer comes whole when no stream is asked for', async () => {
  const { text } = await ask({ kind: 'text', text: 'Hello.' }, 'generateContent');

  expect(JSON.parse(text)).toMatchObject({
    candidates: [{ content: { parts: [{ text: 'Hello.' }] }, finishReason: 'STOP' }],
  });
});

test.each([
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [429, 'RESOURCE_EXHAUSTED'],
  [500, 'INTERNAL'],
  [503, 'UNAVAILABLE'],
  [529, 'UNAVAILABLE'],
])('a Gemini failure %i has the status %s', async (code, status) => {
  const answer = await ask({ kind: 'status', status: code });

  expect(answer.status).toBe(code);
  expect(JSON.parse(answer.text)).toMatchObject({ error: { code, status } });
});

test('a used-up day is told by the quota that was violated', async () => {
  const answer = await ask(dailyQuota());

  expect(answer.status).toBe(429);
  expect(answer.text).toContain('GenerateRequestsPerDay');
});

test('a Gemini stream is cut before its end when it drops', async () => {
  const { text, cut } = await ask({ kind: 'drop', text: 'Half' });

  expect(cut).toBe(true);
  expect(eventsIn(text)).toHaveLength(1);
  expect(text).not.toContain('STOP');
});

test('a count of tokens is no request for a Gemini answer', async () => {
  const { text } = await ask({ kind: 'text', text: 'Hello.' }, 'countTokens');

  expect(JSON.parse(text)).toEqual({ totalTokens: 1000 });
  expect(server.requests).toEqual([]);
  expect(server.asides).toHaveLength(1);
});
