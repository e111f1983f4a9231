import type { z } from 'zod';
import type { Submission } from '../drafts/desk.ts';
import type { Log } from '../ports.ts';
import { parseInstant } from './instant.ts';
import { MAX_DECISIONS, MAX_DECISIONS_BYTES, MAX_DRAFT_BYTES } from './limits.ts';
import { beatRequest, draftRequest, explainFaults, failRequest, progressRequest } from './requests.ts';

/** Whose call it is: each run has a token of its own, and only its holder moves that run's clocks. */
export interface RunIdentity {
  readonly run: number;
  readonly agent: string;
}

/** A draft as the agent gave it; `body` is exactly its text, with every space and newline. */
export type DraftSubmission = Omit<Submission, 'agent' | 'run'>;

/** A tool's failure as the agent saw it. */
export interface ToolFailure {
  readonly tool: string;
  readonly kind: 'auth' | 'rate-limit' | 'not-found' | 'other';
  readonly credential?: string;
  readonly text: string;
}

/** One thing that became of a draft. */
export interface AgentDecision {
  readonly draft: number;
  readonly key: string | null;
  readonly kind: string;
  readonly to: string;
  readonly verdict: 'approved' | 'rejected' | 'expired' | 'edited' | 'published' | 'failed' | 'unknown';
  readonly reason: string | null;
  /** The body before and after the owner's edit; null where nothing was edited. */
  readonly body_before: string | null;
  readonly body_after: string | null;
  /** Where it was published. */
  readonly url: string | null;
  /** ISO 8601, UTC, with milliseconds. */
  readonly at: string;
}

/**
 * The rooms behind the gateway.
 *
 * Contract:
 * - Each call is one transaction, committed when it returns: the agent is told only after that. One that throws has
 *   changed nothing.
 * - `identify` knows a run's token as `ended` from the moment at which the run ends.
 * - `reportFailure` answers what the failure mode bids: `alert`, `wait SECONDS` or `skip`.
 * - `decisions` are the agent's own, oldest first, at most MAX_DECISIONS: with `since` (epoch ms) the first ones at or
 *   after it, so that paging on loses none of the same millisecond; without it the newest ones.
 */
export interface GatewayRooms {
  identify(
    token: string,
  ): { readonly kind: 'known'; readonly run: RunIdentity } | { readonly kind: 'ended' } | { readonly kind: 'unknown' };
  submitDraft(
    run: RunIdentity,
    draft: DraftSubmission,
  ):
    | { readonly kind: 'accepted'; readonly id: number; readonly existing: boolean }
    | { readonly kind: 'refused'; readonly reason: string };
  beat(run: RunIdentity, note: string | undefined): void;
  progress(run: RunIdentity, text: string): void;
  reportFailure(
    run: RunIdentity,
    failure: ToolFailure,
  ): { readonly kind: 'answer'; readonly answer: string } | { readonly kind: 'refused'; readonly reason: string };
  decisions(agent: string, since: number | undefined): readonly AgentDecision[];
}

/** A request, read to its end; `target` is path and query. */
export interface GatewayRequest {
  readonly method: string;
  readonly target: string;
  readonly authorization: string | undefined;
  readonly body: Uint8Array;
}

/** An answer; `body` is JSON, and of a refused request always `{"error": "a sentence"}`. */
export interface GatewayResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What agents may call. `handle` is synchronous, and throws only what a room throws. */
export interface Gateway {
  handle(request: GatewayRequest): GatewayResponse;
}

interface Call {
  readonly run: RunIdentity;
  readonly body: Uint8Array;
  readonly query: URLSearchParams;
}

interface Route {
  readonly method: 'GET' | 'POST';
  readonly answer: (call: Call) => GatewayResponse;
}

const DEFAULT_PRIORITY = 3;

