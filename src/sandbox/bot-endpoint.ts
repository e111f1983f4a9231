/** The HTTP side of the Bot API: /botTOKEN/METHOD and /file/botTOKEN/PATH. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BotApiRefusal, renderRefusal, sandboxRefusal, tooManyRequests } from './bot-error.ts';
import type { BotMethod, BotWorld } from './bot-world.ts';
import type { CallLog, CallOutcome } from './call-log.ts';
import type { Fault, Faults } from './faults.ts';
import { readBody } from './http-body.ts';
import { decodePayload } from './request-payload.ts';
import type { PollRequest } from './update-queue.ts';
import type { Payload, Validator } from './validation.ts';

/** A request that was fully read; `readAt` is performance.now(), for measuring latency. */
export interface ReadCall {
  readonly method: string;
  readonly payload: Payload;
  readonly readAt: number;
}

/** What the endpoint needs. */
export interface BotEndpointParts {
  readonly token: string;
  readonly world: BotWorld;
  readonly methods: Readonly<Record<string, BotMethod>>;
  readonly validator: Validator;
  readonly faults: Faults;
  readonly log: CallLog;
  onRead(call: ReadCall): void;
  onPollCompleted(): void;
}

/** Answers requests of the Bot API. */
export interface BotEndpoint {
  /** Takes the request when its path is one of the Bot API's; false otherwise. */
  handle(request: IncomingMessage, response: ServerResponse, url: URL): boolean;
}

/** How a request ends: with a JSON body, without any answer, or with a reset connection. */
type Ending =
  | { readonly kind: 'answer'; readonly result: unknown }
  | { readonly kind: 'refuse'; readonly refusal: BotApiRefusal }
  | { readonly kind: 'silence' | 'reset' };

/** A document of 50 MB and its fields still fit. */
const maxBodyBytes = 52 * 1024 * 1024;

const notFound = new BotApiRefusal(404, 'Not Found');
const unauthorized = new BotApiRefusal(401, 'Unauthorized');
const conflict = new BotApiRefusal(
  409,
  'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running',
);

/** Creates the endpoint. */
export function createBotEndpoint(parts: BotEndpointParts): BotEndpoint {
  const { token, world, methods, validator, faults, log } = parts;

  /**
   * 1. A fault that swallows the request comes before anything is read.
   * 2. The request is read and decoded; listeners are told.
   * 3. A fault may answer in the method's place.
   * 4. The method runs, and its answer goes out, unless a fault drops it.
   */
  async function serve(request: IncomingMessage, response: ServerResponse, url: URL, given: string, name: string) {
    const method = validator.findMethod(name) ?? name;
    const fault = faults.take(method);
    if (fault?.kind === 'down') {
      record(method, {}, { kind: 'fault', fault: 'down', accepted: false });
      return request.destroy();
    }
    const body = await readBody(request, maxBodyBytes);
    if (body === undefined)
      return respond(response, 413, renderRefusal(new BotApiRefusal(413, 'Request Entity Too Large')));
    const contentType = request.headers['content-type'] ?? '';
    const decoded = attempt(() => decodePayload(method, { contentType, query: url.searchParams, body }, validator));
    const payload = decoded.kind === 'answer' ? (decoded.result as Payload) : {};
    parts.onRead({ method, payload, readAt: performance.now() });

    const replaced = fault === undefined ? undefined : replaceByFault(fault, response);
    if (fault !== undefined && replaced !== undefined) {
      record(method, payload, { kind: 'fault', fault: fault.kind, accepted: false });
      return finish(response, replaced);
    }
    const ending = decoded.kind === 'answer' ? await run(given, method, payload, response) : decoded;
    if (fault?.kind === 'drop-answer') {
      record(method, payload, { kind: 'fault', fault: fault.kind, accepted: ending.kind === 'answer' });
      return response.destroy();
    }
    record(method, payload, outcomeOf(ending));
    if (method === 'getUpdates' && ending.kind === 'answer') parts.onPollCompleted();
    return finish(response, ending);
  }

  async function run(given: string, method: string, payload: Payload, response: ServerResponse): Promise<Ending> {
    if (given !== token) return { kind: 'refuse', refusal: unauthorized };
    if (validator.findMethod(method) === undefined) {
      return { kind: 'refuse', refusal: new BotApiRefusal(404, 'Not Found: method not found') };
    }
    const checked = attempt(() => validator.check(method, payload));
    if (checked.kind !== 'answer') return checked;
    if (method === 'getUpdates') return poll(payload, response);
    return attempt(() => {
      const implementation = methods[method];
      if (implementation === undefined) throw sandboxRefusal(`${method} is not implemented here`);
      return implementation(payload);
    });
  }

  async function poll(payload: Payload, response: ServerResponse): Promise<Ending> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const end = await world.updates.poll(payload as PollRequest, gone.signal);
    if (end.kind === 'conflict') return { kind: 'refuse', refusal: conflict };
    if (end.kind === 'interrupted') {
      return { kind: faults.peek('getUpdates')?.kind === 'hang' ? 'silence' : 'reset' };
    }
    return { kind: 'answer', result: end.updates };
  }

  function record(method: string, payload: Payload, outcome: CallOutcome | undefined): void {
    if (method !== 'getUpdates' && outcome !== undefined) log.add({ at: world.now(), method, payload, outcome });
  }

  function sendFile(response: ServerResponse, given: string, path: string): void {
    const file = given === token ? world.history.findFile((one) => one.path === path) : undefined;
    if (file === undefined) return respond(response, 404, renderRefusal(notFound));
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': file.content.length });
    response.end(file.content);
  }

  return {
    handle(request, response, url) {
      const call = /^\/bot([^/]+)\/([A-Za-z]+)$/.exec(url.pathname);
      const file = /^\/file\/bot([^/]+)\/(.+)$/.exec(url.pathname);
      if (call === null && file === null) return false;
      const given = decodeURIComponent((call ?? file)?.[1] ?? '');
      const rest = (call ?? file)?.[2] ?? '';
      if (!/^\d+:[\w-]+$/.test(given)) respond(response, 404, renderRefusal(notFound));
      else if (file !== null) sendFile(response, given, rest);
      else {
        serve(request, response, url, given, rest).catch((error: unknown) => {
          // The client went away while its request was read, or the sandbox has a bug: a 500 shows the latter.
          const reason = error instanceof Error ? error.message : String(error);
          if (response.writable)
            respond(response, 500, renderRefusal(new BotApiRefusal(500, `Internal Server Error: ${reason}`)));
        });
      }
      return true;
    },
  };
}

