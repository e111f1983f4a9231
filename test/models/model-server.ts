/**
 * What the three loopback model servers share: the script of answers, the record of requests, and how an answer goes wrong.
 *
 * Plain HTTP on 127.0.0.1; what a vendor's answer looks like on the wire is its `Dialect`.
 */
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Token numbers of an answer; `input` is the whole prompt, so that the context can be made to look as full as wanted. */
export interface ModelUsage {
  readonly input: number;
  readonly cached?: number;
  readonly output?: number;
}

/** What a model answers to one request. */
export type ModelAnswer =
  | { readonly kind: 'text'; readonly text: string; readonly usage?: ModelUsage }
  /** Calls a tool; an `input` that is a string is the free-form input that Codex takes for some of its tools. */
  | {
      readonly kind: 'tool';
      readonly name: string;
      readonly input: Readonly<Record<string, unknown>> | string;
      /** Codex groups the tools of an MCP server under a name of its own. */
      readonly namespace?: string;
      readonly text?: string;
      readonly usage?: ModelUsage;
    }
  /** An HTTP failure with the vendor's error body; `error` replaces or adds fields of its error object. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly message?: string;
      readonly error?: Readonly<Record<string, unknown>>;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }
  /** Starts to answer and cuts the connection. */
  | { readonly kind: 'drop'; readonly text?: string };

/** The answers that a dialect has to put into words. */
export type GoodAnswer = Extract<ModelAnswer, { kind: 'text' | 'tool' }>;

/** One request as it came in; values of headers and query parameters that carry a credential are cut out. */
export interface ModelRequest {
  /** Epoch ms of its arrival. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The parsed JSON; undefined when there was none. */
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/** How one vendor speaks. */
export interface Dialect {
  /** Whether a request takes the next answer of the script. */
  takesAnswer(request: ModelRequest): boolean;
  /** The answer to any other request; undefined is a 404. */
  aside(request: ModelRequest): unknown;
  /** Content type and body of a good answer, as the pieces in which it is sent: the first ones of a dropped answer come through. */
  answer(
    answer: GoodAnswer,
    request: ModelRequest,
  ): { readonly contentType: string; readonly pieces: readonly string[] };
  /** The body of a failure with this status, without what the script adds to it, and the headers that come with it. */
  failure(status: number, request: ModelRequest): Failure;
}

/** A failure as the vendor words it. */
export interface Failure {
  readonly body: { readonly error: Readonly<Record<string, unknown>> };
  readonly headers?: Readonly<Record<string, string>>;
}

/** What happens beside the script. */
export interface ModelServerOptions {
  /** Whether a credential is good: a request with any other gets a 401 and takes no answer; without it all are. */
  readonly accepts?: (credential: string) => boolean;
  /** Runs before the answer of the `index`-th model request, from 0; the answer waits for it. */
  readonly onRequest?: (request: ModelRequest, index: number) => void | Promise<void>;
}

/** A running model server. */
export interface ModelServer {
  /** Without a slash at the end. */
  readonly url: string;
  /** Requests for an answer, in order, those refused for their credential among them. */
  readonly requests: readonly ModelRequest[];
  /** All others: probes, token counts, telemetry. */
  readonly asides: readonly ModelRequest[];
  /** Replaces what is left of the script. */
  script(...answers: readonly [ModelAnswer, ...ModelAnswer[]]): void;
  /** Cuts all connections, also those left hanging. */
  close(): Promise<void>;
}

const SECRET_HEADERS = ['authorization', 'x-api-key', 'x-goog-api-key', 'cookie'];

/** Starts a server that gives the answers of the script one after the other, the last of them for ever. */
export async function createModelServer(
  dialect: Dialect,
  script: readonly [ModelAnswer, ...ModelAnswer[]],
  options: ModelServerOptions = {},
): Promise<ModelServer> {
  const requests: ModelRequest[] = [];
  const asides: ModelRequest[] = [];
  let answers: ModelAnswer[] = [...script];

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(incoming);
    if (!dialect.takesAnswer(request)) {
      asides.push(request);
      const body = dialect.aside(request);
      sendJson(response, body === undefined ? 404 : 200, body ?? dialect.failure(404, request).body);
      return;
    }
    const index = requests.push(request) - 1;
    const refused = options.accepts !== undefined && !options.accepts(credentialOf(incoming));
    const answer = refused ? ({ kind: 'status', status: 401 } as const) : (answers[0] as ModelAnswer);
    if (!refused && answers.length > 1) answers.shift();
    await options.onRequest?.(request, index);
    if (answer.kind === 'status') {
      const { body, headers } = dialect.failure(answer.status, request);
      const message = answer.message === undefined ? {} : { message: answer.message };
      const error = { ...body.error, ...message, ...answer.error };
      sendJson(response, answer.status, { ...body, error }, { ...headers, ...answer.headers });
    } else if (answer.kind === 'drop') {
      const { contentType, pieces } = dialect.answer({ kind: 'text', text: answer.text ?? 'Half of it' }, request);
      response.writeHead(200, { 'content-type': contentType });
      const firstHalf = pieces.length > 1 ? pieces.slice(0, Math.ceil(pieces.length / 2)).join('') : '{';
      response.write(firstHalf, () => response.destroy());
    } else if (answer.kind !== 'hang') {
      const { contentType, pieces } = dialect.answer(answer, request);
      response.writeHead(200, { 'content-type': contentType });
      for (const piece of pieces) response.write(piece);
      response.end();
    }
  }

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    asides,
    script(...next) {
      answers = [...next];
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function readRequest(incoming: IncomingMessage): Promise<ModelRequest> {
  const at = Date.now();
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const headers = { ...incoming.headers };
  for (const name of SECRET_HEADERS) if (headers[name] !== undefined) headers[name] = '[redacted]';
  const path = (incoming.url ?? '/').replace(/([?&]key=)[^&]*/, '$1[redacted]');
  return { at, method: incoming.method ?? 'GET', path, headers, body: parseObject(text) };
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined; // not JSON: an aside that the dialect answers by its path
  }
}

function credentialOf(incoming: IncomingMessage): string {
  const { authorization, 'x-api-key': anthropicKey, 'x-goog-api-key': googleKey } = incoming.headers;
  const inUrl = new URL(incoming.url ?? '/', 'http://loopback').searchParams.get('key');
  return authorization?.replace(/^Bearer /i, '') ?? String(anthropicKey ?? googleKey ?? inUrl ?? '');
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
