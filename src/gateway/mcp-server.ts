import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CallToolRequestSchema,
  InitializeRequestSchema,
  isJSONRPCRequest,
  type JSONRPCMessage,
  JSONRPCMessageSchema,
  ListToolsRequestSchema,
  McpError,
} from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { AGENT_TOOLS, type ToolSetting } from './agent-tools.ts';
import { MCP_FAULT, renderRpcError } from './json-rpc.ts';

/** Changes with the tools. */
const VERSION = '1.0.0';

const INSTRUCTIONS =
  'The night desk that runs you. Hand in drafts instead of publishing, say what you got done, report failing tools, and ask the owner when only a person can decide.';

/** The parameters of what we answer: the SDK itself takes wrong ones for a fault of its own. */
const PARAMETERS: ReadonlyMap<string, z.core.$ZodType> = new Map<string, z.core.$ZodType>([
  ['initialize', InitializeRequestSchema],
  ['tools/list', ListToolsRequestSchema],
  ['tools/call', CallToolRequestSchema],
]);

/** The tools as MCP lists them. */
const LISTED = AGENT_TOOLS.map(({ name, description, input, isReading }) => ({
  name,
  description,
  inputSchema: z.toJSONSchema(input, { io: 'input' }) as { type: 'object' },
  // Nothing of this reaches the world without its owner: clients that ask before they call need not.
  annotations: { readOnlyHint: isReading, destructiveHint: false, openWorldHint: false },
}));

/** Builds an MCP server with the agents' tools, to be connected to one transport. */
export function createToolServer(setting: Omit<ToolSetting, 'gone'>): McpServer {
  const mcp = new McpServer(
    { name: 'nightdesk', version: VERSION },
    // The validator is for what servers ask of clients: we ask nothing, and the SDK's own takes megabytes to build.
    {
      capabilities: { tools: {} },
      instructions: INSTRUCTIONS,
      jsonSchemaValidator: {
        getValidator: () => () => ({ valid: false, data: undefined, errorMessage: 'nothing was asked' }),
      },
    },
  );
  mcp.server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: LISTED }));
  mcp.server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal }) => {
    const tool = AGENT_TOOLS.find(({ name }) => name === params.name);
    if (tool === undefined) {
      const known = AGENT_TOOLS.map(({ name }) => name).join(', ');
      throw new McpError(MCP_FAULT.wrongParameters, `there is no such tool; there are ${known}`);
    }
    const { text, isError } = await tool.run(params.arguments ?? {}, { ...setting, gone: signal });
    return { content: [{ type: 'text', text }], isError };
  });
  return mcp;
}

/** A message of a client, or the error that answers what is none. */
export type ReadMessage =
  | { readonly kind: 'message'; readonly message: JSONRPCMessage }
  | { readonly kind: 'bad'; readonly answer: string };

/** Reads one JSON-RPC message; whatever else it is given, it never throws. */
export function readMessage(bytes: Uint8Array): ReadMessage {
  let given: unknown;
  try {
    given = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return bad(null, MCP_FAULT.unreadable, 'the message is not JSON in UTF-8');
  }
  if (Array.isArray(given)) return bad(null, MCP_FAULT.noRequest, 'batches are not taken: send one message at a time');
  const parsed = JSONRPCMessageSchema.safeParse(given);
  if (!parsed.success) return bad(idOf(given), MCP_FAULT.noRequest, 'the message is not one of JSON-RPC 2.0');
  const message = parsed.data;
  if (isJSONRPCRequest(message)) {
    const wanted = PARAMETERS.get(message.method);
    if (wanted !== undefined && !z.safeParse(wanted, message).success)
      return bad(message.id, MCP_FAULT.wrongParameters, `${message.method} does not take such parameters`);
  }
  return { kind: 'message', message };
}

/** Answers one request; undefined when whoever asked is gone. */
export async function answerOnce(
  mcp: McpServer,
  request: JSONRPCMessage,
  gone: AbortSignal,
): Promise<JSONRPCMessage | undefined> {
  const answered = Promise.withResolvers<JSONRPCMessage | undefined>();
  const transport: Transport = {
    start: async () => {},
    send: async (message) => answered.resolve(message),
    // The SDK ends what is under way when it hears of this.
    close: async () => transport.onclose?.(),
  };
  const leave = (): void => answered.resolve(undefined);
  gone.addEventListener('abort', leave);
  try {
    await mcp.connect(transport);
    if (gone.aborted) return undefined;
    transport.onmessage?.(request);
    return await answered.promise;
  } finally {
    gone.removeEventListener('abort', leave);
    await mcp.close();
  }
}

function bad(id: string | number | null, code: number, message: string): ReadMessage {
  return { kind: 'bad', answer: renderRpcError(id, code, message) };
}

/** The id that a message names, though it is none. */
function idOf(given: unknown): string | number | null {
  const { id } = (typeof given === 'object' && given !== null ? given : {}) as { readonly id?: unknown };
  return typeof id === 'string' || (typeof id === 'number' && Number.isSafeInteger(id)) ? id : null;
}
