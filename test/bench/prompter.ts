import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** Tells waiting agents when to act, one after another; they are fixtures/prompted-agent.ts. */
export interface Prompter {
  readonly port: number;
  /** Resolves when that many agents wait. */
  waitFor(count: number): Promise<void>;
  agents(): readonly string[];
  /** Sends one line to an agent; `answer` is the next line that it sends back. */
  prompt(agent: string, line: string): { readonly answer: Promise<string> };
  close(): void;
}

/** Starts to listen for agents on 127.0.0.1. */
export async function openPrompter(): Promise<Prompter> {
  const waiting = new Map<string, { readonly socket: Socket; hear(line: string): void }>();
  let onArrival = (): void => {};
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    createInterface(socket).on('line', (line) => {
      const known = [...waiting.values()].find((agent) => agent.socket === socket);
      if (known !== undefined) return known.hear(line);
      waiting.set(line, { socket, hear: () => {} });
      onArrival();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    agents: () => [...waiting.keys()],
    waitFor: (count) =>
      new Promise((resolve) => {
        onArrival = () => {
          if (waiting.size >= count) resolve();
        };
        onArrival();
      }),
    prompt(agent, line) {
      const known = waiting.get(agent);
      if (known === undefined) throw new Error(`no agent ${agent} waits`);
      const answer = new Promise<string>((resolve) => {
        known.hear = resolve;
      });
      known.socket.write(`${line}\n`);
      return { answer };
    },
    close() {
      for (const { socket } of waiting.values()) socket.destroy();
      server.close();
    },
  };
}
