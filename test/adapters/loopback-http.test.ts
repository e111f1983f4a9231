import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { callLoopback, createLoopbackServer } from '../../src/adapters/loopback-http.ts';
import type { LoopbackServer } from '../../src/adapters/loopback-http.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import type { GatewayRooms } from '../../src/gateway/contract.ts';
import type { GatewayRequest } from '../../src/gateway/gateway.ts';
import type { GatewayResponse } from '../../src/gateway/responses.ts';
import { createFakeLog, createFakeRooms, TOKEN } from '../gateway/fake-rooms.ts';

// Processes, sockets and megabytes on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const MAX_BODY_BYTES = 1000;
const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(handle: Parameters<typeof createLoopbackServer>[0], requestTimeoutMs = 10_000) {
  const { log, lines } = createFakeLog();
  const server = await createLoopbackServer(handle, { maxBodyBytes: MAX_BODY_BYTES, log, requestTimeoutMs });
  closers.push(() => server.close());
  return { server, lines };
}

async function serveEcho(requestTimeoutMs?: number) {
  const requests: GatewayRequest[] = [];
  const served = await serve((request) => {
    requests.push(request);
    return { status: 200, body: JSON.stringify({ bytes: request.body.length }) };
  }, requestTimeoutMs);
  return { ...served, requests };
}

async function serveRooms(overrides: Partial<GatewayRooms> = {}) {
  const { rooms, acts } = createFakeRooms(overrides);
  return { ...(await serve(createGateway(rooms, createFakeLog().log).handle)), acts };
}

/** A connection, and all that comes over it until the server ends it. */
async function open(server: LoopbackServer): Promise<{ socket: Socket; everything: Promise<string> }> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  closers.push(() => void socket.destroy());
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => (text += String(chunk)));
  socket.on('error', () => socket.destroy());
  const everything = new Promise<string>((resolve) => socket.on('close', () => resolve(text)));
  await once(socket, 'connect');
  return { socket, everything };
}

async function sendRaw(server: LoopbackServer, bytes: string | Uint8Array): Promise<string> {
  const { socket, everything } = await open(server);
  socket.write(bytes);
  return everything;
}

