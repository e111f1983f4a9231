import type { UserFromGetMe } from 'grammy/types';
import type { Storage } from '../../storage/storage.ts';
import { type Clock, type Log, TelegramError, type TelegramApi } from '../ports.ts';
import { isPassingStorageTrouble } from '../worker.ts';
import type { PollerDeath } from './poller.ts';

/** The bot as Telegram describes it. */
export type Me = UserFromGetMe;

const CACHE_KEY = 'bot';
const TIMEOUT_MS = 10_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** The bot as Telegram described it last; undefined: it never did. */
export function readMe(storage: Pick<Storage, 'settings'>): Me | undefined {
  const cached = storage.settings.get(CACHE_KEY);
  return cached === undefined ? undefined : (JSON.parse(cached) as Me);
}

/** Learns who the bot is: from Telegram, or from the last time where Telegram cannot be reached. */
export interface MeLearner {
  start(): void;
  stop(): Promise<void>;
}

/** Builds the learner; `onKnown` is called until it returns once. A refused token is final: `onDeath`. */
export function createMeLearner(options: {
  readonly api: TelegramApi;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly onKnown: (me: Me) => void;
  readonly onDeath: (death: PollerDeath) => void;
  readonly onFatal: (error: unknown) => void;
}): MeLearner {
  const { api, storage, clock, log } = options;
  const abort = new AbortController();
  let known = false;
  let loop: Promise<void> = Promise.resolve();
  let wake = (): void => {};

  function meet(me: Me): void {
    if (known) return;
    options.onKnown(me);
    known = true;
  }

  function meetAsLastTime(): void {
    const last = readMe(storage);
    if (last !== undefined) meet(last);
  }

  async function learn(): Promise<void> {
    let isUnreachable = false;
    for (let failures = 0; !abort.signal.aborted; failures += 1) {
      try {
        if (isUnreachable) meetAsLastTime();
        const me = await api.call<Me>('getMe', {}, { timeoutMs: TIMEOUT_MS, signal: abort.signal });
        storage.transaction(() => storage.settings.set(CACHE_KEY, JSON.stringify(me)));
        return meet(me);
      } catch (error) {
        if (abort.signal.aborted) return;
        if (!(error instanceof TelegramError) && !isPassingStorageTrouble(error)) return options.onFatal(error);
        if (error.code === 'unauthorized') return options.onDeath({ kind: 'unauthorized', reason: error.message });
        log.warn('getMe failed', { code: error.code, reason: error.message });
        isUnreachable = error instanceof TelegramError;
        await pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10)));
      }
    }
  }

  function pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(delayMs, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });
  }

  return {
    start() {
      loop = learn();
    },
    async stop() {
      abort.abort();
      wake();
      await loop;
    },
  };
}