/** Builds the request handler of the agents' gateway: no HTTP in it, and no state beyond the rooms. */
export function createGateway(rooms: GatewayRooms, log: Log): Gateway {
  function draft({ run, body }: Call): GatewayResponse {
    const parsed = parseBody(draftRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    const sizeBytes = Buffer.byteLength(parsed.fields.body);
    if (sizeBytes > MAX_DRAFT_BYTES) {
      return failure(
        413,
        `the body has ${sizeBytes} bytes, and a draft at most ${MAX_DRAFT_BYTES}: a person has to read all of it`,
      );
    }
    const outcome = rooms.submitDraft(run, { priority: DEFAULT_PRIORITY, ...parsed.fields });
    if (outcome.kind === 'refused') return refusal(run, 'draft', outcome.reason);
    return success(outcome.existing ? 200 : 201, { id: outcome.id, existing: outcome.existing });
  }

  function beat({ run, body }: Call): GatewayResponse {
    const parsed = parseBody(beatRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    rooms.beat(run, parsed.fields.note || undefined);
    return success(200, { ok: true });
  }

  function progress({ run, body }: Call): GatewayResponse {
    const parsed = parseBody(progressRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    rooms.progress(run, parsed.fields.text);
    return success(200, { ok: true });
  }

  function fail({ run, body }: Call): GatewayResponse {
    const parsed = parseBody(failRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    const outcome = rooms.reportFailure(run, parsed.fields);
    if (outcome.kind === 'refused') return refusal(run, 'fail', outcome.reason);
    return success(200, { answer: outcome.answer });
  }

  function decisions({ run, query }: Call): GatewayResponse {
    const given = query.get('since');
    const since = given === null ? undefined : parseInstant(given);
    if (given !== null && since === undefined)
      return failure(400, 'since must be an ISO 8601 time, as in 2026-07-01T08:00:00Z');
    return success(200, boundDecisions(rooms.decisions(run.agent, since), since === undefined ? 'newest' : 'oldest'));
  }

  function refusal(run: RunIdentity, command: string, reason: string): GatewayResponse {
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
    ['/v1/draft', { method: 'POST', answer: draft }],
    ['/v1/beat', { method: 'POST', answer: beat }],
    ['/v1/progress', { method: 'POST', answer: progress }],
    ['/v1/fail', { method: 'POST', answer: fail }],
    ['/v1/decisions', { method: 'GET', answer: decisions }],
  ]);

  return {
    // In this order: where to (404, 405), who (401), what (400, 413), and only then a room. The body of a stranger is
    // never parsed.
    handle(request) {
      const { path, query } = splitTarget(request.target);
      const route = routes.get(path);
      if (route === undefined) {
        const known = [...routes].map(([name, { method }]) => `${method} ${name}`);
        return failure(404, `there is only ${known.join(', ')}`);
      }
      if (request.method !== route.method)
        return failure(405, `${path} takes ${route.method} only`, { allow: route.method });
      const run = authenticate(request.authorization);
      if ('status' in run) return run;
      const fault = faultOfQuery(query, path === '/v1/decisions' ? ['since'] : []);
      if (fault !== undefined) return failure(400, fault);
      return route.answer({ run, body: request.body, query });
    },
  };
}

function success(status: number, body: object): GatewayResponse {
  return { status, body: JSON.stringify(body) };
}

function failure(status: number, error: string, headers: Readonly<Record<string, string>> = {}): GatewayResponse {
  return { status, headers, body: JSON.stringify({ error }) };
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

function parseBody<Schema extends z.ZodObject>(
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

/**
 * As many decisions as one answer holds; `more` tells that there may be others, at the end that `keep` does not name.
 */
function boundDecisions(
  all: readonly AgentDecision[],
  keep: 'oldest' | 'newest',
): { decisions: AgentDecision[]; more: boolean } {
  const kept: AgentDecision[] = [];
  let sizeBytes = 0;
  for (const decision of keep === 'oldest' ? all : all.toReversed()) {
    sizeBytes += Buffer.byteLength(JSON.stringify(decision));
    if (sizeBytes > MAX_DECISIONS_BYTES) break;
    kept.push(decision);
  }
  return {
    decisions: keep === 'oldest' ? kept : kept.reverse(),
    more: kept.length < all.length || all.length >= MAX_DECISIONS,
  };
}
