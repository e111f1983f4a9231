/** A refusal in the words of the Bot API: thrown anywhere in a method, turned into the JSON answer at the endpoint. */
export class BotApiRefusal extends Error {
  override readonly name = 'BotApiRefusal';
  readonly code: number;
  /** Seconds; only with 429. */
  readonly retryAfterSeconds: number | undefined;
  /** The chat that a group is now. */
  readonly movedTo: number | undefined;

  constructor(code: number, description: string, more: { retryAfterSeconds?: number; movedTo?: number } = {}) {
    super(description);
    this.code = code;
    this.retryAfterSeconds = more.retryAfterSeconds;
    this.movedTo = more.movedTo;
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
  return new BotApiRefusal(429, `Too Many Requests: retry after ${retryAfterSeconds}`, { retryAfterSeconds });
}

/** A 400 that names the chat that a group is now. */
export function chatUpgraded(movedTo: number): BotApiRefusal {
  return new BotApiRefusal(400, 'Bad Request: group chat was upgraded to a supergroup chat', { movedTo });
}

/** The JSON body of a refusal. */
export function renderRefusal(refusal: BotApiRefusal): Readonly<Record<string, unknown>> {
  const body = { ok: false, error_code: refusal.code, description: refusal.message };
  const { retryAfterSeconds, movedTo } = refusal;
  if (movedTo !== undefined) return { ...body, parameters: { migrate_to_chat_id: movedTo } };
  return retryAfterSeconds === undefined ? body : { ...body, parameters: { retry_after: retryAfterSeconds } };
}
