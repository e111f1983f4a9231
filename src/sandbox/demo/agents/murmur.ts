import { readFile } from 'node:fs/promises';

/** A post as Murmur's API gives it. */
export interface MurmurPost {
  readonly id: string;
  readonly url: string;
  readonly author: { readonly handle: string; readonly name: string };
  readonly topic: string;
  readonly text: string;
  readonly created_at: string;
  readonly in_reply_to: string | null;
  readonly likes: number;
}

/** What the business has achieved since the start. */
export interface MurmurStats {
  readonly followers: number;
  readonly posts: number;
  readonly replies: number;
  readonly likes: number;
  readonly topics: Readonly<Record<string, number>>;
}

/**
 * Why a call failed: `auth` 401 · `later` 5xx, or nobody there · `lost` sent, but no answer came: it may have happened · `refused` any other.
 */
export type MurmurFailure = 'auth' | 'later' | 'lost' | 'refused';

/** A failed call; the message is one line, and never holds the token. */
export class MurmurError extends Error {
  override readonly name = 'MurmurError';
  readonly kind: MurmurFailure;
  readonly body: string;

  constructor(kind: MurmurFailure, message: string, body = '') {
    super(message);
    this.kind = kind;
    this.body = body;
  }
}

/** The platform, as one agent sees it; each call is made once, a failed one is never repeated here. */
export interface Murmur {
  me(): Promise<{ readonly handle: string }>;
  feed(since: string | undefined): Promise<readonly MurmurPost[]>;
  mentions(): Promise<readonly MurmurPost[]>;
  post(id: string): Promise<MurmurPost & { readonly replies: readonly MurmurPost[] }>;
  trends(): Promise<readonly { readonly topic: string; readonly posts: number }[]>;
  stats(): Promise<MurmurStats>;
  publish(text: string, replyTo: string | undefined): Promise<MurmurPost>;
  login(): Promise<{ readonly token: string; readonly expiresInSeconds: number }>;
}

/** Loopback answers in milliseconds; whatever takes this long does not answer any more. */
const answerWithinMs = 10_000;

/** A client of Murmur that reads the token anew for each call; `agent` is told to the platform as the user agent. */
export function createMurmur(options: {
  readonly url: string;
  readonly tokenFile: string;
  readonly agent: string;
}): Murmur {
  async function call<Answer>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer> {
    const token = path === '/api/token' ? '' : await readToken(options.tokenFile);
    const init: RequestInit = {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'user-agent': options.agent },
      signal: AbortSignal.timeout(answerWithinMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
    const { status, text } = await exchange(`${options.url}${path}`, init);
    const line = text.trim().replaceAll(/\s+/g, ' ');
    const what = `${method} ${path.replace(/\?.*/, '')}`;
    if (status === 401) throw new MurmurError('auth', `${what}: 401 Unauthorized`, line);
    if (status >= 500) throw new MurmurError('later', `${what}: HTTP ${status}`, line);
    if (status >= 400) throw new MurmurError('refused', `${what}: HTTP ${status} ${line}`, line);
    return JSON.parse(text) as Answer;
  }

  return {
    me: () => call('GET', '/api/me'),
    async feed(since) {
      const query = since === undefined ? '' : `?since=${encodeURIComponent(since)}`;
      return (await call<{ posts: MurmurPost[] }>('GET', `/api/search${query}`)).posts;
    },
    mentions: async () => (await call<{ posts: MurmurPost[] }>('GET', '/api/mentions')).posts,
    post: (id) => call('GET', `/api/posts/${encodeURIComponent(id)}`),
    trends: async () => (await call<{ topics: { topic: string; posts: number }[] }>('GET', '/api/trends')).topics,
    stats: () => call('GET', '/api/stats'),
    publish: (text, replyTo) => call('POST', '/api/posts', { text, in_reply_to: replyTo ?? null }),
    async login() {
      const path = '/api/token';
      const answer = await call<{ access_token: string; expires_in: number }>('POST', path, {
        client_id: 'kilnandkettle',
      });
      return { token: answer.access_token, expiresInSeconds: answer.expires_in };
    },
  };
}

async function exchange(url: string, init: RequestInit): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, init);
    return { status: response.status, text: await response.text() };
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    const where = `${init.method} ${new URL(url).pathname}`;
    // Refused means that nothing was sent; after any other break the platform may have acted.
    if (cause?.code === 'ECONNREFUSED') throw new MurmurError('later', `${where}: nobody answers (ECONNREFUSED)`);
    const kind = init.method === 'POST' ? 'lost' : 'later';
    throw new MurmurError(kind, `${where}: no answer (${cause?.code ?? (error as Error).name})`);
  }
}

async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch {
    throw new MurmurError('auth', `there is no token in ${file}`);
  }
}
