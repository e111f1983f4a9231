import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { GatewayEvent, GatewayRequest } from '../gateway/gateway.ts';
import type { GatewayResponse } from '../gateway/responses.ts';
import type { Log } from '../ports.ts';

// An `import` of node:http reads all that it exports, WebSocket too, and so loads fetch's whole machinery: 14 MB and 40 ms.
const { createServer, request: httpRequest } = process.getBuiltinModule('node:http');

/** An HTTP server that only programs of this machine reach. */
export interface LoopbackServer {
  /** Without a slash at its end: `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Takes no more connections, and ends the open ones at most a moment later; closing twice is closing once. */
  close(): Promise<void>;
}

export interface LoopbackOptions {
  readonly maxBodyBytes: number;
  readonly log: Log;
  /**
   * How long a request may take to arrive; 10 s unless given, which is long for a few megabytes on the same machine.
   */
  readonly requestTimeoutMs?: number;
  /** The body of an answer that refuses what was sent to `target`; `{"error": …}` unless given. */
  readonly renderRefusal?: (target: string, error: string) => string;
}

/**
 * Open connections at once: some times the agents of a fleet, each of which may have questions waiting; more is a program
 * gone wild.
 */
const MAX_CONNECTIONS = 640;

/** Requests that are being read at once: bounds what bodies hold in memory. */
const MAX_ARRIVING = 128;

/** Well within the five minutes of silence that HTTP clients bear in the middle of an answer (undici). */
const ALIVE_EVERY_MS = 15_000;

/**
 * Of a body that is too large this many times the limit is still read (and dropped), so that the client gets to see the
 * answer.
 */
const DRAIN_FACTOR = 4;

/**
 * What an answer that is being written gets before close() cuts it: the act is committed, and its agent should hear of
 * it.
 */
const CLOSE_GRACE_MS = 200;

/**
 * Serves `handle` on 127.0.0.1, on a port that the system picks.
 *
 * Contract:
 * - `handle` sees only requests that are whole, within `maxBodyBytes`, addressed to our own host and port (against DNS
 *   rebinding), and not sent by a browser (those name an Origin).
 * - One connection is one request: nothing is kept alive. An answer may take any time; `gone` aborts when nobody waits for
 *   it any more.
 * - What a `handle` throws, or rejects with, is a 500 without detail and a line in the log; nothing that comes in ends the process.
 */
export async function createLoopbackServer(
  handle: (request: GatewayRequest, gone: AbortSignal) => GatewayResponse | Promise<GatewayResponse | GatewayEvent>,
  options: LoopbackOptions,
): Promise<LoopbackServer> {
  const { maxBodyBytes, log, requestTimeoutMs = 10_000 } = options;
  let host = '';
  let arriving = 0;

  function refuse(request: IncomingMessage, status: number, error: string): GatewayResponse {
    const body = options.renderRefusal?.(request.url ?? '', error) ?? JSON.stringify({ error });
    return { status, body };
  }

  async function answer(
    request: IncomingMessage,
    body: Uint8Array,
    gone: AbortSignal,
  ): Promise<GatewayResponse | GatewayEvent> {
    try {
      const { method = '', url: target = '', headers } = request;
      const { authorization, accept } = headers;
      return await handle({ method, target, authorization, accept, body }, gone);
    } catch (error) {
      log.error('gateway: a request failed', { method: request.method, path: pathOf(request), error: describe(error) });
      return refuse(request, 500, 'the control plane failed at this request; its log says why');
    }
  }

  function receive(request: IncomingMessage, response: ServerResponse): void {
    const gone = new AbortController();
    let isArriving = true;
    function arrived(): void {
      if (isArriving) arriving -= 1;
      isArriving = false;
    }
    arriving += 1;
    response.on('close', () => {
      arrived();
      gone.abort();
    });
    request.on('error', () => response.destroy());
    response.on('error', () => request.destroy());
    if (arriving > MAX_ARRIVING) {
      return send(response, refuse(request, 503, 'too many requests at once: try again in a moment'));
    }
    const stranger = strangeness(request, host);
    readBody(request, maxBodyBytes, (body) => {
      arrived();
      if (stranger !== undefined) return send(response, refuse(request, 403, stranger));
      if (body === undefined)
        return send(response, refuse(request, 413, `the request has more than ${maxBodyBytes} bytes`));
      void answer(request, body, gone.signal).then((given) =>
        'event' in given ? stream(response, given.event) : send(response, given),
      );
    });
  }

  /** Begins the answer at once, and shows now and then that it is still to come. */
  function stream(response: ServerResponse, event: Promise<string>): void {
    if (response.destroyed) return;
    const shared = { 'cache-control': 'no-store', connection: 'close' };
    response.writeHead(200, { ...shared, 'content-type': 'text/event-stream' });
    response.flushHeaders();
    const alive = setInterval(() => response.write(': still waiting\n\n'), ALIVE_EVERY_MS);
    response.on('close', () => clearInterval(alive));
    event.then(
      (message) => response.end(`event: message\ndata: ${message}\n\n`),
      (error: unknown) => {
        log.error('gateway: an answer failed', { error: describe(error) });
        response.destroy();
      },
    );
  }

  const server = createServer(
    {
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // How often the two are looked at: Node's 30 s would make them 40.
      connectionsCheckingInterval: Math.min(1000, requestTimeoutMs),
      maxHeaderSize: 16 * 1024,
    },
    receive,
  );
  server.maxConnections = MAX_CONNECTIONS;
  // A second request pipelined behind the first could be acted on, and its answer never be sent: Node answers it 503
  // instead.
  server.maxRequestsPerSocket = 1;
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (Number(request.headers['content-length']) <= maxBodyBytes) response.writeContinue();
    else return send(response, refuse(request, 413, `the request has more than ${maxBodyBytes} bytes`));
    receive(request, response);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuseBroken(error, socket as Socket));

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error) => log.error('gateway: the server failed', { error: describe(error) }));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  let closed: Promise<void> | undefined;
  return {
    url: `http://${host}`,
    close() {
      closed ??= new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        server.closeIdleConnections();
      });
      return closed;
    },
  };
}

