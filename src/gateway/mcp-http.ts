import { isJSONRPCRequest, type JSONRPCRequest } from '@modelcontextprotocol/sdk/types.js';
import { AGENT_TOOLS } from './agent-tools.ts';
import type { GatewayEvent } from './gateway.ts';
import { readAnswer } from './gateway-client.ts';
import { MCP_FAULT, renderRpcError } from './json-rpc.ts';
import { MAX_WAIT_SECONDS, SILENT_WAIT_MS, TOOL_WAIT_MS } from './limits.ts';
import { answerOnce, createToolServer, readMessage } from './mcp-server.ts';
import type { GatewayResponse } from './responses.ts';

/** What MCP over HTTP works with. */
export interface McpSetting {
  /** Makes a call of the gateway as the run that speaks. */
  readonly serve: (method: string, target: string, body: Uint8Array) => Promise<GatewayResponse>;
  readonly now: () => number;
  readonly gone: AbortSignal;
  /** Whether the client takes a stream of events for an answer. */
  readonly takesEvents: boolean;
}

/**
 * Answers one POST of MCP's Streamable HTTP: stateless, one message, one answer; JSON, but a stream where a person has to be waited for.
 * The protocol's version header is not looked at: what is spoken here is the same in all of them, and clients probe with versions to come.
 */
export async function answerMcp(body: Uint8Array, setting: McpSetting): Promise<GatewayResponse | GatewayEvent> {
  const reading = readMessage(body);
  if (reading.kind === 'bad') return { status: 400, body: reading.answer };
  const { message } = reading;
  if (!isJSONRPCRequest(message)) return { status: 202, body: '' };
  const mcp = createToolServer({
    now: setting.now,
    asking: {
      now: setting.now,
      pause: undefined,
      pollSeconds: MAX_WAIT_SECONDS,
      limitMs: setting.takesEvents ? TOOL_WAIT_MS : SILENT_WAIT_MS,
    },
    call: async ({ method, target, body: fields }) => {
      const given = await setting.serve(
        method,
        target,
        Buffer.from(fields === undefined ? '' : JSON.stringify(fields)),
      );
      return readAnswer(given.status, given.body);
    },
  });
  const answer = answerOnce(mcp, message, setting.gone).then((given) =>
    given === undefined
      ? renderRpcError(message.id, MCP_FAULT.refused, 'nobody waited for the answer')
      : JSON.stringify(given),
  );
  return setting.takesEvents && waits(message) ? { event: answer } : { status: 200, body: await answer };
}

/** Whether the answer is a person's. */
function waits({ method, params }: JSONRPCRequest): boolean {
  return method === 'tools/call' && AGENT_TOOLS.some((tool) => tool.waits && tool.name === params?.['name']);
}
