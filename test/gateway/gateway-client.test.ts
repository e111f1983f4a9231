import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { callLoopback } from '../../src/adapters/loopback-http.ts';
import { callGateway } from '../../src/gateway/gateway-client.ts';
import type { GatewayCall } from '../../src/gateway/gateway-client.ts';

// Processes, sockets and megabytes on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function listen(handle: RequestListener, port = 0): Promise<URL> {
  const server = createServer(handle).listen(port, '127.0.0.1');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

/** An address where nobody listens. */
async function nowhere(): Promise<URL> {
  const url = await listen(() => {});
  for (const close of closers.splice(0)) close();
  return url;
}

function answering(status: number, body: string): RequestListener {
  return (_request, response) => response.writeHead(status).end(body);
}

const ONCE: GatewayCall = { method: 'POST', target: '/v1/draft', body: { a: 1 }, repeatable: false };
const REPEATABLE: GatewayCall = { ...ONCE, repeatable: true };

test('a call that is not repeatable goes through when the gateway comes back after the connection was refused', async () => {
  const url = await nowhere();
  const pending = callGateway({ url, token: 't' }, ONCE);
  // Sent after the first try, so that one has been refused too when this one has.
  const probe = {
    url: url.href,
    method: 'GET',
    token: 't',
    body: undefined,
    timeoutMs: 1000,
    maxAnswerBytes: 10,
  } as const;
  expect((await callLoopback(probe)).kind).toBe('refused');

  await listen(answering(201, '{"id":12}'), Number(url.port));

  expect(await pending).toEqual({ kind: 'done', answer: { id: 12 } });
});

test('a call ends as unavailable, with nothing sent, when nobody listens for totalMs', async () => {
  const url = await nowhere();

  expect(await callGateway({ url, token: 't' }, REPEATABLE, 300)).toEqual({
    kind: 'unavailable',
    reason: 'ECONNREFUSED',
    maybe: false,
  });
});

test('a repeatable call stays possibly done when an answer was lost before nobody listened any more', async () => {
  const url = await listen((request) => {
    for (const close of closers.splice(0)) close();
    request.socket.destroy();
  });

  expect(await callGateway({ url, token: 't' }, REPEATABLE, 400)).toMatchObject({ kind: 'unavailable', maybe: true });
});

test.each([
  [400, '{"error":"kind is missing"}', { kind: 'refused', reason: 'kind is missing' }],
  [422, 'oops', { kind: 'refused', reason: 'status 422' }],
  [500, '{"error":"it failed"}', { kind: 'unavailable', reason: 'it failed', maybe: true }],
  [302, '{}', { kind: 'unavailable', reason: 'status 302', maybe: true }],
  [200, 'null', { kind: 'unavailable', reason: 'status 200', maybe: true }],
  [200, '{"id":', { kind: 'unavailable', reason: 'status 200', maybe: true }],
])('a call that is not repeatable reads status %i with %s once', async (status, body, outcome) => {
  let seen = 0;
  const url = await listen((request, response) => {
    seen += 1;
    answering(status, body)(request, response);
  });

  expect(await callGateway({ url, token: 't' }, ONCE)).toEqual(outcome);
  expect(seen).toBe(1);
});

test('a repeatable call is made again when the control plane failed at it', async () => {
  let seen = 0;
  const url = await listen((request, response) => {
    seen += 1;
    answering(seen < 3 ? 500 : 200, '{"ok":true}')(request, response);
  });

  expect(await callGateway({ url, token: 't' }, REPEATABLE)).toEqual({ kind: 'done', answer: { ok: true } });
});

test('a call settles within totalMs when the gateway never answers', async () => {
  const url = await listen(() => {});

  expect(await callGateway({ url, token: 't' }, ONCE, 200)).toEqual({
    kind: 'unavailable',
    reason: 'no answer in time',
    maybe: true,
  });
});