/** What a fault answers in the method's place, or undefined where the method still runs. */
function replaceByFault(fault: Fault, response: ServerResponse): Ending | undefined {
  switch (fault.kind) {
    case 'down':
      return { kind: 'reset' };
    case 'hang':
      return { kind: 'silence' };
    case 'flood':
      return { kind: 'refuse', refusal: tooManyRequests(fault.retryAfterSeconds ?? 5) };
    case 'unauthorized':
      return { kind: 'refuse', refusal: unauthorized };
    case 'conflict':
      return { kind: 'refuse', refusal: conflict };
    case 'server-error': {
      const status = fault.status ?? 502;
      if (fault.html !== true) return { kind: 'refuse', refusal: new BotApiRefusal(status, statusText(status)) };
      response.writeHead(status, { 'content-type': 'text/html' });
      response.end(`<html><head><title>${status} ${statusText(status)}</title></head></html>`);
      return { kind: 'silence' };
    }
    case 'drop-answer':
      return undefined;
  }
}

function statusText(status: number): string {
  return status === 502 ? 'Bad Gateway' : status === 504 ? 'Gateway Timeout' : 'Internal Server Error';
}

function attempt(action: () => unknown): Ending & { kind: 'answer' | 'refuse' } {
  try {
    return { kind: 'answer', result: action() };
  } catch (error) {
    if (error instanceof BotApiRefusal) return { kind: 'refuse', refusal: error };
    throw error;
  }
}

function finish(response: ServerResponse, ending: Ending): void {
  if (ending.kind === 'answer') respond(response, 200, { ok: true, result: ending.result });
  else if (ending.kind === 'refuse') respond(response, ending.refusal.code, renderRefusal(ending.refusal));
  else if (ending.kind === 'reset') response.destroy();
}

function outcomeOf(ending: Ending): CallOutcome | undefined {
  if (ending.kind === 'answer') return { kind: 'ok', result: ending.result };
  if (ending.kind !== 'refuse') return undefined;
  return { kind: 'refused', code: ending.refusal.code, description: ending.refusal.message };
}

function respond(response: ServerResponse, status: number, body: Readonly<Record<string, unknown>>): void {
  if (response.destroyed || response.headersSent) return;
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
