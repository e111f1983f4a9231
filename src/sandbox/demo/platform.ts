import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createNetwork } from './network.ts';
import type { Post } from './network.ts';
import { createApi } from './platform-api.ts';
import { createPages } from './platform-pages.ts';
import { siteIcon, siteStyle } from './platform-style.ts';
import { createTokens } from './tokens.ts';

/** What the platform has seen; tests and the demo's own check read it. */
export interface PlatformStats {
  /** Calls of the API by route, for instance `GET /api/feed`. */
  readonly calls: Readonly<Record<string, number>>;
  /** Calls that came with a token which was expired or never issued. */
  readonly deadTokenCalls: number;
  /** The same by the client's name, which our agents send as their user agent. */
  readonly deadTokenCallsByClient: Readonly<Record<string, number>>;
}

/** The running platform. */
export interface Platform {
  /** Base URL without a slash at its end. */
  readonly url: string;
  stop(): Promise<void>;
  stats(): PlatformStats;
  issuedTokens(): number;
  /** What was published in the business's name since the start, oldest first. */
  published(): readonly Post[];
  /** Ends every token that is out, at once. */
  expireToken(): void;
}

/** A newcomer has seen a few drafts by then, and is still there. */
export const firstTokenLifetimeMs = 90_000;
const laterTokenLifetimeMs = 20 * 60_000;
/** Above the longest post with its JSON around it. */
const largestBody = 128 * 1024;
/** Routes and clients are few; an unknown caller must not fill the memory with new ones. */
const mostCounters = 200;

const siteHeaders = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/**
 * Starts Murmur, the demo's social network, on 127.0.0.1; times are milliseconds.
 * The first token lives `tokenLifetimeMs`, later ones twenty minutes. There is no idempotency: publishing twice shows twice.
 */
export async function createPlatform(options: {
  readonly port?: number;
  readonly tokenLifetimeMs?: number;
  readonly now?: () => number;
}): Promise<Platform> {
  const now = options.now ?? Date.now;
  const network = createNetwork({ startedAt: now(), now });
  const tokens = createTokens({
    firstLifetimeMs: options.tokenLifetimeMs ?? firstTokenLifetimeMs,
    laterLifetimeMs: laterTokenLifetimeMs,
    now,
  });
  const pages = createPages({ network, now });
  const calls = new Map<string, number>();
  const deadByClient = new Map<string, number>();
  let baseUrl = '';
  const api = createApi({ network, tokens, baseUrl: () => baseUrl });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? 'GET';
    const url = URL.parse(request.url ?? '/', 'http://murmur.invalid');
    if (url === null) return send(response, 400, 'text/plain', 'That is not an address.');
    if (url.pathname.startsWith('/api/')) return answerApi(request, response, method, url);
    if (method !== 'GET' && method !== 'HEAD') return send(response, 405, 'text/plain', 'Read only.');
    if (url.pathname === '/murmur.css') return send(response, 200, 'text/css; charset=utf-8', siteStyle);
    if (url.pathname === '/icon.svg') return send(response, 200, 'image/svg+xml', siteIcon);
    const page = pages(url.pathname);
    return send(response, page.status, 'text/html; charset=utf-8', page.html);
  }

  async function answerApi(
    request: IncomingMessage,
    response: ServerResponse,
    method: string,
    url: URL,
  ): Promise<void> {
    const body = await readBody(request);
    if (body === undefined) return send(response, 413, 'application/json', '{"error":{"code":"too_large"}}');
    const bearer = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    const result = api({ method, path: url.pathname, query: url.searchParams, bearer, body });
    increment(calls, `${method} ${url.pathname.replace(/^(\/api\/posts\/).+/, '$1ID')}`);
    if (result.status === 401) increment(deadByClient, request.headers['user-agent'] ?? 'unknown');
    return send(response, result.status, 'application/json', `${JSON.stringify(result.body)}\n`, result.headers);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url: baseUrl,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    stats: () => ({
      calls: Object.fromEntries(calls),
      deadTokenCalls: [...deadByClient.values()].reduce((sum, count) => sum + count, 0),
      deadTokenCallsByClient: Object.fromEntries(deadByClient),
    }),
    issuedTokens: () => tokens.issued(),
    published: () => network.published(),
    expireToken: () => tokens.expireAll(),
  };
}

/** The body as text, or undefined when it is larger than any that we take. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBody) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...siteHeaders, 'content-type': type, ...headers });
  response.end(body);
}

function increment(counters: Map<string, number>, key: string): void {
  const counted = counters.has(key) || counters.size < mostCounters ? key : 'other';
  counters.set(counted, (counters.get(counted) ?? 0) + 1);
}
