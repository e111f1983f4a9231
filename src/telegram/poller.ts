import type { Storage } from '../../storage/storage.ts';
import { type Clock, type Log, type Random, TelegramError, type TelegramApi } from '../ports.ts';
import { isPassingStorageTrouble } from '../worker.ts';

/** Seconds that Telegram holds an empty poll open; the server caps it at 50. */
const POLL_SECONDS = 25;
/** How much longer than the poll itself the call may take before it counts as hung. */
const GRACE_MS = 20_000;
/** Hung this long without one answer of any kind, with new connections each time: a new process may do better. */
const GIVE_UP_AFTER_MS = 10 * 60_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** A server that answers at once with nothing new (some local ones do) is not asked more often than this. */
const SHORTEST_EMPTY_POLL_MS = 500;
/** Conflicts in a row before somebody is told: one is normal right after a restart. */
const CONFLICTS_TO_TELL = 3;
/** How long to wait when the database could not be written: the updates stay with Telegram meanwhile. */
const STORAGE_RETRY_MS = 5_000;
/** The most updates of one batch (Bot API): a full one is followed by more of the same age. */
const MOST_UPDATES = 100;
/** How long Telegram may be unreachable before it is an incident. */
const OUTAGE_AFTER_MS = 60_000;

/** What the poller noticed of its own health. */
export type PollerNews =
  | { readonly kind: 'up' }
  | { readonly kind: 'outage'; readonly reason: string }
  | { readonly kind: 'conflict' };

/** Why the poller cannot go on. */
export type PollerDeath =
  | { readonly kind: 'unauthorized'; readonly reason: string }
  | { readonly kind: 'hung'; readonly sinceMs: number };

/** An update as far as the poller cares. */
interface RawUpdate {
  readonly update_id: number;
  readonly message?: {
    readonly from?: { readonly id: number };
    readonly message_id?: number;
    readonly date?: number;
    readonly chat?: { readonly id: number };
    readonly text?: string;
    /** What is written under a picture or a file. */
    readonly caption?: string;
    readonly reply_to_message?: { readonly message_id: number };
  };
  readonly callback_query?: {
    readonly id?: string;
    readonly data?: string;
    readonly from: { readonly id: number };
    readonly message?: { readonly message_id?: number };
  };
  readonly my_chat_member?: unknown;
}

/** A message of an owner's, before anything of it is stored. */
export interface HeardMessage {
  readonly userId: number;
  readonly chatId: number;
  readonly messageId: number;
  readonly text: string;
  readonly replyTo: number | undefined;
  /** When it was written, by Telegram's clock. */
  readonly sentAt?: number;
}

/** What an update is about: the same when it comes again, another one when a server counts its updates from the start again. */
function identify({ message, callback_query: press }: RawUpdate): string {
  if (press !== undefined) return `press ${press.id} ${press.data} ${press.message?.message_id}`;
  return `message ${message?.chat?.id} ${message?.message_id} ${message?.date}`;
}

/** Whether a stranger meant us: in a group people also talk to each other. */
function isMeantForUs({ message, callback_query: press }: RawUpdate): boolean {
  return press !== undefined || (message?.chat?.id ?? 0) >= 0 || message?.text?.startsWith('/') === true;
}

function heardMessage({ message }: RawUpdate): HeardMessage | undefined {
  const { from, chat, message_id: messageId, text = message?.caption } = message ?? {};
  if (from === undefined || chat === undefined || messageId === undefined || text === undefined) return undefined;
  const sentAt = message?.date === undefined ? {} : { sentAt: message.date * 1_000 };
  const replyTo = message?.reply_to_message?.message_id;
  return { userId: from.id, chatId: chat.id, messageId, text, replyTo, ...sentAt };
}

/** The poller: Telegram's updates, stored before they are confirmed. */
export interface Poller {
  start(): void;
  stop(): Promise<void>;
  /** When a getUpdates last completed, by the monotonic clock: the only proof that we hear. */
  lastCompletedAt(): number | undefined;
  /** Until when the step under way, a poll or a pause, ends at the latest, by the monotonic clock; undefined while it does not run. */
  settlesBy(): number | undefined;
}

