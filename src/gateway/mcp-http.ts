import { isJSONRPCRequest } from '@modelcontextprotocol/sdk/types.js';
import type { GatewayResponse } from './gateway.ts';
import { readAnswer } from './gateway-client.ts';
import { MCP_FAULT, renderRpcError } from './json-rpc.ts';
import { MAX_WAIT_SECONDS } from './limits.ts';
import { answerOnce, createToolServer, readMessage } from './mcp-server.ts';

/** What MCP over HTTP works with. */
export interface McpSetting {
  /** Makes a call of the gateway as the run that speaks. */
  readonly serve: (method: string, target: string, body: Uint8Array) => Promise<GatewayResponse>;
  readonly now: () => number;
  readonly gone: AbortSignal;
}

/**
 * Answers one POST of MCP's Streamable HTTP: stateless, one message, one JSON answer. The protocol's version header is not looked at:
 * what is spoken here is the same in all of them, and clients probe with versions to come.
 */
export async function answerMcp(body: Uint8Array, setting: McpSetting): Promise<GatewayResponse> {
  const reading = readMessage(body);
  if (reading.kind === 'bad') return { status: 400, body: reading.answer };
  if (!isJSONRPCRequest(reading.message)) return { status: 202, body: '' };
  const mcp = createToolServer({
    now: setting.now,
    asking: {
      now: setting.now,
      pause: undefined,
      pollSeconds: MAX_WAIT_SECONDS,
      limitMs: MAX_WAIT_SECONDS * 1_000,
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
  const answer = await answerOnce(mcp, reading.message, setting.gone);
  if (answer === undefined) {
    return { status: 503, body: renderRpcError(reading.message.id, MCP_FAULT.refused, 'nobody waited for the answer') };
  }
  return { status: 200, body: JSON.stringify(answer) };
}
