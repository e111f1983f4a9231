/**
 * A loopback stand-in for Anthropic's Messages API, as far as Claude Code uses it.
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

const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

const MESSAGES: Readonly<Record<number, string>> = {
  403: 'Your account does not have access to Claude.',
  404: 'Not found',
  429: 'Number of requests has exceeded your rate limit.',
  500: 'Internal server error',
  503: 'Service temporarily unavailable',
  529: 'Overloaded',
};

const dialect: Dialect = {
  takesAnswer: (request) => request.method === 'POST' && request.path.split('?')[0] === '/v1/messages',
  aside: (request) => (request.path.startsWith('/v1/messages/count_tokens') ? { input_tokens: 1000 } : undefined),
  answer(answer, request) {
    const message = messageOf(answer, request);
    if (request.body?.['stream'] !== true) {
      return { contentType: 'application/json', pieces: [JSON.stringify(message)] };
    }
    return { contentType: 'text/event-stream', pieces: eventsOf(message).map(eventText) };
  },
  failure(status, request) {
    const message = status === 401 ? unauthorizedMessage(request) : MESSAGES[status];
    return {
      body: {
        type: 'error',
        error: { type: ERROR_TYPES[status] ?? 'api_error', message: message ?? 'Error' },
        request_id: id('req'),
      },
      // The vendor says of most failures that trying again is useless; without this header Claude Code repeats even a 401 for minutes.
      ...(status < 500 && status !== 429 ? { headers: { 'x-should-retry': 'false' } } : {}),
    };
  },
};

/** Starts a Messages API that gives the answers of the script, streamed or whole as asked; for `ANTHROPIC_BASE_URL`. */
export function createAnthropicServer(
  script: readonly [ModelAnswer, ...ModelAnswer[]],
  options?: ModelServerOptions,
): Promise<ModelServer> {
  return createModelServer(dialect, script, options);
}

function unauthorizedMessage(request: ModelRequest): string {
  if (request.headers['x-api-key'] !== undefined) return 'invalid x-api-key';
  const isOauth = String(request.headers['anthropic-beta']).includes('oauth');
  return isOauth
    ? 'OAuth token has expired. Please obtain a new token or refresh your existing token.'
    : 'Invalid bearer token';
}

/** The 429 of a subscription whose window is used up; `resetsAt` is epoch seconds. Claude Code reads it under OAuth tokens only. */
export function subscriptionLimit(resetsAt: number): ModelAnswer {
  return {
    kind: 'status',
    status: 429,
    message: "This request would exceed your account's rate limit. Please try again later.",
    headers: {
      'anthropic-ratelimit-unified-status': 'rejected',
      'anthropic-ratelimit-unified-reset': String(resetsAt),
      'anthropic-ratelimit-unified-representative-claim': 'five_hour',
      'anthropic-ratelimit-unified-5h-status': 'rejected',
      'anthropic-ratelimit-unified-5h-reset': String(resetsAt),
      'anthropic-ratelimit-unified-5h-utilization': '1',
      'anthropic-ratelimit-unified-overage-status': 'rejected',
    },
  };
}

interface Message {
  readonly id: string;
  readonly type: 'message';
  readonly role: 'assistant';
  readonly model: string;
  readonly content: readonly Block[];
  readonly stop_reason: string;
  readonly stop_sequence: null;
  readonly usage: Readonly<Record<string, number>>;
}

type Block =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: unknown };

function messageOf(answer: GoodAnswer, request: ModelRequest): Message {
  const content: Block[] = [];
  if (answer.text !== undefined) content.push({ type: 'text', text: answer.text });
  if (answer.kind === 'tool')
    content.push({ type: 'tool_use', id: id('toolu'), name: answer.name, input: answer.input });
  const cached = answer.usage?.cached ?? 0;
  return {
    id: id('msg'),
    type: 'message',
    role: 'assistant',
    model: String(request.body?.['model']),
    content,
    stop_reason: answer.kind === 'tool' ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage: {
      input_tokens: (answer.usage?.input ?? 1200) - cached,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: cached,
      output_tokens: answer.usage?.output ?? 20,
    },
  };
}

/** The stream of a message, with the placeholders that the real one starts with. */
function eventsOf(message: Message): readonly Readonly<Record<string, unknown>>[] {
  const started = { ...message, content: [], stop_reason: null, usage: { ...message.usage, output_tokens: 1 } };
  const blocks = message.content.flatMap((block, index) => {
    const isText = block.type === 'text';
    return [
      { type: 'content_block_start', index, content_block: isText ? { ...block, text: '' } : { ...block, input: {} } },
      {
        type: 'content_block_delta',
        index,
        delta: isText
          ? { type: 'text_delta', text: block.text }
          : { type: 'input_json_delta', partial_json: JSON.stringify(block.input) },
      },
      { type: 'content_block_stop', index },
    ];
  });
  return [
    { type: 'message_start', message: started },
    ...blocks,
    { type: 'message_delta', delta: { stop_reason: message.stop_reason, stop_sequence: null }, usage: message.usage },
    { type: 'message_stop' },
  ];
}

function eventText(event: Readonly<Record<string, unknown>>): string {
  return `event: ${String(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`;
}

function id(prefix: string): string {
  return `${prefix}_${randomBytes(8).toString('hex')}`;
}