/**
 * Our own getUpdates loop.
 *
 * Each round: 1. polls from the first unconfirmed update; 2. stores the whole batch in one transaction; 3. only then moves the offset,
 * which confirms the batch with the next poll. A poll that outlives its deadline is abandoned and made anew on new connections.
 */
export function createPoller(options: {
  readonly api: TelegramApi;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Whether fleet.yaml names somebody. */
  readonly isKnown: (userId: number) => boolean;
  readonly scrub: (text: string) => string;
  /**
   * Claims a message that is the answer to a login: nothing of it is stored. What it gives is called once, within the transaction in
   * which the update is stored without its content.
   */
  readonly claim: (message: HeardMessage) => (() => void) | undefined;
  /** When an earlier process heard of Telegram last (epoch ms); undefined: none did. */
  readonly heardBefore?: () => number | undefined;
  readonly onNews: (news: PollerNews) => void;
  readonly onStranger: (userId: number) => void;
  readonly onDeath: (death: PollerDeath) => void;
  readonly onFirst: () => void;
  readonly onFatal: (error: unknown) => void;
}): Poller {
  const { api, storage, clock, log } = options;
  let stopping = false;
  let abort = new AbortController();
  let loop: Promise<void> = Promise.resolve();
  let wake = (): void => {};
  let offset: number | undefined;
  let lastCompletedAt: number | undefined;
  let settlesBy: number | undefined;
  /** When that was by the clock on the wall, which goes on while the machine sleeps. */
  let lastHeardAt: number | undefined;
  /** How old the rest of a batch that was full may be. */
  let backlogMs = 0;
  /** By the monotonic clock: a laptop that slept, or a clock that was set, makes no outage, and hides none. */
  let troubleSince: number | undefined;
  let hungSince: number | undefined;
  let failures = 0;
  let conflicts = 0;

  function pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (stopping) return resolve();
      settlesBy = clock.monotonic() + delayMs;
      const cancel = clock.after(delayMs, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });
  }

  async function poll(): Promise<readonly RawUpdate[]> {
    // The first poll does not wait: its answer proves that we hear, and start-up hangs on it.
    const timeout = lastCompletedAt === undefined ? 0 : POLL_SECONDS;
    settlesBy = clock.monotonic() + timeout * 1_000 + GRACE_MS;
    return await api.call<readonly RawUpdate[]>(
      'getUpdates',
      {
        ...(offset === undefined ? {} : { offset }),
        limit: MOST_UPDATES,
        timeout,
        allowed_updates: ['message', 'callback_query', 'my_chat_member'],
      },
      { timeoutMs: timeout * 1_000 + GRACE_MS, signal: abort.signal },
    );
  }

  /** How long nobody has asked; a clock that was set ahead makes it longer than it was, which costs a second press. */
  function awayMs(): number {
    const heardAt = lastHeardAt ?? options.heardBefore?.();
    const byWall = heardAt === undefined ? 0 : clock.now() - heardAt;
    const byMonotonic = lastCompletedAt === undefined ? 0 : clock.monotonic() - lastCompletedAt;
    // The monotonic clock counts fractions, and the row takes none.
    return Math.round(Math.max(0, byWall, byMonotonic));
  }

  function store(updates: readonly RawUpdate[], awayMs: number): void {
    storage.transaction(() => {
      let heard = false;
      for (const update of updates) {
        const sender = update.callback_query?.from.id ?? update.message?.from?.id;
        const known = sender !== undefined && options.isKnown(sender);
        if (!known) {
          if (sender !== undefined && isMeantForUs(update)) options.onStranger(sender);
          continue;
        }
        heard = true;
        const message = heardMessage(update);
        const claim = message === undefined ? undefined : options.claim(message);
        const isNew = storage.inbox.add({
          updateId: update.update_id,
          identity: identify(update),
          receivedAt: clock.now(),
          awayMs,
          urgent: update.callback_query !== undefined,
          body: options.scrub(JSON.stringify(claim === undefined ? update : { update_id: update.update_id })),
        });
        if (isNew) claim?.();
      }
      // An owner who writes may have opened the chat that refused us until now.
      if (heard) storage.outbox.hurry(clock.now());
    });
    const newest = updates.at(-1);
    if (newest !== undefined) offset = newest.update_id + 1;
  }

  async function round(startedAt: number): Promise<void> {
    const asked = offset;
    const updates = await poll();
    const oldestMs = Math.max(backlogMs, awayMs());
    if (updates.length > 0) store(updates, oldestMs);
    backlogMs = updates.length === MOST_UPDATES ? oldestMs : 0;
    const first = lastCompletedAt === undefined;
    // The first success may end an outage that an earlier process told of.
    if (first || troubleSince !== undefined) options.onNews({ kind: 'up' });
    lastCompletedAt = clock.monotonic();
    lastHeardAt = clock.now();
    troubleSince = undefined;
    hungSince = undefined;
    failures = 0;
    conflicts = 0;
    if (first) options.onFirst();
    else if (offset === asked && clock.monotonic() - startedAt < SHORTEST_EMPTY_POLL_MS)
      await pause(SHORTEST_EMPTY_POLL_MS);
  }

  async function afterFailure(error: TelegramError, startedAt: number): Promise<void> {
    const now = clock.monotonic();
    if (error.code === 'unauthorized') {
      stopping = true;
      return options.onDeath({ kind: 'unauthorized', reason: error.message });
    }
    troubleSince ??= now;
    failures += 1;
    // A connection that is reset at once is an outage; only silence until the deadline is a hang.
    const isHung = error.code === 'lost' && now - startedAt >= GRACE_MS;
    hungSince = isHung ? (hungSince ?? startedAt) : undefined;
    conflicts = error.code === 'conflict' ? conflicts + 1 : 0;
    log.warn('getUpdates failed', { code: error.code, reason: error.message, failures });
    if (hungSince !== undefined) api.reset();
    if (hungSince !== undefined && now - hungSince >= GIVE_UP_AFTER_MS) {
      stopping = true;
      return options.onDeath({ kind: 'hung', sinceMs: now - hungSince });
    }
    // A webhook that somebody set on this bot keeps all polls out until it is taken off.
    if (conflicts > 0 && /webhook/i.test(error.message)) await removeWebhook();
    if (conflicts === CONFLICTS_TO_TELL) options.onNews({ kind: 'conflict' });
    if (conflicts === 0 && now - troubleSince >= OUTAGE_AFTER_MS)
      options.onNews({ kind: 'outage', reason: error.message });
    const backoff = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10));
    await pause(error.retryAfterMs ?? backoff * (0.5 + options.random.fraction() / 2));
  }

  async function removeWebhook(): Promise<void> {
    try {
      await api.call('deleteWebhook', {}, { timeoutMs: GRACE_MS, signal: abort.signal });
      log.warn('a webhook was set on this bot; it was taken off', {});
    } catch (error) {
      if (!(error instanceof TelegramError)) throw error;
      log.warn('deleteWebhook failed', { code: error.code, reason: error.message });
    }
  }

  async function run(): Promise<void> {
    while (!stopping) {
      try {
        await roundOrRecovery();
      } catch (error) {
        if (!isPassingStorageTrouble(error)) return options.onFatal(error);
        log.error('poller: the database cannot be written right now; trying again', { code: error.code });
        await pause(STORAGE_RETRY_MS);
      }
    }
  }

  async function roundOrRecovery(): Promise<void> {
    const startedAt = clock.monotonic();
    try {
      await round(startedAt);
    } catch (error) {
      if (!(error instanceof TelegramError)) throw error;
      if (!stopping) await afterFailure(error, startedAt);
    }
  }

  return {
    start() {
      stopping = false;
      abort = new AbortController();
      loop = run();
    },
    async stop() {
      stopping = true;
      abort.abort();
      wake();
      await loop;
      settlesBy = undefined;
    },
    lastCompletedAt: () => lastCompletedAt,
    settlesBy: () => settlesBy,
  };
}
