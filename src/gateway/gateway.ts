import type { Log } from '../ports.ts';
import { createCheckpointRoute } from './checkpoint-route.ts';
import type { GatewayRooms, RunIdentity } from './contract.ts';
import { createDecisionRoutes } from './decision-routes.ts';
import { createDraftRoutes } from './draft-routes.ts';
import { MCP_FAULT, renderRpcError } from './json-rpc.ts';
import { createQuestionRoutes } from './question-routes.ts';
import { beatRequest, failRequest, progressRequest } from './requests.ts';
import { failure, type GatewayResponse, parseBody, success } from './responses.ts';
import type { Route, RouteCall } from './route.ts';
import { createTaskRoutes } from './task-routes.ts';

/** A request, read to its end; `target` is path and query. */
export interface GatewayRequest {
  readonly method: string;
  readonly target: string;
  readonly authorization: string | undefined;
  /** The header that says what forms of an answer the client takes. */
  readonly accept?: string | undefined;
  readonly body: Uint8Array;
}

/** An answer that takes its time: a stream of one event, begun at once, so that its client knows that somebody is at it. */
export interface GatewayEvent {
  readonly event: Promise<string>;
}

/** What agents may call; throws, or rejects with, only what a room throws. */
export interface Gateway {
  /** Everything that is answered at once: all but MCP, and without waiting for the owner. */
  handle(request: GatewayRequest): GatewayResponse;
  /** Everything; what waits for the owner stops waiting when its client is `gone`. */
  serve(request: GatewayRequest, gone: AbortSignal): GatewayResponse | Promise<GatewayResponse | GatewayEvent>;
}

/** Where MCP is spoken. */
const MCP_PATH = '/mcp';

/** The body of an answer to a request that the server itself refuses, in the form that is spoken there. */
export function renderRefusal(target: string, error: string): string {
  return splitTarget(target).path === MCP_PATH
    ? renderRpcError(null, MCP_FAULT.refused, error)
    : JSON.stringify({ error });
}

/** Builds the request handler of the agents' gateway: no HTTP in it, and no state beyond the rooms. */
export function createGateway(rooms: GatewayRooms, log: Log): Gateway {
  function beat({ run, body }: RouteCall): GatewayResponse {
    const parsed = parseBody(beatRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    const cut = rooms.beat(run, parsed.fields.note || undefined, parsed.fields.forMs);
    return success(200, cut === undefined ? { ok: true } : { ok: true, cut_to_ms: cut.cutToMs });
  }

  function progress({ run, body }: RouteCall): GatewayResponse {
    const parsed = parseBody(progressRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    rooms.progress(run, parsed.fields.text);
    return success(200, { ok: true });
  }

  function fail({ run, body }: RouteCall): GatewayResponse {
    const parsed = parseBody(failRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    const outcome = rooms.reportFailure(run, parsed.fields);
    if (outcome.kind === 'refused') return refuse(run, 'fail', outcome.reason);
    return success(200, { answer: outcome.answer });
  }

  function refuse(run: RunIdentity, command: string, reason: string): GatewayResponse {
    log.info('gateway: refused', { command, agent: run.agent, run: run.run, reason });
    return failure(422, reason);
  }

  function authenticate(authorization: string | undefined): RunIdentity | GatewayResponse {
    const challenge = { 'www-authenticate': 'Bearer' };
    const token = /^Bearer +([\w.~+/=-]{1,512})$/i.exec(authorization ?? '')?.[1];
    if (token === undefined)
      return failure(401, 'the header "Authorization: Bearer TOKEN" with the run\'s token is missing', challenge);
    const holder = rooms.identify(token);
    if (holder.kind === 'known') return holder.run;
    if (holder.kind === 'ended') return failure(401, 'this run has ended', challenge);
    log.warn('gateway: a call with an unknown token');
    return failure(401, 'this token belongs to no run', challenge);
  }

  const routes = new Map<string, Route>([
    ...createDraftRoutes(rooms, refuse),
    ['/v1/beat', { method: 'POST', answer: beat }],
    ['/v1/progress', { method: 'POST', answer: progress }],
    ['/v1/fail', { method: 'POST', answer: fail }],
    ...createDecisionRoutes(rooms),
    ...createQuestionRoutes(rooms, refuse),
    ...createTaskRoutes(rooms.tasks, refuse),
    ['/v1/checkpoint', { method: 'POST', answer: createCheckpointRoute(rooms.checkpoint, refuse) }],
  ]);

  // In this order: where to (404, 405), who (401), what (400, 413), and only then a room. The body of a stranger is
  // never parsed.
  function admit(request: GatewayRequest): { readonly route: Route; readonly call: RouteCall } | GatewayResponse {
    const { path, query } = splitTarget(request.target);
    const route = routes.get(path);
    if (route === undefined) {
      const known = [...routes].map(([name, { method }]) => `${method} ${name}`);
      return failure(404, `there is only ${known.join(', ')}, POST ${MCP_PATH}`);
    }
    if (request.method !== route.method)
      return failure(405, `${path} takes ${route.method} only`, { allow: route.method });
    const run = authenticate(request.authorization);
    if ('status' in run) return run;
    const fault = faultOfQuery(query, route.query ?? []);
    if (fault !== undefined) return failure(400, fault);
    return { route, call: { run, body: request.body, query } };
  }

  function serveRoute(request: GatewayRequest, gone: AbortSignal): GatewayResponse | Promise<GatewayResponse> {
    const admitted = admit(request);
    if ('status' in admitted) return admitted;
    const { route, call } = admitted;
    return route.serve === undefined ? route.answer(call) : route.serve(call, gone);
  }

  async function serveMcp(request: GatewayRequest, gone: AbortSignal): Promise<GatewayResponse | GatewayEvent> {
    const inRpc = ({ body, ...rest }: GatewayResponse): GatewayResponse => ({
      ...rest,
      body: renderRefusal(MCP_PATH, (JSON.parse(body) as { error: string }).error),
    });
    if (request.method !== 'POST') return inRpc(failure(405, `${MCP_PATH} takes POST only`, { allow: 'POST' }));
    const run = authenticate(request.authorization);
    if ('status' in run) return inRpc(run);
    // Imported by the first that speaks it: the SDK weighs 12 MB, and a fleet of programs never needs it.
    const { answerMcp } = await import('./mcp-http.ts');
    return await answerMcp(request.body, {
      gone,
      takesEvents: request.accept?.includes('text/event-stream') === true,
      now: rooms.now,
      serve: async (method, target, body) => {
        try {
          return await serveRoute({ method, target, authorization: request.authorization, body }, gone);
        } catch (error) {
          // The SDK would tell the agent what a room threw, and nobody else.
          log.error('gateway: a tool failed', { target, error: error instanceof Error ? error.message : typeof error });
          return failure(500, 'the control plane failed at this request; its log says why');
        }
      },
    });
  }

  return {
    handle(request) {
      const admitted = admit(request);
      return 'status' in admitted ? admitted : admitted.route.answer(admitted.call);
    },
    serve: (request, gone) =>
      splitTarget(request.target).path === MCP_PATH ? serveMcp(request, gone) : serveRoute(request, gone),
  };
}

function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const mark = target.indexOf('?');
  if (mark === -1) return { path: target, query: new URLSearchParams() };
  return { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}

function faultOfQuery(query: URLSearchParams, known: readonly string[]): string | undefined {
  for (const name of query.keys()) {
    if (!known.includes(name)) return `the query parameter ${JSON.stringify(name.slice(0, 100))} is not known here`;
    if (query.getAll(name).length > 1) return `the query parameter ${name} is given more than once`;
  }
  return undefined;
}
