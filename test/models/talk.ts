import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';

/** What came back over plain HTTP; `cut` when the connection broke before the end. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly cut: boolean;
}

/** Posts JSON and reads what comes until the end or the cut; rejects when nothing comes and the signal aborts. */
export function post(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, agent: false };
    const outgoing = request(url, { ...options, ...(signal ? { signal } : {}) }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', () => undefined); // told by `complete`
      response.on('close', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, cut: !response.complete });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(JSON.stringify(body));
  });
}

/** The JSON of each `data:` line of a stream of server-sent events. */
export function eventsIn(text: string): readonly Readonly<Record<string, unknown>>[] {
  const lines = text.split(/\r?\n/).filter((line) => line.startsWith('data: '));
  return lines.map((line) => JSON.parse(line.slice('data: '.length)) as Readonly<Record<string, unknown>>);
}
