/** A refusal in the words of the Bot API: thrown anywhere in a method, turned into the JSON answer at the endpoint. */
export class BotApiRefusal extends Error {
  override readonly name = 'BotApiRefusal';
  readonly code: number;
  /** Seconds; only with 429. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: number, description: string, retryAfterSeconds?: number) {
    super(description);
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * A 400 in the server's own form: the prefix, then the wording with its first letter lowered unless it is a CONSTANT
 * (fail_query_with_error in the official server's Client.cpp).
 */
export function badRequest(wording: string): BotApiRefusal {
  const isConstant = /^.[A-Z_]/.test(wording);
  return new BotApiRefusal(
    400,
    `Bad Request: ${isConstant ? wording : wording.charAt(0).toLowerCase() + wording.slice(1)}`,
  );
}

/** A 400 that the real server would not give: the sandbox is stricter, or lacks the feature, and says so. */
export function sandboxRefusal(reason: string): BotApiRefusal {
  return new BotApiRefusal(400, `Bad Request: sandbox: ${reason}`);
}

/** A 429 as Telegram words it. */
export function tooManyRequests(retryAfterSeconds: number): BotApiRefusal {
  return new BotApiRefusal(429, `Too Many Requests: retry after ${retryAfterSeconds}`, retryAfterSeconds);
}

/** The JSON body of a refusal. */
export function renderRefusal(refusal: BotApiRefusal): Readonly<Record<string, unknown>> {
  const body = { ok: false, error_code: refusal.code, description: refusal.message };
  return refusal.retryAfterSeconds === undefined
    ? body
    : { ...body, parameters: { retry_after: refusal.retryAfterSeconds } };
}