/** Why a request is none of our agents', if it is not. */
function strangeness(request: IncomingMessage, host: string): string | undefined {
  if (request.headers.origin !== undefined) return 'browsers have no business here';
  const named = request.headersDistinct['host'] ?? [];
  if (named.length === 1 && named[0]?.toLowerCase() === host) return undefined;
  return `the Host header must be ${host}`;
}

/**
 * Reads a body to its end; `done` gets undefined when it is longer than `maxBytes`, and nothing when the client goes
 * away before.
 */
function readBody(request: IncomingMessage, maxBytes: number, done: (body: Uint8Array | undefined) => void): void {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  let told = false;
  function finish(body: Uint8Array | undefined): void {
    if (told) return;
    told = true;
    chunks.length = 0;
    done(body);
  }
  request.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes <= maxBytes) chunks.push(chunk);
    else chunks.length = 0;
    if (sizeBytes > maxBytes * DRAIN_FACTOR) finish(undefined);
  });
  request.on('end', () => finish(sizeBytes <= maxBytes ? Buffer.concat(chunks) : undefined));
}

function send(response: ServerResponse, { status, headers, body }: GatewayResponse): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    ...headers,
    ...(body === '' ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(body);
}

function refuseBroken(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status = statusOfBroken(error.code);
  const body = JSON.stringify({ error: `this is no request that can be read (${error.code ?? error.name})` });
  const head = [
    `HTTP/1.1 ${status}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.on('error', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

function statusOfBroken(code: string | undefined): string {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return '408 Request Timeout';
  if (code === 'HPE_HEADER_OVERFLOW') return '431 Request Header Fields Too Large';
  return '400 Bad Request';
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?')[0]?.slice(0, 200) ?? '';
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : typeof error;
}

/** A request to such a server. */
export interface LoopbackCall {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly token: string;
  /** JSON; undefined with GET. */
  readonly body: string | undefined;
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
  /** Aborts when nobody wants the answer any more. */
  readonly gone?: AbortSignal;
}

/**
 * How a call ended. `refused`: no connection, so nothing was sent; `lost`: connected, but no whole answer, so it may
 * have happened.
 */
export type LoopbackAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'lost'; readonly reason: string };

/** Calls a loopback server once, past any proxy; settles within `timeoutMs`, and never rejects. */
export function callLoopback(call: LoopbackCall): Promise<LoopbackAnswer> {
  return new Promise((resolve) => {
    let connected = false;
    const request = httpRequest(call.url, {
      method: call.method,
      agent: false,
      headers: {
        authorization: `Bearer ${call.token}`,
        ...(call.body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(call.body) }),
      },
    });
    function settle(outcome: LoopbackAnswer): void {
      clearTimeout(timer);
      call.gone?.removeEventListener('abort', leave);
      resolve(outcome);
      request.destroy();
    }
    function fail(error: NodeJS.ErrnoException): void {
      settle({ kind: connected ? 'lost' : 'refused', reason: error.code ?? error.message });
    }
    const leave = (): void => fail(new Error('nobody waits for the answer any more'));
    const timer = setTimeout(() => fail(new Error('no answer in time')), call.timeoutMs);
    call.gone?.addEventListener('abort', leave);
    request.on('socket', (socket) => {
      connected = !socket.connecting;
      socket.once('connect', () => (connected = true));
    });
    request.on('error', fail);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let sizeBytes = 0;
      response.on('error', fail);
      response.on('data', (chunk: Buffer) => {
        sizeBytes += chunk.length;
        if (sizeBytes > call.maxAnswerBytes) return fail(new Error('the answer is too long'));
        chunks.push(chunk);
      });
      response.on('end', () => {
        // A response that is cut off never ends: it errs.
        settle({ kind: 'answered', status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
      });
    });
    request.end(call.body);
  });
}
