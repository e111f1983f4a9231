/**
 * A loopback stand-in for the Gemini API, as far as Gemini CLI uses it.
 */
import { createModelServer } from './model-server.ts';
import type {
  Dialect,
  GoodAnswer,
  ModelAnswer,
  ModelRequest,
  ModelServer,
  ModelServerOptions,
} from './model-server.ts';

const ERRORS: Readonly<Record<number, { readonly status: string; readonly message: string }>> = {
  400: { status: 'INVALID_ARGUMENT', message: 'Request contains an invalid argument.' },
  401: { status: 'UNAUTHENTICATED', message: 'Request had invalid authentication credentials.' },
  403: { status: 'PERMISSION_DENIED', message: 'The caller does not have permission.' },
  404: { status: 'NOT_FOUND', message: 'Not found' },
  429: { status: 'RESOURCE_EXHAUSTED', message: 'Resource has been exhausted (e.g. check quota).' },
  500: { status: 'INTERNAL', message: 'An internal error has occurred.' },
  503: { status: 'UNAVAILABLE', message: 'The model is overloaded. Please try again later.' },
  529: { status: 'UNAVAILABLE', message: 'The model is overloaded. Please try again later.' },
};

const dialect: Dialect = {
  takesAnswer: (request) => request.method === 'POST' && /:(streamG|g)enerateContent(\?|$)/.test(request.path),
  aside: (request) => (/:countTokens(\?|$)/.test(request.path) ? { totalTokens: 1000 } : undefined),
  answer(answer, request) {
    const chunks = chunksOf(answer, request);
    if (!request.path.includes(':streamGenerateContent')) {
      return { contentType: 'application/json', pieces: [JSON.stringify(wholeOf(chunks))] };
    }
    const pieces = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`);
    return { contentType: 'text/event-stream', pieces };
  },
  failure(status) {
    const usual = ERRORS[status] ?? { status: 'UNKNOWN', message: 'Error' };
    return { body: { error: { code: status, ...usual } } };
  },
};

/** Starts a Gemini API that gives the answers of the script, streamed or whole as asked; for `GOOGLE_GEMINI_BASE_URL`. */
export function createGeminiServer(
  script: readonly [ModelAnswer, ...ModelAnswer[]],
  options?: ModelServerOptions,
): Promise<ModelServer> {
  return createModelServer(dialect, script, options);
}

/** The 429 of a key whose day is used up: Gemini CLI does not retry it. */
export function dailyQuota(): ModelAnswer {
  const violations = [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier', quotaValue: '50' }];
  return {
    kind: 'status',
    status: 429,
    message: 'You exceeded your current quota, please check your plan and billing details.',
    error: { details: [{ '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations }] },
  };
}

interface Chunk {
  readonly candidates: readonly [
    {
      readonly content: { readonly role: 'model'; readonly parts: readonly unknown[] };
      readonly finishReason?: 'STOP';
      readonly index: 0;
    },
  ];
  readonly usageMetadata: Readonly<Record<string, number>>;
  readonly modelVersion: string;
}

/** One chunk for each part and a last one that ends it, as the stream comes; the sums stand in all of them. */
function chunksOf(answer: GoodAnswer, request: ModelRequest): readonly Chunk[] {
  const input = answer.usage?.input ?? 1200;
  const output = answer.usage?.output ?? 20;
  const usageMetadata = {
    promptTokenCount: input,
    cachedContentTokenCount: answer.usage?.cached ?? 0,
    candidatesTokenCount: output,
    totalTokenCount: input + output,
  };
  const modelVersion = /models\/([^:/]+):/.exec(request.path)?.[1] ?? 'unknown';
  const parts: unknown[] = [];
  if (answer.text !== undefined) parts.push({ text: answer.text });
  if (answer.kind === 'tool') parts.push({ functionCall: { name: answer.name, args: answer.input } });
  const chunk = (part: unknown): Chunk => ({
    candidates: [{ content: { role: 'model', parts: [part] }, index: 0 }],
    usageMetadata,
    modelVersion,
  });
  const [{ content }] = chunk({ text: '' }).candidates;
  const last: Chunk = { candidates: [{ content, finishReason: 'STOP', index: 0 }], usageMetadata, modelVersion };
  return [...parts.map(chunk), last];
}

function wholeOf(chunks: readonly Chunk[]): Chunk {
  const last = chunks.at(-1) as Chunk;
  const parts = chunks.slice(0, -1).flatMap((chunk) => chunk.candidates[0].content.parts);
  return { ...last, candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP', index: 0 }] };
}
