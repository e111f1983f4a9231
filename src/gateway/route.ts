import type { RunIdentity } from './contract.ts';
import type { GatewayResponse } from './responses.ts';

/** One call of an agent: whose it is, and what it brought. */
export interface RouteCall {
  readonly run: RunIdentity;
  readonly body: Uint8Array;
  readonly query: URLSearchParams;
}

/** What stands behind one path. */
export interface Route {
  readonly method: 'GET' | 'POST';
  readonly answer: (call: RouteCall) => GatewayResponse;
  /** Query parameters that it knows. */
  readonly query?: readonly string[];
  /** Where an answer may have to be waited for. */
  readonly serve?: (call: RouteCall, gone: AbortSignal) => GatewayResponse | Promise<GatewayResponse>;
}

/** Routes by their paths, in the order in which a refusal names them. */
export type Routes = readonly (readonly [path: string, route: Route])[];

/** Refuses a call in a sentence, and tells the log which command it was. */
export type Refuse = (run: RunIdentity, command: string, reason: string) => GatewayResponse;
