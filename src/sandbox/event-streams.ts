import type { ServerResponse } from 'node:http';

/** Whose phone a page is, and which chat, or which topic of it, is open there. */
export interface View {
  readonly as: number;
  readonly chatId: number;
  readonly topicId: number | undefined;
}

/** The open event streams of phone pages. */
export interface EventStreams {
  /** Opens a stream with a first event, for whoever sees this; false when there are too many. */
  open(
    response: ServerResponse,
    headers: Readonly<Record<string, string>>,
    event: string,
    data: unknown,
    view: View,
  ): boolean;
  /** Sends an event to all pages whose view it belongs to. */
  send(event: string, data: (view: View) => unknown, isSeen: (view: View) => boolean): void;
  close(): void;
}

/** A person has a few tabs open; more is a mistake. */
const maxStreams = 32;
/** Proxies and browsers drop a stream that is silent for a minute. */
const keepAliveMs = 15_000;
/** A page that does not read is cut off, and comes back with a fresh snapshot. */
const maxUnreadBytes = 4 * 1024 * 1024;

/** Creates an empty set of streams. */
export function createEventStreams(): EventStreams {
  const streams = new Map<ServerResponse, View>();
  const timer = setInterval(() => writeToAll(': still here\n\n'), keepAliveMs).unref();

  function writeToAll(chunk: string): void {
    for (const stream of streams.keys()) write(stream, chunk);
  }

  function write(stream: ServerResponse, chunk: string): void {
    if (stream.writableLength > maxUnreadBytes) stream.destroy();
    else stream.write(chunk);
  }

  return {
    open(response, headers, event, data, view) {
      if (streams.size >= maxStreams) return false;
      response.writeHead(200, headers);
      response.write(render(event, data));
      streams.set(response, view);
      response.once('close', () => streams.delete(response));
      return true;
    },
    send(event, data, isSeen) {
      for (const [stream, view] of streams) if (isSeen(view)) write(stream, render(event, data(view)));
    },
    close() {
      clearInterval(timer);
      for (const stream of streams.keys()) stream.end();
    },
  };
}

function render(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