function post(server: LoopbackServer, body: string, extra: readonly string[] = [], path = '/v1/draft'): string {
  const { host } = new URL(server.url);
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}`,
    `Authorization: Bearer ${TOKEN}`,
    `Content-Length: ${body.length}`,
    ...extra,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}

const DRAFT = JSON.stringify({ kind: 'reply', to: '@ada', body: 'Hello.' });

describe('a good request', () => {
  test('is handed over whole, with method, path, query and authorization', async () => {
    const { server, requests } = await serveEcho();

    const answer = await sendRaw(server, post(server, 'x'.repeat(MAX_BODY_BYTES), [], '/a?b=c'));

    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('Content-Type: application/json'.toLowerCase());
    expect(answer.endsWith('{"bytes":1000}')).toBe(true);
    expect(requests).toMatchObject([{ method: 'POST', target: '/a?b=c', authorization: `Bearer ${TOKEN}` }]);
  });

  test('is taken when its body comes in chunks and byte by byte', async () => {
    const { server, acts } = await serveRooms();
    const { host } = new URL(server.url);
    const { socket, everything } = await open(server);
    const head = `POST /v1/draft HTTP/1.1\r\nhost: ${host}\r\nauthorization: bearer ${TOKEN}\r\ntransfer-encoding: chunked\r\n\r\n`;

    for (const letter of `${head}${[...DRAFT].map((byte) => `1\r\n${byte}\r\n`).join('')}0\r\n\r\n`) {
      await new Promise((resolve) => socket.write(letter, resolve));
    }

    expect(await everything).toContain('{"id":12,"existing":false}');
    expect(acts).toHaveLength(1);
  });

  test('is answered beside another one at the same time', async () => {
    const { server, acts } = await serveRooms();
    const slow = await open(server);
    slow.socket.write(post(server, DRAFT).slice(0, -5));

    const fast = await sendRaw(server, post(server, DRAFT));
    slow.socket.write(DRAFT.slice(-5));

    expect(fast).toContain('"id":12');
    expect(await slow.everything).toContain('"id":13');
    expect(acts).toHaveLength(2);
  });

  test('is invited to go on when it asks to continue', async () => {
    const { server } = await serveEcho();
    const { socket, everything } = await open(server);
    socket.write(post(server, 'x'.repeat(10), ['Expect: 100-continue']).slice(0, -10));

    await once(socket, 'data');
    socket.write('x'.repeat(10));

    expect(await everything).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 [^]*\{"bytes":10\}$/);
  });
});

describe('a request that is refused before the handler', () => {
  test.each<[string, string, (url: URL) => readonly string[]]>([
    ['403', 'its Host is another', () => ['Host: evil.example']],
    ['403', 'its Host is a name of ours', ({ port }) => [`Host: localhost:${port}`]],
    ['403', 'its Host has no port', () => ['Host: 127.0.0.1']],
    ['403', 'a second Host follows ours', ({ host }) => [`Host: ${host}`, 'Host: evil.example']],
    ['403', 'a browser hides its Origin', ({ host }) => [`Host: ${host}`, 'Origin: null']],
    ['403', 'its Origin is ours', ({ host }) => [`Host: ${host}`, `Origin: http://${host}`]],
    ['400', 'it has no Host', () => []],
  ])('gets %s when %s', async (status, _condition, headers) => {
    const { server, requests } = await serveEcho();
    const lines = ['GET / HTTP/1.1', ...headers(new URL(server.url)), '', ''];

    const answer = await sendRaw(server, lines.join('\r\n'));

    expect(answer.slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
    expect(requests).toEqual([]);
  });

  test('gets 413 when its body is a byte too long', async () => {
    const { server, requests } = await serveEcho();

    const answer = await sendRaw(server, post(server, 'x'.repeat(MAX_BODY_BYTES + 1)));

    expect(answer).toMatch(/^HTTP\/1\.1 413 [^]*\{"error":"the request has more than 1000 bytes"\}$/);
    expect(requests).toEqual([]);
  });

  test('gets 413 before its end when its body is huge', async () => {
    const { server, requests } = await serveEcho();
    const { socket, everything } = await open(server);
    const head = post(server, '', []).replace('Content-Length: 0', 'Content-Length: 1000000000000');

    socket.write(head + 'x'.repeat(MAX_BODY_BYTES * 8));

    expect(await everything).toMatch(/^HTTP\/1\.1 413 /);
    expect(requests).toEqual([]);
  });

  test('gets 413 instead of an invitation when it announces too much', async () => {
    const { server, requests } = await serveEcho();
    const head = post(server, '', ['Expect: 100-continue']).replace('Content-Length: 0', 'Content-Length: 1001');

    expect(await sendRaw(server, head)).toMatch(/^HTTP\/1\.1 413 /);
    expect(requests).toEqual([]);
  });

  test('gets 408 when its body does not come in time', async () => {
    const { server, requests } = await serveEcho(200);

    const answer = await sendRaw(server, post(server, 'x'.repeat(10)).slice(0, -1));

    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(requests).toEqual([]);
  });

  test.each(['', 'POST /v1/dr', 'POST / HTTP/1.1\r\nHost: '])('is ended when it stops after %j', async (start) => {
    const { server, requests } = await serveEcho(200);

    await sendRaw(server, start);

    expect(requests).toEqual([]);
  });

  test.each<[string, string]>([
    ['400', 'hello\r\n\r\n'],
    ['400', '\x16\x03\x01\x02\x00\x01\x00'],
    ['400', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
    ['400', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['431', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(20_000)}\r\n\r\n`],
  ])('gets %s when it is no HTTP: %j', async (status, bytes) => {
    const { server, requests } = await serveEcho();

    expect((await sendRaw(server, bytes)).slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
    expect(requests).toEqual([]);
  });

  test('never reaches a room when half of it is missing and its client is gone', async () => {
    const { server, acts } = await serveRooms();
    const { socket, everything } = await open(server);
    socket.end(post(server, DRAFT).slice(0, -5));
    await everything;

    expect(await sendRaw(server, post(server, DRAFT))).toContain('"id":12');
    expect(acts).toHaveLength(1);
  });
});

describe('a request whose answer takes its time', () => {
  test('is held, beside others that are answered', async () => {
    const held = Promise.withResolvers<GatewayResponse>();
    const { server } = await serve(({ target }) =>
      target === '/held' ? held.promise : { status: 200, body: '{"quick":true}' },
    );
    const first = sendRaw(server, post(server, '', [], '/held'));

    const second = await sendRaw(server, post(server, '', [], '/quick'));
    held.resolve({ status: 200, body: '{"held":true}' });

    expect(second).toContain('{"quick":true}');
    expect(await first).toContain('{"held":true}');
  });

  test('is told when its client has gone', async () => {
    const asked = Promise.withResolvers<void>();
    const left = Promise.withResolvers<string>();
    const { server } = await serve((_request, gone) => {
      asked.resolve();
      gone.addEventListener('abort', () => left.resolve('told'));
      return new Promise(() => {});
    });
    const { socket } = await open(server);
    socket.write(post(server, ''));
    await asked.promise;

    socket.destroy();

    expect(await left.promise).toBe('told');
  });

  test('is a 500 and a log line when it rejects', async () => {
    const { server, lines } = await serve(() => Promise.reject(new Error('no room')));

    const answer = await sendRaw(server, post(server, ''));

    expect(answer).toMatch(/^HTTP\/1\.1 500 /);
    expect(lines).toEqual([expect.stringContaining('no room')]);
  });
});

test('128 requests at most are read at once, and more are told to try again', async () => {
  const { server } = await serveEcho();
  const { host } = new URL(server.url);
  const half = `POST /v1/draft HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 10\r\n\r\n12345`;
  const sockets: Socket[] = [];
  for (let n = 0; n < 128; n += 1) {
    const { socket } = await open(server);
    socket.write(half);
    sockets.push(socket);
  }

  const status = async (): Promise<string> => (await sendRaw(server, post(server, ''))).slice(9, 12);
  await vi.waitFor(async () => expect(await status()).toBe('503'));

  for (const socket of sockets) socket.destroy();

  await vi.waitFor(async () => expect(await status()).toBe('200'));
});

test('two requests pipelined on one connection act once, and only the first is taken', async () => {
  const { server, acts } = await serveRooms();

  const answer = await sendRaw(server, post(server, DRAFT) + post(server, DRAFT));

  expect(answer).toMatch(/^HTTP\/1\.1 201 /);
  expect(acts).toHaveLength(1);
});

test('a handler that throws is a 500 without detail, a log line, and a server that goes on', async () => {
  let calls = 0;
  const { server, lines } = await serve(() => {
    calls += 1;
    if (calls === 1) throw new Error('database is locked');
    return { status: 200, body: '{}' };
  });

  const first = await sendRaw(server, post(server, '', [], '/v1/beat?secret=1'));
  const second = await sendRaw(server, post(server, ''));

  expect(first).toMatch(/^HTTP\/1\.1 500 /);
  expect(first).not.toContain('locked');
  expect(lines).toEqual([
    'error gateway: a request failed {"method":"POST","path":"/v1/beat","error":"Error: database is locked"}',
  ]);
  expect(second).toMatch(/^HTTP\/1\.1 200 /);
});

test('arbitrary bytes as body never give 5xx over HTTP, and never reach a room', async () => {
  const { server, acts } = await serveRooms();

  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('/v1/draft', '/v1/progress', '/v1/fail'),
      fc.uint8Array({ maxLength: 1200 }),
      async (path, body) => {
        const head = post(server, '', [], path).replace('Content-Length: 0', `Content-Length: ${body.length}`);
        const answer = await sendRaw(server, Buffer.concat([Buffer.from(head), body]));
        expect(answer).toMatch(/^HTTP\/1\.1 4(00|13) /);
      },
    ),
    { numRuns: 200 },
  );
  expect(acts).toEqual([]);
});

test('arbitrary bytes as a request leave the server answering', async () => {
  const { server, requests } = await serveEcho(1000);

  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 400 }), async (bytes) => {
      const { socket, everything } = await open(server);
      socket.end(bytes);
      await everything;
    }),
    { numRuns: 100 },
  );
  expect(await sendRaw(server, post(server, ''))).toMatch(/^HTTP\/1\.1 200 /);
  expect(requests).toHaveLength(1);
});

describe('close', () => {
  test('ends connections that wait, refuses new ones, and may be called twice', async () => {
    const { server } = await serveEcho();
    const silent = await open(server);
    const half = await open(server);
    half.socket.write('POST / HTTP/1.1\r\nHost: ');

    await Promise.all([server.close(), server.close()]);

    expect(await silent.everything).toBe('');
    expect(await half.everything).toBe('');
    expect(await callLoopback(callOf(server.url))).toEqual({ kind: 'refused', reason: 'ECONNREFUSED' });
  });
});

function callOf(url: string, timeoutMs = 5000) {
  return { url, method: 'POST' as const, token: TOKEN, body: '{"note":"ä"}', timeoutMs, maxAnswerBytes: 1000 };
}

describe('callLoopback', () => {
  test('brings back status and body', async () => {
    const { server } = await serveRooms();

    expect(await callLoopback(callOf(`${server.url}/v1/beat`))).toEqual({
      kind: 'answered',
      status: 200,
      body: '{"ok":true}',
    });
  });

  test.each([
    ['the server ends the connection without an answer', ''],
    ['the answer is cut off', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"id'],
    ['the answer is longer than maxAnswerBytes', `HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n${'x'.repeat(2000)}`],
    ['the answer is no HTTP', 'hello'],
  ])('calls a request lost when %s', async (_condition, bytes) => {
    const { createServer } = await import('node:net');
    const server = createServer((socket) =>
      socket.on('error', () => socket.destroy()).once('data', () => socket.end(bytes)),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => void server.close());
    const address = server.address() as { port: number };

    expect((await callLoopback(callOf(`http://127.0.0.1:${address.port}/`))).kind).toBe('lost');
  });

  test('calls a request lost when no answer comes within timeoutMs', async () => {
    const { createServer } = await import('node:net');
    const server = createServer((socket) => socket.on('error', () => socket.destroy()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => void server.close());
    const address = server.address() as { port: number };

    const outcome = await callLoopback(callOf(`http://127.0.0.1:${address.port}/`, 100));

    expect(outcome).toEqual({ kind: 'lost', reason: 'no answer in time' });
  });
});
