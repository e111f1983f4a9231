/**
 * A loopback stand-in for OpenAI's Responses API, as far as Codex uses it.
 */
import { randomBytes } from 'node:crypto';
import { createModelServer } from './model-server.ts';
import type {
  Dialect,
  GoodAnswer,
  ModelAnswer,
  ModelRequest,
  ModelServer,
  ModelServerOptions,
} from './model-server.ts';

const ERRORS: Readonly<
  Record<number, { readonly type: string; readonly code: string | null; readonly message: string }>
> = {
  401: { type: 'invalid_request_error', code: 'invalid_api_key', message: 'Incorrect API key provided.' },
  403: { type: 'invalid_request_error', code: 'unsupported_country_region_territory', message: 'Not allowed.' },
  404: { type: 'invalid_request_error', code: null, message: 'Not found' },
  429: { type: 'requests', code: 'rate_limit_exceeded', message: 'Rate limit reached.' },
  503: { type: 'server_error', code: 'server_is_overloaded', message: 'The engine is currently overloaded.' },
  529: { type: 'server_error', code: 'server_is_overloaded', message: 'The engine is currently overloaded.' },
};

const dialect: Dialect = {
  takesAnswer: (request) => request.method === 'POST' && /\/responses(\?|$)/.test(request.path),
  aside: () => undefined,
  answer(answer, request) {
    const response = responseOf(answer, request);
    if (request.body?.['stream'] !== true) {
      return { contentType: 'application/json', pieces: [JSON.stringify(response)] };
    }
    return { contentType: 'text/event-stream', pieces: eventsOf(response).map(eventText) };
  },
  failure(status) {
    const usual = ERRORS[status] ?? { type: 'server_error', code: null, message: 'The server had an error.' };
    return { body: { error: { ...usual, param: null } } };
  },
};

/** Starts a Responses API that gives the answers of the script, streamed or whole as asked; its base URL is `url` + `/v1`. */
export function createOpenaiServer(
  script: readonly [ModelAnswer, ...ModelAnswer[]],
  options?: ModelServerOptions,
): Promise<ModelServer> {
  return createModelServer(dialect, script, options);
}

/** The 429 of a ChatGPT plan that is used up; `resetsAt` is epoch seconds. Codex does not retry it. */
export function planLimit(resetsAt: number): ModelAnswer {
  const error = { type: 'usage_limit_reached', code: null, plan_type: 'plus', resets_at: resetsAt };
  return { kind: 'status', status: 429, message: 'The usage limit has been reached', error };
}

type Item = Readonly<Record<string, unknown>> & { readonly id: string; readonly type: string };

interface Response {
  readonly id: string;
  readonly object: 'response';
  readonly created_at: number;
  readonly status: 'completed';
  readonly model: string;
  readonly output: readonly Item[];
  readonly usage: Readonly<Record<string, unknown>>;
}

function responseOf(answer: GoodAnswer, request: ModelRequest): Response {
  const output: Item[] = [];
  if (answer.text !== undefined) {
    const content = [{ type: 'output_text', text: answer.text, annotations: [] }];
    output.push({ id: id('msg'), type: 'message', role: 'assistant', status: 'completed', content });
  }
  if (answer.kind === 'tool') output.push(toolItem(answer));
  const input = answer.usage?.input ?? 1200;
  const outputTokens = answer.usage?.output ?? 20;
  return {
    id: id('resp'),
    object: 'response',
    created_at: Math.floor(Date.now() / 1000),
    status: 'completed',
    model: String(request.body?.['model']),
    output,
    usage: {
      input_tokens: input,
      input_tokens_details: { cached_tokens: answer.usage?.cached ?? 0 },
      output_tokens: outputTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: input + outputTokens,
    },
  };
}

function toolItem(answer: Extract<GoodAnswer, { kind: 'tool' }>): Item {
  const call = { call_id: id('call'), name: answer.name, status: 'completed' };
  if (typeof answer.input === 'string')
    return { id: id('ctc'), type: 'custom_tool_call', ...call, input: answer.input };
  const namespace = answer.namespace === undefined ? {} : { namespace: answer.namespace };
  return { id: id('fc'), type: 'function_call', ...call, ...namespace, arguments: JSON.stringify(answer.input) };
}

function eventsOf(response: Response): readonly Readonly<Record<string, unknown>>[] {
  const started = { ...response, status: 'in_progress', output: [], usage: null };
  const items = response.output.flatMap((item, index) => [
    { type: 'response.output_item.added', output_index: index, item: { ...item, status: 'in_progress' } },
    ...(item.type === 'message' ? [textDelta(item, index)] : []),
    { type: 'response.output_item.done', output_index: index, item },
  ]);
  return [{ type: 'response.created', response: started }, ...items, { type: 'response.completed', response }];
}

function textDelta(item: Item, index: number) {
  const [part] = item['content'] as readonly { readonly text: string }[];
  return {
    type: 'response.output_text.delta',
    item_id: item.id,
    output_index: index,
    content_index: 0,
    delta: part?.text,
  };
}

function eventText(event: Readonly<Record<string, unknown>>, sequence: number): string {
  return `event: ${String(event['type'])}\ndata: ${JSON.stringify({ ...event, sequence_number: sequence })}\n\n`;
}

function id(prefix: string): string {
  return `${prefix}_${randomBytes(8).toString('hex')}`;
}
