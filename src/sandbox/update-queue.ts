/**
 * The updates that wait for the bot, with the server's own rules: an update is confirmed by a poll with a higher offset,
 * it is lost when it grows too old, and a second poll ends the first with a conflict.
 */

/** What getUpdates asks for; already validated. */
export interface PollRequest {
  readonly offset?: number;
  readonly limit?: number;
  readonly timeout?: number;
  readonly allowed_updates?: readonly string[];
}

/** How a poll ends; `interrupted` is a fault that was set while it waited. */
export type PollEnd =
  | { readonly kind: 'updates'; readonly updates: readonly Update[] }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'interrupted' };

/** One update as getUpdates answers it. */
export type Update = Readonly<Record<string, unknown>> & { readonly update_id: number };

/** The queue of one bot. */
export interface UpdateQueue {
  /** Queues an update of this kind; false when the bot has not asked for that kind. */
  add(kind: string, body: unknown, lifetimeMs: number): boolean;
  /** Resolves at once when something waits, else when it comes or the time is up; `gone` aborts when the client hangs up. */
  poll(request: PollRequest, gone: AbortSignal): Promise<PollEnd>;
  /** Ends the waiting poll, if there is one. */
  interrupt(): void;
  dropAll(): void;
  /** How many updates are not confirmed yet. */
  size(): number;
}

/** Messages wait a day for their bot (Client.cpp, add_update_impl's callers). */
export const messageLifetimeMs = 24 * 60 * 60 * 1_000;
/** Presses wait 150 seconds (Client.cpp). */
export const pressLifetimeMs = 150 * 1_000;

/** The server's cap of a long poll. */
const maxTimeoutSeconds = 50;
const maxLimit = 100;
/** Far beyond any test; a bot that never polls must not fill the memory. */
const maxQueued = 10_000;
/** What an empty allowed_updates leaves out. */
const notByDefault = new Set(['chat_member', 'message_reaction', 'message_reaction_count']);

interface Queued {
  readonly update: Update;
  readonly expiresAt: number;
}

interface WaitingPoll {
  readonly request: PollRequest;
  finish(end: PollEnd): void;
}

/** Creates an empty queue; `now` is epoch milliseconds, and decides what has expired. */
export function createUpdateQueue(now: () => number): UpdateQueue {
  let queued: Queued[] = [];
  let waiting: WaitingPoll | undefined;
  let allowed: readonly string[] = [];
  // Real update ids start anywhere. Starting at the clock keeps them rising over restarts of the sandbox, so that a bot
  // which remembers what it has seen does not take new updates for old ones.
  let nextId = Math.max(1, Math.floor(now() / 1_000));

  function isAllowed(kind: string): boolean {
    return allowed.length === 0 ? !notByDefault.has(kind) : allowed.includes(kind);
  }

  function confirm(offset: number | undefined): void {
    const time = now();
    queued = queued.filter((item) => item.expiresAt > time);
    if (offset === undefined) return;
    queued = offset < 0 ? queued.slice(offset) : queued.filter((item) => item.update.update_id >= offset);
  }

  function take(request: PollRequest): readonly Update[] {
    confirm(request.offset);
    const limit = request.limit ?? maxLimit;
    const bounded = limit < 1 || limit > maxLimit ? maxLimit : limit;
    return queued.slice(0, bounded).map((item) => item.update);
  }

  function wait(request: PollRequest, timeoutMs: number, gone: AbortSignal): Promise<PollEnd> {
    const { promise, resolve } = Promise.withResolvers<PollEnd>();
    const timer = setTimeout(() => poll.finish({ kind: 'updates', updates: [] }), timeoutMs);
    const poll: WaitingPoll = {
      request,
      finish(end) {
        clearTimeout(timer);
        gone.removeEventListener('abort', hangUp);
        if (waiting === poll) waiting = undefined;
        resolve(end);
      },
    };
    const hangUp = () => poll.finish({ kind: 'interrupted' });
    gone.addEventListener('abort', hangUp);
    waiting = poll;
    return promise;
  }

  return {
    add(kind, body, lifetimeMs) {
      if (!isAllowed(kind)) return false;
      queued.push({ update: { update_id: nextId, [kind]: body }, expiresAt: now() + lifetimeMs });
      nextId += 1;
      if (queued.length > maxQueued) queued.shift();
      const poll = waiting;
      if (poll !== undefined) {
        const updates = take(poll.request);
        if (updates.length > 0) poll.finish({ kind: 'updates', updates });
      }
      return true;
    },
    async poll(request, gone) {
      waiting?.finish({ kind: 'conflict' });
      if (request.allowed_updates !== undefined) allowed = request.allowed_updates;
      const updates = take(request);
      const timeout = Math.min(Math.max(request.timeout ?? 0, 0), maxTimeoutSeconds);
      if (updates.length > 0 || timeout === 0 || gone.aborted) return { kind: 'updates', updates };
      return wait(request, timeout * 1_000, gone);
    },
    interrupt() {
      waiting?.finish({ kind: 'interrupted' });
    },
    dropAll() {
      queued = [];
    },
    size() {
      confirm(undefined);
      return queued.length;
    },
  };
}
