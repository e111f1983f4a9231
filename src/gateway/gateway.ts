import type { MediaTaken } from '../drafts/media-room.ts';
import type { Submission, SubmitResult } from '../drafts/submission.ts';
import type { VersionSubmission } from '../drafts/versions.ts';
import type { Log } from '../ports.ts';
import type { Look, NewAsk, Questions } from '../questions/questions.ts';
import type { AnswerWait } from '../questions/waiting.ts';
import type { Checkpoints } from '../work/checkpoints.ts';
import type { TaskCalls } from '../work/tasks.ts';
import { createCheckpointRoute } from './checkpoint-route.ts';
import { parseInstant } from './instant.ts';
import { MCP_FAULT, renderRpcError } from './json-rpc.ts';
import { DEFAULT_WITHIN_MS, MAX_DECISIONS, MAX_DECISIONS_BYTES, MAX_DRAFT_BYTES, MAX_WAIT_SECONDS } from './limits.ts';
import { askRequest, beatRequest, draftRequest, failRequest, progressRequest, versionRequest } from './requests.ts';
import { failure, parseBody, success } from './responses.ts';
import { createTaskRoutes } from './task-routes.ts';

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
  readonly verdict:
    | 'approved'
    | 'rejected'
    | 'expired'
    | 'edited'
    | 'published'
    | 'failed'
    | 'unknown'
    | 'undone'
    | 'revise'
    | 'revised';
  readonly reason: string | null;
  /** The body before and after the owner's edit; where another version is wanted the first is its text now; else null. */
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
  /** Copies the files of a draft before it is submitted: the one call that is no transaction. */
  takeMedia(run: RunIdentity, paths: readonly string[]): Promise<MediaTaken>;
  submitDraft(run: RunIdentity, draft: DraftSubmission): SubmitResult;
  /** Another version of a draft, which its owner asked for. */
  submitVersion(run: RunIdentity, version: Pick<VersionSubmission, 'draft' | 'body' | 'media'>): SubmitResult;
  /** `forMs`: a step that is declared to be long. Gives how much of it is left where the run's timeout cuts it. */
  beat(run: RunIdentity, note: string | undefined, forMs?: number): { readonly cutToMs: number } | undefined;
  progress(run: RunIdentity, text: string): void;
  reportFailure(
    run: RunIdentity,
    failure: ToolFailure,
  ): { readonly kind: 'answer'; readonly answer: string } | { readonly kind: 'refused'; readonly reason: string };
  decisions(agent: string, since: number | undefined): readonly AgentDecision[];
  ask(run: RunIdentity, ask: NewAsk): ReturnType<Questions['ask']>;
  look(run: Pick<RunIdentity, 'run'>, id: number): Look;
  readonly wait: AnswerWait;
  readonly tasks: TaskCalls;
  /** Keeps a WORKSTATE.md as a version; writes the file, too, where its text was given. */
  readonly checkpoint: Checkpoints['submit'];
  /** The time, for what agents ask "since two hours". */
  now(): number;
}

/** A request, read to its end; `target` is path and query. */
export interface GatewayRequest {
  readonly method: string;
  readonly target: string;
  readonly authorization: string | undefined;
  /** The header that says what forms of an answer the client takes. */
  readonly accept?: string | undefined;
  readonly body: Uint8Array;
}

/** An answer; `body` is JSON, and of a refused request always `{"error": "a sentence"}`, but for MCP, whose errors are JSON-RPC's. */
export interface GatewayResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
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

interface Call {
  readonly run: RunIdentity;
  readonly body: Uint8Array;
  readonly query: URLSearchParams;
}

interface Route {
  readonly method: 'GET' | 'POST';
  readonly answer: (call: Call) => GatewayResponse;
  /** Query parameters that it knows. */
  readonly query?: readonly string[];
  /** Where an answer may have to be waited for. */
  readonly serve?: (call: Call, gone: AbortSignal) => GatewayResponse | Promise<GatewayResponse>;
}

type Files = Pick<DraftSubmission, 'media'>;

/** A text that an agent hands in, with the paths of its files, and what takes it once these are copied. */
interface HandedText {
  readonly body: string;
  readonly media: readonly string[];
  readonly submit: (files: Files) => SubmitResult;
}

type ReadText = (call: Call) => HandedText | GatewayResponse;

const DEFAULT_PRIORITY = 3;

