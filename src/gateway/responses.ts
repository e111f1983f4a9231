import type { z } from 'zod';
import { explainFaults } from './requests.ts';

/** An answer; `body` is JSON, and of a refused request always `{"error": "a sentence"}`, but for MCP, whose errors are JSON-RPC's. */
export interface GatewayResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What was asked is done. */
export function success(status: number, body: object): GatewayResponse {
  return { status, body: JSON.stringify(body) };
}

/** What was asked is refused, in a sentence. */
export function failure(
  status: number,
  error: string,
  headers: Readonly<Record<string, string>> = {},
): GatewayResponse {
  return { status, headers, body: JSON.stringify({ error }) };
}

/** Reads a request's body, or says what is wrong with it. */
export function parseBody<Schema extends z.ZodObject>(
  schema: Schema,
  bytes: Uint8Array,
): { kind: 'fields'; fields: z.output<Schema> } | { kind: 'bad'; response: GatewayResponse } {
  let input: unknown;
  try {
    input = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    // A TypeError is the decoder's, a SyntaxError the parser's.
    const fault = error instanceof TypeError ? 'the request is not UTF-8' : 'the request is not JSON';
    return { kind: 'bad', response: failure(400, fault) };
  }
  const result = schema.safeParse(input);
  if (result.success) return { kind: 'fields', fields: result.data };
  return { kind: 'bad', response: failure(400, explainFaults(schema, input, result.error)) };
}
