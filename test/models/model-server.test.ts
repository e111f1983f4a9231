import { afterEach, expect, test } from 'vitest';
import { createAnthropicServer } from './anthropic-server.ts';
import { createGeminiServer } from './gemini-server.ts';
import type { ModelAnswer, ModelServer, ModelServerOptions } from './model-server.ts';
import { post } from './talk.ts';

let server: ModelServer;

afterEach(() => server.close());

async function start(script: readonly [ModelAnswer, ...ModelAnswer[]], options?: ModelServerOptions): Promise<void> {
  server = await createAnthropicServer(script, options);
}

async function ask(headers: Readonly<Record<string, string>> = {}, signal?: AbortSignal) {
  const { status, text } = await post(`${server.url}/v1/messages`, { model: 'sonnet' }, headers, signal);
  const body = JSON.parse(text) as { readonly content?: readonly { readonly text: string }[] };
  return body.content?.[0]?.text ?? status;
}

test('a model server repeats the last answer when its script is used up', async () => {
  await start([
    { kind: 'text', text: 'one' },
    { kind: 'text', text: 'two' },
  ]);

  const answers = [await ask(), await ask(), await ask()];

  expect(answers).toEqual(['one', 'two', 'two']);
});

test('a model server fails in the middle of a run when the script says so', async () => {
  await start([
    { kind: 'text', text: 'one' },
    { kind: 'status', status: 401 },
    { kind: 'text', text: 'mended' },
  ]);

  const answers = [await ask(), await ask(), await ask()];

  expect(answers).toEqual(['one', 401, 'mended']);
});

test('a model server takes a new script while it runs', async () => {
  await start([{ kind: 'text', text: 'one' }]);
  await ask();

  server.script({ kind: 'text', text: 'other' });
  const answer = await ask();

  expect(answer).toBe('other');
});

test('a recorded request of a model holds its time, path and body, and no credential', async () => {
  await start([{ kind: 'text', text: 'one' }]);
  const before = Date.now();

  await ask({ authorization: 'Bearer TEST-1', 'x-api-key': 'TEST-2', 'x-goog-api-key': 'TEST-3', 'x-run': '7' });

  const [request] = server.requests;
  expect(request).toMatchObject({ method: 'POST', path: '/v1/messages', body: { model: 'sonnet' } });
  expect(request?.at).toBeGreaterThanOrEqual(before);
  expect(request?.headers['x-run']).toBe('7');
  expect(JSON.stringify(request)).not.toContain('TEST-');
});

test('a recorded request has no credential in its path when the URL brought one', async () => {
  server = await createGeminiServer([{ kind: 'text', text: 'one' }]);

  await post(`${server.url}/v1beta/models/m:generateContent?key=TEST-4&alt=sse`, {});

  expect(server.requests[0]?.path).toBe('/v1beta/models/m:generateContent?key=[redacted]&alt=sse');
});

test('a hanging model takes the request and answers nothing until it is closed', async () => {
  const asked = Promise.withResolvers<void>();
  await start([{ kind: 'hang' }], { onRequest: () => asked.resolve() });

  const outcome = ask().catch((error: unknown) => (error as NodeJS.ErrnoException).code);
  await asked.promise;
  await server.close();

  expect(await outcome).toBe('ECONNRESET');
});

test('an answer of a model waits for its hook, which is told which request it is', async () => {
  const seen: number[] = [];
  const gate = Promise.withResolvers<void>();
  await start([{ kind: 'text', text: 'one' }], {
    async onRequest(_request, index) {
      seen.push(index);
      if (index === 1) await gate.promise;
    },
  });
  await ask();

  let answered = false;
  const second = ask().finally(() => {
    answered = true;
  });
  await expect.poll(() => seen).toEqual([0, 1]);
  const answeredEarly = answered;
  gate.resolve();

  expect(await second).toBe('one');
  expect(answeredEarly).toBe(false);
});

test('a refused credential gets a 401 and takes no answer of the script', async () => {
  await start(
    [
      { kind: 'text', text: 'one' },
      { kind: 'text', text: 'two' },
    ],
    { accepts: (credential) => credential === 'TEST-good' },
  );

  const answers = [
    await ask({ 'x-api-key': 'TEST-bad' }),
    await ask({ authorization: 'Bearer TEST-good' }),
    await ask({ 'x-api-key': 'TEST-good' }),
  ];

  expect(answers).toEqual([401, 'one', 'two']);
});
