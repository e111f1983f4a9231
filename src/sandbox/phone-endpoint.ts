/** The HTTP side of the phone page: its files, its stream of events, and what a person does there. */
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readMediaType } from '../media-type.ts';
import type { StoredFile } from './chat-history.ts';
import type { View } from './event-streams.ts';
import { readBody } from './http-body.ts';

/** What a person can do on the page; each gives undefined when there is no such message, button or file. */
export interface PhoneActions {
  send(text: string, replyTo: number | undefined, view: View): number | undefined;
  press(messageId: number, row: number, column: number, view: View): true | undefined;
  file(fileId: string): StoredFile | undefined;
  /** Joins the stream of events; the first is a snapshot. False when there are too many already. */
  join(response: ServerResponse, view: View): boolean;
  /** What a page shows that asks for this person, chat and topic; undefined where there is no such thing. */
  view(as: number | undefined, chatId: number | undefined, topicId: number | undefined): View | undefined;
}

/** Answers requests under /phone. */
export interface PhoneEndpoint {
  /** Takes the request when its path is under /phone; false otherwise. */
  handle(request: IncomingMessage, response: ServerResponse, url: URL): boolean;
}

const pageFolder = join(dirname(fileURLToPath(import.meta.url)), 'page');
const pageTypes: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};
const pageFile = /^[a-z0-9-]+\.(html|js|css|svg)$/;
/** A message of 4096 characters and its frame still fit, however it is escaped. */
const maxBodyBytes = 64 * 1024;

const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const;

/** Creates the endpoint; it answers only requests that name this server by a loopback name, so that no web page reaches it. */
export function createPhoneEndpoint(port: () => number, actions: PhoneActions): PhoneEndpoint {
  async function route(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const path = url.pathname;
    const { method = 'GET' } = request;
    if (!isOwnHost(request.headers.host, port())) return text(response, 403, 'This page is only for this machine.');
    if (method === 'GET' || method === 'HEAD') return get(response, path, viewOf(url));
    if (method !== 'POST') return text(response, 405, 'Only GET and POST are possible here.');
    if (!isOwnOrigin(request.headers.origin, port()))
      return text(response, 403, 'This page takes no orders from others.');
    return post(request, response, path, viewOf(url));
  }

  function viewOf({ searchParams }: URL): View | undefined {
    const [as, chatId, topicId] = ['as', 'chat', 'topic'].map((name) => {
      const given = searchParams.get(name);
      return given === null ? undefined : Number(given);
    });
    return actions.view(as, chatId, topicId);
  }

  function get(response: ServerResponse, path: string, view: View | undefined): void {
    if (path === '/phone/events') {
      if (view === undefined) return text(response, 404, 'There is no such person or chat.');
      if (!actions.join(response, view)) text(response, 503, 'Too many pages are open.');
      return;
    }
    if (path.startsWith('/phone/file/')) return download(response, path.slice('/phone/file/'.length));
    return sendPageFile(
      response,
      path === '/phone' || path === '/phone/' ? 'index.html' : path.slice('/phone/'.length),
    );
  }

  function sendPageFile(response: ServerResponse, name: string): void {
    const type = pageTypes[pageFile.exec(name)?.[1] ?? ''];
    if (type === undefined || !readdirSync(pageFolder).includes(name))
      return text(response, 404, 'There is no such file.');
    response.writeHead(200, { ...securityHeaders, 'content-type': type });
    response.end(readFileSync(join(pageFolder, name)));
  }

  function download(response: ServerResponse, fileId: string): void {
    const file = actions.file(fileId);
    if (file === undefined) return text(response, 404, 'There is no such file.');
    response.writeHead(200, {
      ...securityHeaders,
      'content-type': shownType(file.content),
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.uploadedName)}`,
      'content-length': file.content.length,
    });
    response.end(file.content);
  }

  async function post(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    view: View | undefined,
  ): Promise<void> {
    if (view === undefined) return json(response, 404, { ok: false, error: 'there is no such person or chat' });
    const body = await readObject(request);
    if (body === undefined)
      return json(response, 400, { ok: false, error: 'a JSON object of at most 64 KB is expected' });
    if (path === '/phone/send') return send(response, body, view);
    if (path === '/phone/press') return press(response, body, view);
    return json(response, 404, { ok: false, error: 'there is no such action' });
  }

  function send(
    response: ServerResponse,
    { text: words, reply_to: replyTo = null }: Record<string, unknown>,
    view: View,
  ): void {
    if (typeof words !== 'string' || words.trim() === '' || (replyTo !== null && typeof replyTo !== 'number')) {
      return json(response, 400, { ok: false, error: 'text, and perhaps reply_to, are expected' });
    }
    const id = actions.send(words, replyTo ?? undefined, view);
    if (id === undefined) return json(response, 404, { ok: false, error: 'the message to reply to is gone' });
    return json(response, 200, { ok: true, message_id: id });
  }

  function press(response: ServerResponse, body: Record<string, unknown>, view: View): void {
    const [id, row, column] = [body['message_id'], body['row'], body['column']];
    if (typeof id !== 'number' || typeof row !== 'number' || typeof column !== 'number') {
      return json(response, 400, { ok: false, error: 'message_id, row and column are expected' });
    }
    if (actions.press(id, row, column, view) === undefined) {
      return json(response, 404, { ok: false, error: 'there is no such button any more' });
    }
    return json(response, 200, { ok: true });
  }

  return {
    handle(request, response, url) {
      const path = url.pathname;
      if (path !== '/phone' && !path.startsWith('/phone/')) return false;
      route(request, response, url).catch((error: unknown) => {
        // The page was closed while it sent something; where it still listens, it is told.
        if (!response.headersSent) text(response, 500, error instanceof Error ? error.message : String(error));
      });
      return true;
    },
  };
}

/** What the page shows of a file: pictures, films and sound; all else is text, which no browser runs. */
function shownType(content: Uint8Array): string {
  const type = readMediaType(content.subarray(0, 64));
  return /^(image|video|audio)\//.test(type) ? type : 'text/plain; charset=utf-8';
}

/** The headers of an event stream. */
export const eventStreamHeaders = { ...securityHeaders, 'content-type': 'text/event-stream; charset=utf-8' } as const;

/** A page of another site that resolves its own name to this address still sends its own name as the host. */
function isOwnHost(host: string | undefined, port: number): boolean {
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`;
}

/** Browsers always send the origin of a POST; programs without one are this machine's own. */
function isOwnOrigin(origin: string | undefined, port: number): boolean {
  return origin === undefined || origin === `http://127.0.0.1:${port}` || origin === `http://localhost:${port}`;
}

async function readObject(request: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  const body = await readBody(request, maxBodyBytes);
  if (body === undefined || !/^application\/json/i.test(request.headers['content-type'] ?? '')) return undefined;
  try {
    const value = JSON.parse(body.toString('utf8')) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // not JSON: the caller says what was expected
  }
}

function text(response: ServerResponse, status: number, words: string): void {
  response.writeHead(status, { ...securityHeaders, 'content-type': 'text/plain; charset=utf-8' });
  response.end(words);
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { ...securityHeaders, 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
