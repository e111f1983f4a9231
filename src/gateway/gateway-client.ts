import { setTimeout as sleep } from 'node:timers/promises';
import { callLoopback } from '../adapters/loopback-http.ts';
import { MAX_DECISIONS_BYTES } from './limits.ts';

/** One call of the gateway, and whether it may be made twice. */
export interface GatewayCall {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly target: string;
  readonly body?: object;
  /** True when doing it twice is doing it once: then it is tried again even after an answer was lost. */
  readonly repeatable: boolean;
  /** How long the gateway may hold it before it answers, besides the usual time. */
  readonly waitsMs?: number;
  /** Aborts when nobody wants the answer any more. */
  readonly gone?: AbortSignal;
}

/** How a call of the gateway ended, all tries taken together. */
export type GatewayOutcome =
  | { readonly kind: 'done'; readonly answer: Readonly<Record<string, unknown>> }
  | { readonly kind: 'refused'; readonly reason: string }
  /** `maybe`: it was sent, and may have taken effect. */
  | { readonly kind: 'unavailable'; readonly reason: string; readonly maybe: boolean };

/** Where the gateway is, and as whom it is called. */
export interface GatewayAddress {
  /** As in NIGHTDESK_URL. */
  readonly url: URL;
  readonly token: string;
}

/** A control plane that restarts is back within seconds; an agent's tool call must not hang longer than ten. */
const TOTAL_MS = 8000;

/** One try of a repeatable call, so that a second one still fits. */
const TRY_MS = 4000;

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 1600;

/** What waiting for the owner needs of time, where it is not the control plane that waits. */
export const askPace = {
  now: () => performance.now(),
  pause: async () => await sleep(1_000),
} as const;

/** Calls the gateway, with doubling pauses between tries where a try is safe; settles within `totalMs` and what the call waits. */
export async function callGateway(
  address: GatewayAddress,
  call: GatewayCall,
  totalMs = TOTAL_MS,
): Promise<GatewayOutcome> {
  const { waitsMs = 0 } = call;
  const deadline = performance.now() + totalMs + waitsMs;
  const url = new URL(call.target, address.url).href;
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  // What an earlier, lost try may have done stays possible whatever a later one says.
  let maybe = false;
  for (let backoffMs = FIRST_BACKOFF_MS; ; backoffMs = Math.min(2 * backoffMs, MAX_BACKOFF_MS)) {
    const leftMs = Math.max(1, deadline - performance.now());
    const outcome = await callLoopback({
      url,
      method: call.method,
      token: address.token,
      body,
      timeoutMs: call.repeatable ? Math.min(TRY_MS + waitsMs, leftMs) : leftMs,
      maxAnswerBytes: MAX_DECISIONS_BYTES + 1024,
      ...(call.gone === undefined ? {} : { gone: call.gone }),
    });
    const reading =
      outcome.kind === 'answered'
        ? readAnswer(outcome.status, outcome.body)
        : ({ kind: 'unavailable', reason: outcome.reason, maybe: outcome.kind === 'lost' } as const);
    if (reading.kind !== 'unavailable') return reading;
    maybe ||= reading.maybe;
    const safe = call.repeatable || !reading.maybe;
    if (!safe || call.gone?.aborted === true || performance.now() + backoffMs >= deadline) return { ...reading, maybe };
    await sleep(backoffMs);
  }
}

/** What an answer of the gateway says. */
export function readAnswer(status: number, text: string): GatewayOutcome {
  const answer = parseObject(text);
  if (status >= 200 && status < 300 && answer !== undefined) return { kind: 'done', answer };
  const error = typeof answer?.['error'] === 'string' ? answer['error'] : `status ${status}`;
  if (status >= 400 && status < 500) return { kind: 'refused', reason: error };
  return { kind: 'unavailable', reason: error, maybe: true };
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // The caller says that the answer cannot be read.
    return undefined;
  }
}
