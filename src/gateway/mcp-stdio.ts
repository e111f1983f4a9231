import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { CancelledNotificationSchema, isJSONRPCRequest, type RequestId } from '@modelcontextprotocol/sdk/types.js';
import { createSystemClock } from '../adapters/system-clock.ts';
import type { AgentCommandIo } from './agent-commands.ts';
import { askPace, callGateway, type GatewayAddress } from './gateway-client.ts';
import { MCP_FAULT, renderRpcError } from './json-rpc.ts';
import { MAX_REQUEST_BYTES, TOOL_WAIT_MS } from './limits.ts';
import { createToolServer, readMessage } from './mcp-server.ts';

/** How long one request to the gateway waits. */
const POLL_SECONDS = 20;

/** Calls under way at once; a client that sends more does not wait for answers. */
const MOST_CALLS = 32;

const NEWLINE = 10;

/** Speaks MCP over stdin and stdout, one message a line, until stdin ends. */
export async function serveStdio(address: GatewayAddress, io: Pick<AgentCommandIo, 'stdin' | 'stdout'>): Promise<void> {
  const mcp = createToolServer({
    now: createSystemClock().now,
    asking: { ...askPace, pollSeconds: POLL_SECONDS, limitMs: TOOL_WAIT_MS },
    call: async (call) => await callGateway(address, call),
  });
  const underWay = new Set<RequestId>();
  const transport: Transport = {
    start: async () => {},
    send: async (message) => {
      if ('id' in message && message.id !== undefined) underWay.delete(message.id);
      write(JSON.stringify(message));
    },
    close: async () => transport.onclose?.(),
  };

  function write(line: string): void {
    io.stdout.write(`${line}\n`);
  }

  function take(line: Uint8Array): void {
    // An empty line is nobody's message.
    if (line.every((byte) => byte === 13 || byte === 32)) return;
    const reading = readMessage(line);
    if (reading.kind === 'bad') return write(reading.answer);
    const { message } = reading;
    if (isJSONRPCRequest(message)) {
      if (underWay.size >= MOST_CALLS)
        return write(renderRpcError(message.id, MCP_FAULT.refused, 'too many calls at once'));
      underWay.add(message.id);
    }
    // What is cancelled is not answered any more.
    const cancelled = CancelledNotificationSchema.safeParse(message).data?.params.requestId;
    if (cancelled !== undefined) underWay.delete(cancelled);
    transport.onmessage?.(message);
  }

  await mcp.connect(transport);
  for await (const line of readLines(io.stdin)) {
    if (line === undefined)
      write(renderRpcError(null, MCP_FAULT.unreadable, `the line has more than ${MAX_REQUEST_BYTES} bytes`));
    else take(line);
  }
  await mcp.close();
}

/** The lines of a stream; undefined for one that is too long, of which the rest is dropped. */
async function* readLines(stdin: AgentCommandIo['stdin']): AsyncGenerator<Uint8Array | undefined> {
  let parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of stdin) {
    let rest: Uint8Array = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      sizeBytes += end;
      yield sizeBytes > MAX_REQUEST_BYTES ? undefined : Buffer.concat([...parts, rest.subarray(0, end)]);
      parts = [];
      sizeBytes = 0;
      rest = rest.subarray(end + 1);
    }
    sizeBytes += rest.length;
    if (sizeBytes > MAX_REQUEST_BYTES) parts = [];
    else parts.push(rest);
  }
}
