import { TelegramError, type TelegramApi } from '../ports.ts';

/** A gate between us and Telegram: closed, it lets no call through. */
export interface TelegramGate extends TelegramApi {
  /** From now on every call fails as if Telegram could not be reached; polls under way are cut, since they prove nothing any more. */
  close(): void;
  open(): void;
  isClosed(): boolean;
  /** Whether a call went through since it was opened last. */
  hasWorked(): boolean;
}

type CallOptions = Parameters<TelegramApi['call']>[2];

/** Wraps the Bot API for the telegram drill. */
export function createTelegramGate(api: TelegramApi): TelegramGate {
  let isClosed = false;
  let hasWorked = true;
  let cutter = new AbortController();

  function worked<Result>(result: Result): Result {
    hasWorked ||= !isClosed;
    return result;
  }

  return {
    async call<Result>(
      method: string,
      payload: Readonly<Record<string, unknown>>,
      options: CallOptions,
    ): Promise<Result> {
      if (isClosed) throw refuse(method);
      // A message under way may arrive: cut, it would be told twice.
      if (method !== 'getUpdates') return worked(await api.call<Result>(method, payload, options));
      const cut = cutter.signal;
      const signal = options.signal === undefined ? cut : AbortSignal.any([options.signal, cut]);
      try {
        return worked(await api.call<Result>(method, payload, { ...options, signal }));
      } catch (error) {
        if (cut.aborted && options.signal?.aborted !== true) throw refuse(method);
        throw error;
      }
    },
    async downloadFile(path, options) {
      if (isClosed) throw refuse('downloadFile');
      return worked(await api.downloadFile(path, options));
    },
    reset: () => api.reset(),
    close() {
      isClosed = true;
      hasWorked = false;
      cutter.abort();
      cutter = new AbortController();
    },
    open: () => void (isClosed = false),
    isClosed: () => isClosed,
    hasWorked: () => hasWorked,
  };
}

function refuse(method: string): TelegramError {
  return new TelegramError('unreachable', method, 'a drill keeps every call from Telegram');
}
