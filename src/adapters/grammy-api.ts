import { Api, type ApiClientOptions, GrammyError, HttpError, InputFile } from 'grammy';
import type { Agent as HttpAgent } from 'node:http';
import { Agent } from 'node:https';
import { TelegramError, type TelegramApi, type TelegramFailure, type TelegramFile } from '../ports.ts';

// Not imported: loopback-http.ts says what that costs.
const { Agent: PlainAgent } = process.getBuiltinModule('node:http');

/** Errors of a connection that never carried the request: nothing can have happened on the other side. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ENETDOWN',
]);

/** Kept connections are closed before the other side does it: a request on a connection that just died counts as lost. */
const IDLE_MS = 20_000;

/**
 * The Bot API over grammY's client. grammY's errors end here: an HttpError holds the URL with the token, a GrammyError the payload, and
 * neither may reach a log or a row.
 */
export function createGrammyApi(token: string, apiRoot: string | undefined): TelegramApi {
  let connection = open(token, apiRoot);

  return {
    async call<Result>(
      method: string,
      payload: Readonly<Record<string, unknown>>,
      { timeoutMs, signal, files = [] }: Parameters<TelegramApi['call']>[2],
    ): Promise<Result> {
      const deadline = AbortSignal.timeout(timeoutMs);
      const abort = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
      const raw = connection.api.raw as unknown as Record<string, (...args: readonly unknown[]) => Promise<Result>>;
      const send = raw[method];
      if (send === undefined) throw new TelegramError('bad-request', method, 'the Bot API has no such method');
      // grammY's methods without parameters take the signal first.
      const args = method === 'getMe' ? [abort] : [attach(payload, files), abort];
      try {
        return await settleBy(abort, send(...args));
      } catch (error) {
        throw toTelegramError(method, error, signal?.aborted === true, deadline.aborted);
      }
    },
    async downloadFile(path, { maxBytes, timeoutMs, signal }) {
      const deadline = AbortSignal.timeout(timeoutMs);
      const abort = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
      const root = (apiRoot ?? 'https://api.telegram.org').replace(/\/+$/, '');
      try {
        return await download(`${root}/file/bot${token}/${encodeURI(path)}`, maxBytes, abort);
      } catch (error) {
        if (error instanceof TelegramError) throw error;
        if (signal?.aborted === true) throw new TelegramError('aborted', 'downloadFile', 'stopped by us');
        // Whatever fetch says may hold the URL with the token.
        throw new TelegramError('lost', 'downloadFile', 'the file did not come');
      }
    },
    reset() {
      connection.close();
      connection = open(token, apiRoot);
    },
  };
}

async function download(url: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined> {
  const response = await fetch(url, { signal, redirect: 'error' });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    const code = response.status >= 500 ? 'server' : 'bad-request';
    throw new TelegramError(code, 'downloadFile', `the answer was ${response.status}`);
  }
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response.body as AsyncIterable<Uint8Array>) {
    length += piece.length;
    // Leaving the loop ends the connection.
    if (length > maxBytes) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** The payload with its files in their places. */
function attach(
  payload: Readonly<Record<string, unknown>>,
  files: readonly TelegramFile[],
): Readonly<Record<string, unknown>> {
  const attached: Record<string, unknown> = { ...payload };
  for (const { field, index, name, content } of files) {
    const file = new InputFile(typeof content === 'string' ? Buffer.from(content, 'utf8') : content, name);
    const list = attached[field];
    attached[field] =
      index === undefined || !Array.isArray(list)
        ? file
        : list.map((item: object, at) => (at === index ? { ...item, media: file } : item));
  }
  return attached;
}

function open(token: string, apiRoot: string | undefined): { readonly api: Api; close(): void } {
  const secure = apiRoot === undefined || apiRoot.startsWith('https:');
  const agent = secure
    ? new Agent({ keepAlive: true, timeout: IDLE_MS })
    : new PlainAgent({ keepAlive: true, timeout: IDLE_MS });
  const options: ApiClientOptions = {
    ...(apiRoot === undefined ? {} : { apiRoot: apiRoot.replace(/\/+$/, '') }),
    baseFetchConfig: { compress: true, agent },
    // Our own deadline is the shorter one, also for the longest upload; this is grammY's last resort.
    timeoutSeconds: 700,
  };
  return { api: new Api(token, options), close: () => dropIdle(agent) };
}

/** Closes the connections that nobody uses; a call under way keeps its own, since losing it could send a message twice. */
function dropIdle(agent: HttpAgent): void {
  for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
}

/** Rejects when the signal fires, even if the call itself never notices. */
function settleBy<Result>(signal: AbortSignal, call: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const give = (): void => reject(new Error('aborted'));
    signal.addEventListener('abort', give, { once: true });
    call.then(resolve, reject).finally(() => signal.removeEventListener('abort', give));
  });
}

function toTelegramError(method: string, error: unknown, byUs: boolean, late: boolean): TelegramError {
  if (byUs) return new TelegramError('aborted', method, 'stopped by us');
  if (late) return new TelegramError('lost', method, 'no answer in time');
  if (error instanceof GrammyError) {
    const { retry_after: retryAfter, migrate_to_chat_id: movedTo } = error.parameters;
    return new TelegramError(
      classify(method, error.error_code, error.description),
      method,
      movedTo === undefined ? error.description : `${error.description} (migrate_to_chat_id ${movedTo})`,
      retryAfter === undefined ? undefined : retryAfter * 1_000,
    );
  }
  if (error instanceof HttpError) {
    const code = (error.error as { code?: unknown } | null)?.code;
    const name = typeof code === 'string' ? code : 'network error';
    return new TelegramError(
      NEVER_SENT.has(name) ? 'unreachable' : isNotJson(error.error) ? 'server' : 'lost',
      method,
      name,
    );
  }
  return new TelegramError('lost', method, 'the call failed in an unknown way');
}

/** A proxy's error page instead of the Bot API's JSON. */
function isNotJson(error: unknown): boolean {
  return (error as { type?: unknown } | null)?.type === 'invalid-json';
}

function classify(method: string, code: number, description: string): TelegramFailure {
  if (code === 429) return 'flood';
  if (code === 409) return 'conflict';
  // The server answers 404 to a malformed token, but also to a method that it does not know: only the basic methods tell which.
  if (code === 401 || (code === 404 && (method === 'getMe' || method === 'getUpdates'))) return 'unauthorized';
  if (
    code === 403 ||
    /chat not found|upgraded to a supergroup|not enough rights|have no rights|CHAT_WRITE_FORBIDDEN|TOPIC_CLOSED/i.test(
      description,
    )
  )
    return 'forbidden';
  if (code >= 500) return 'server';
  if (/message is not modified/i.test(description)) return 'not-modified';
  if (
    /message to (edit|delete|be replied|reply)[\w ]* not found|message can't be edited|MESSAGE_ID_INVALID/i.test(
      description,
    )
  )
    return 'message-gone';
  return 'bad-request';
}
