import { formatDuration } from '../config/duration.ts';
import type { GatewayCall, GatewayOutcome } from './gateway-client.ts';
import { DEFAULT_WITHIN_MS } from './limits.ts';

/** A question as it goes to the gateway. */
export interface Ask {
  readonly text: string;
  readonly options?: readonly string[] | undefined;
  readonly withinMs?: number | undefined;
  readonly key?: string | undefined;
}

/** How asking ended. */
export type AskEnd =
  | { readonly kind: 'answered'; readonly answer: string }
  | { readonly kind: 'expired'; readonly reason: string }
  /** Nobody has answered yet, and whoever asked cannot wait longer: the same key goes on waiting. */
  | { readonly kind: 'open'; readonly key: string }
  | Exclude<GatewayOutcome, { kind: 'done' }>;

/** How one asks: through whom, how long at a time, how long in all. */
export interface AskSetting {
  readonly call: (call: GatewayCall) => Promise<GatewayOutcome>;
  readonly now: () => number;
  /** Waits a moment before the gateway is asked anew after it was away. */
  readonly pause: (() => Promise<void>) | undefined;
  /** Of one request. */
  readonly pollSeconds: number;
  /** Of all together. */
  readonly limitMs: number;
  readonly gone: AbortSignal;
}

/** A gateway that is away for longer is not coming back at this address: its runs have ended with it. */
const LONGEST_ABSENCE_MS = 120_000;

/**
 * Asks the owner and waits for the answer: 1. hands in the question; 2. asks the gateway, which holds each request until there is an
 * answer or the request's time is over, again and again; 3. ends with the answer, the deadline, or its own limit.
 */
export async function askOwner(ask: Ask, setting: AskSetting): Promise<AskEnd> {
  const { call, now, gone } = setting;
  const asked = await call({ method: 'POST', target: '/v1/ask', body: ask, repeatable: true, gone });
  if (asked.kind !== 'done') return asked;
  const { id, key } = asked.answer;
  if (!Number.isSafeInteger(id) || typeof key !== 'string') return UNREADABLE;

  const until = now() + setting.limitMs;
  let answer = asked.answer;
  let awaySince: number | undefined;
  for (;;) {
    const end = readEnd(answer, ask);
    if (end !== undefined) return end;
    const leftMs = until - now();
    if (leftMs <= 0 || gone.aborted) return { kind: 'open', key };
    const wait = Math.max(1, Math.min(setting.pollSeconds, Math.ceil(leftMs / 1_000)));
    const beganAt = now();
    const target = `/v1/answer?id=${String(id)}&wait=${wait}`;
    const outcome = await call({ method: 'GET', target, repeatable: true, waitsMs: wait * 1_000, gone });
    if (outcome.kind === 'refused') return outcome;
    if (outcome.kind === 'done') {
      awaySince = undefined;
      answer = outcome.answer;
    } else {
      awaySince ??= beganAt;
      if (setting.pause === undefined || gone.aborted || now() - awaySince > LONGEST_ABSENCE_MS) return outcome;
      await setting.pause();
    }
  }
}

const UNREADABLE = { kind: 'unavailable', reason: 'its answer cannot be understood', maybe: true } as const;

/** How a question that is over ended; undefined while it is open. */
function readEnd(answer: Readonly<Record<string, unknown>>, ask: Ask): AskEnd | undefined {
  switch (answer['state']) {
    case 'open':
      return undefined;
    case 'answered':
      return typeof answer['answer'] === 'string' ? { kind: 'answered', answer: answer['answer'] } : UNREADABLE;
    case 'expired':
      return { kind: 'expired', reason: `nobody answered within ${formatDuration(ask.withinMs ?? DEFAULT_WITHIN_MS)}` };
    default:
      return UNREADABLE;
  }
}