/** Builds the request handler of the agents' gateway: no HTTP in it, and no state beyond the rooms. */
export function createGateway(rooms: GatewayRooms, log: Log): Gateway {
  function readDraft({ run, body }: Call): HandedText | GatewayResponse {
    const parsed = parseBody(draftRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    const { media = [], ...fields } = parsed.fields;
    const submit = (files: Files): SubmitResult =>
      rooms.submitDraft(run, { priority: DEFAULT_PRIORITY, ...fields, ...files });
    return { body: fields.body, media, submit };
  }

  /** Another version of a draft: a route of its own, since it needs nothing that a new draft does but its text. */
  function readVersion({ run, body }: Call): HandedText | GatewayResponse {
    const parsed = parseBody(versionRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    const { media = [], revises, body: text } = parsed.fields;
    const submit = (files: Files): SubmitResult => rooms.submitVersion(run, { draft: revises, body: text, ...files });
    return { body: text, media, submit };
  }

  /** Where nothing can be waited for, no file can be copied. */
  function take(read: ReadText, call: Call): GatewayResponse {
    const handed = readBounded(read, call);
    if ('status' in handed) return handed;
    return handed.media.length === 0
      ? tellSubmitted(call.run, handed.submit({}))
      : failure(501, 'files can only be taken where their copy is waited for');
  }

  function takeWithFiles(read: ReadText, call: Call): GatewayResponse | Promise<GatewayResponse> {
    const handed = readBounded(read, call);
    if ('status' in handed) return handed;
    if (handed.media.length === 0) return tellSubmitted(call.run, handed.submit({}));
    return rooms
      .takeMedia(call.run, handed.media)
      .then((taken) =>
        taken.kind === 'taken'
          ? tellSubmitted(call.run, handed.submit({ media: taken.media }))
          : refusal(call.run, 'draft', taken.reason),
      );
  }

  function readBounded(read: ReadText, call: Call): HandedText | GatewayResponse {
    const handed = read(call);
    if ('status' in handed) return handed;
    const sizeBytes = Buffer.byteLength(handed.body);
    if (sizeBytes <= MAX_DRAFT_BYTES) return handed;
    return failure(
      413,
      `the body has ${sizeBytes} bytes, and a draft at most ${MAX_DRAFT_BYTES}: a person has to read all of it`,
    );
  }

  function tellSubmitted(run: RunIdentity, outcome: SubmitResult): GatewayResponse {
    if (outcome.kind === 'refused') return refusal(run, 'draft', outcome.reason);
    return success(outcome.existing ? 200 : 201, { id: outcome.id, existing: outcome.existing });
  }

  function beat({ run, body }: Call): GatewayResponse {
    const parsed = parseBody(beatRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    const cut = rooms.beat(run, parsed.fields.note || undefined, parsed.fields.forMs);
    return success(200, cut === undefined ? { ok: true } : { ok: true, cut_to_ms: cut.cutToMs });
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

  function ask({ run, body }: Call): GatewayResponse {
    const parsed = parseBody(askRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    const { withinMs = DEFAULT_WITHIN_MS, options = [], ...rest } = parsed.fields;
    const outcome = rooms.ask(run, { ...rest, options, withinMs });
    if (outcome.kind === 'refused') return refusal(run, 'ask', outcome.reason);
    const { id, key } = outcome;
    return success(200, { id, key, ...standing(rooms.look(run, id)) });
  }

  function readLook({ query }: Call): { readonly id: number; readonly waitMs: number } | GatewayResponse {
    const [id, wait] = [readCount(query.get('id')), readCount(query.get('wait') ?? '0')];
    if (id === undefined) return failure(400, 'id must be the number of a question');
    if (wait === undefined || wait > MAX_WAIT_SECONDS)
      return failure(400, `wait must be a whole number of seconds, at most ${MAX_WAIT_SECONDS}`);
    return { id, waitMs: wait * 1_000 };
  }

  function answer(call: Call): GatewayResponse {
    const asked = readLook(call);
    return 'status' in asked ? asked : told(asked.id, rooms.look(call.run, asked.id));
  }

  function awaitAnswer(call: Call, gone: AbortSignal): GatewayResponse | Promise<GatewayResponse> {
    const asked = readLook(call);
    if ('status' in asked) return asked;
    const look = rooms.look(call.run, asked.id);
    if (look.kind !== 'open' || asked.waitMs === 0) return told(asked.id, look);
    return rooms.wait(call.run, asked.id, asked.waitMs, gone).then((later) => told(asked.id, later));
  }

  function told(id: number, look: Look): GatewayResponse {
    if (look.kind === 'unknown') return failure(404, 'this run has asked no such question');
    return success(200, { id, ...standing(look) });
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

  function takes(read: ReadText): Route {
    return { method: 'POST', answer: (call) => take(read, call), serve: (call) => takeWithFiles(read, call) };
  }

  const routes = new Map<string, Route>([
    ['/v1/draft', takes(readDraft)],
    ['/v1/version', takes(readVersion)],
    ['/v1/beat', { method: 'POST', answer: beat }],
    ['/v1/progress', { method: 'POST', answer: progress }],
    ['/v1/fail', { method: 'POST', answer: fail }],
    ['/v1/decisions', { method: 'GET', answer: decisions, query: ['since'] }],
    ['/v1/ask', { method: 'POST', answer: ask }],
    ...createTaskRoutes(rooms.tasks, refusal),
    ['/v1/checkpoint', { method: 'POST', answer: createCheckpointRoute(rooms.checkpoint, refusal) }],
    ['/v1/answer', { method: 'GET', answer, query: ['id', 'wait'], serve: awaitAnswer }],
  ]);

  // In this order: where to (404, 405), who (401), what (400, 413), and only then a room. The body of a stranger is
  // never parsed.
  function admit(request: GatewayRequest): { readonly route: Route; readonly call: Call } | GatewayResponse {
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

/** How a question stands, as an answer says it. */
function standing(look: Look): object {
  return look.kind === 'answered' ? { state: 'answered', answer: look.answer } : { state: look.kind };
}

function readCount(written: string | null): number | undefined {
  return /^\d{1,9}$/.test(written ?? '') ? Number(written) : undefined;
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
