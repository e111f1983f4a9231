import type { ServerResponse } from 'node:http';

/** The open event streams of phone pages. */
export interface EventStreams {
  /** Opens a stream with a first event; false when there are too many. */
  open(response: ServerResponse, headers: Readonly<Record<string, string>>, event: string, data: unknown): boolean;
  send(event: string, data: unknown): void;
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
  const streams = new Set<ServerResponse>();
  const timer = setInterval(() => writeToAll(': still here\n\n'), keepAliveMs).unref();

  function writeToAll(chunk: string): void {
    for (const stream of streams) {
      if (stream.writableLength > maxUnreadBytes) stream.destroy();
      else stream.write(chunk);
    }
  }

  return {
    open(response, headers, event, data) {
      if (streams.size >= maxStreams) return false;
      response.writeHead(200, headers);
      response.write(render(event, data));
      streams.add(response);
      response.once('close', () => streams.delete(response));
      return true;
    },
    send(event, data) {
      writeToAll(render(event, data));
    },
    close() {
      clearInterval(timer);
      for (const stream of streams) stream.end();
    },
  };
}

function render(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
