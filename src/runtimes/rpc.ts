import type { JsonRecord } from './json-fields.ts';
import { recordField } from './json-fields.ts';

/** What JSON-RPC allows as an id. */
export type RpcId = string | number;

/** A message of JSON-RPC, as far as its kind goes. */
export type RpcMessage =
  | { readonly kind: 'request'; readonly id: RpcId; readonly method: string; readonly params: JsonRecord }
  | { readonly kind: 'notice'; readonly method: string; readonly params: JsonRecord }
  | { readonly kind: 'result'; readonly id: RpcId; readonly result: JsonRecord }
  | { readonly kind: 'error'; readonly id: RpcId; readonly error: JsonRecord };

/** "Method not found": what a request gets that nobody here can answer. */
const METHOD_NOT_FOUND = -32601;

/** What kind of message an object is; undefined when it is none. Codex leaves the member `jsonrpc` out. */
export function readRpc(message: JsonRecord): RpcMessage | undefined {
  const { id, method } = message;
  const params = recordField(message, 'params') ?? {};
  const hasId = typeof id === 'string' || typeof id === 'number';
  if (typeof method === 'string')
    return hasId ? { kind: 'request', id, method, params } : { kind: 'notice', method, params };
  if (!hasId) return undefined;
  const error = recordField(message, 'error');
  if (error !== undefined) return { kind: 'error', id, error };
  return 'result' in message ? { kind: 'result', id, result: recordField(message, 'result') ?? {} } : undefined;
}

/** A request as a line. */
export function rpcRequest(id: RpcId, method: string, params: unknown): string {
  return toLine({ id, method, params });
}

/** A notification as a line. */
export function rpcNotice(method: string): string {
  return toLine({ method });
}

/** The answer to a request as a line. */
export function rpcResult(id: RpcId, result: unknown): string {
  return toLine({ id, result });
}

/** The refusal of a request that nobody here can answer, as a line: who asked goes on without it. */
export function rpcRefusal(id: RpcId, message: string): string {
  return toLine({ id, error: { code: METHOD_NOT_FOUND, message } });
}

function toLine(message: JsonRecord): string {
  return `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`;
}
