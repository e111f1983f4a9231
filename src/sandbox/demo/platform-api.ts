import type { Network, Post } from './network.ts';
import type { Tokens } from './tokens.ts';
import { business } from './content/people.ts';

/** A request to the API, reduced to what the API looks at. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly bearer: string | undefined;
  readonly body: string;
}

/** An answer of the API. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A post as JSON. */
interface PostJson {
  readonly id: string;
  readonly url: string;
  readonly author: { readonly handle: string; readonly name: string };
  readonly topic: string;
  readonly text: string;
  readonly created_at: string;
  readonly in_reply_to: string | null;
  readonly likes: number;
}

/** One page of a listing; the whole story fits, a runaway `limit` does not. */
const longestPage = 100;

/** The JSON API of Murmur: everything but the login needs a living bearer token. */
export function createApi(options: {
  readonly network: Network;
  readonly tokens: Tokens;
  readonly baseUrl: () => string;
}): (request: ApiRequest) => ApiAnswer {
  const { network, tokens } = options;

  function postJson(post: Post): PostJson {
    return {
      id: post.id,
      url: `${options.baseUrl()}/p/${post.id}`,
      author: { handle: post.author.handle, name: post.author.name },
      topic: post.topic,
      text: post.text,
      created_at: new Date(post.at).toISOString(),
      in_reply_to: post.replyTo ?? null,
      likes: post.likes,
    };
  }

  function listing(posts: readonly Post[], query: URLSearchParams): ApiAnswer {
    const since = Date.parse(query.get('since') ?? '');
    const newer = Number.isNaN(since) ? posts : posts.filter((post) => post.at > since);
    return { status: 200, body: { posts: newer.slice(0, longestPage).map(postJson) } };
  }

  function publish(body: string): ApiAnswer {
    const fields = parseObject(body);
    if (typeof fields?.['text'] !== 'string')
      return failure(400, 'bad_request', 'The body must be JSON with a "text".');
    const replyTo = fields['in_reply_to'];
    const outcome = network.publish(fields['text'], typeof replyTo === 'string' ? replyTo : undefined);
    if (outcome.kind === 'refused') return failure(422, 'unprocessable', outcome.reason);
    return { status: 201, body: postJson(outcome.post) };
  }

  function login(body: string): ApiAnswer {
    if (parseObject(body)?.['client_id'] !== business.handle) {
      return failure(400, 'invalid_client', 'Unknown client_id.');
    }
    const { token, expiresInMs } = tokens.issue();
    const expires = Math.round(expiresInMs / 1000);
    return { status: 201, body: { access_token: token, token_type: 'Bearer', expires_in: expires } };
  }

  function stats(): ApiAnswer {
    const published = network.published();
    const likes = published.reduce((sum, post) => sum + post.likes, 0);
    const topics: Record<string, number> = {};
    for (const post of published) topics[post.topic] = (topics[post.topic] ?? 0) + 1;
    const replies = published.filter((post) => post.replyTo !== undefined).length;
    const posts = published.length - replies;
    return { status: 200, body: { followers: network.followers(), posts, replies, likes, topics } };
  }

  function trends(): ApiAnswer {
    const counts = new Map<string, number>();
    for (const post of network.feed()) counts.set(post.topic, (counts.get(post.topic) ?? 0) + 1);
    const topics = [...counts].map(([topic, posts]) => ({ topic, posts })).sort((a, b) => b.posts - a.posts);
    return { status: 200, body: { topics } };
  }

  function refusal(bearer: string | undefined): ApiAnswer | undefined {
    const verdict = bearer === undefined ? { kind: 'unknown' as const } : tokens.judge(bearer);
    if (verdict.kind === 'alive') return undefined;
    if (verdict.kind === 'unknown') return unauthorized('invalid_token', 'The access token is missing or not valid.');
    return unauthorized('token_expired', `The access token expired at ${new Date(verdict.expiredAt).toISOString()}.`);
  }

  return ({ method, path, query, bearer, body }) => {
    const route = `${method} ${path}`;
    if (route === 'POST /api/token') return login(body);
    const refused = refusal(bearer);
    if (refused !== undefined) return refused;
    if (route === 'GET /api/me') return { status: 200, body: { handle: business.handle, name: business.name } };
    if (route === 'GET /api/feed') return listing(network.feed(), query);
    if (route === 'GET /api/mentions') return listing(network.mentions(), query);
    if (route === 'GET /api/search') return listing(searched(network.feed(), query), query);
    if (route === 'GET /api/stats') return stats();
    if (route === 'GET /api/trends') return trends();
    if (route === 'POST /api/posts') return publish(body);
    const id = /^\/api\/posts\/([\w-]+)$/.exec(path)?.[1];
    const post = method === 'GET' && id !== undefined ? network.find(id) : undefined;
    if (post === undefined) return failure(404, 'not_found', `There is nothing at ${route}.`);
    return { status: 200, body: { ...postJson(post), replies: network.replies(post.id).map(postJson) } };
  };
}

/** Posts by others that are worth an answer: those of a topic where one is asked for, and never small talk or mentions. */
function searched(posts: readonly Post[], query: URLSearchParams): readonly Post[] {
  const topic = query.get('topic');
  return posts.filter(
    (post) =>
      post.author.handle !== business.handle &&
      post.topic !== 'chatter' &&
      !post.text.includes(`@${business.handle}`) &&
      (topic === null || post.topic === topic),
  );
}

function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // What is not JSON has no fields: the caller answers 400.
    return undefined;
  }
}

function failure(status: number, code: string, message: string): ApiAnswer {
  return { status, body: { error: { code, message } } };
}

function unauthorized(code: string, message: string): ApiAnswer {
  const challenge = `Bearer realm="murmur", error="invalid_token", error_description="${message}"`;
  return {
    status: 401,
    body: { error: { type: 'OAuthException', code, message } },
    headers: { 'www-authenticate': challenge },
  };
}
