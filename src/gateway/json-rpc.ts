/** Codes of JSON-RPC's errors; `refused` is the server's own, as the MCP SDK uses it. */
export const MCP_FAULT = {
  unreadable: -32700,
  noRequest: -32600,
  wrongParameters: -32602,
  refused: -32000,
} as const;

/** An error as JSON-RPC has it; the id is null where the request names none. */
export function renderRpcError(id: string | number | null, code: number, message: string): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } });
}
