import { TelegramError, type TelegramApi, type TelegramFailure } from '../../src/ports.ts';

/** One call that a test answers when it likes. */
export interface PendingCall {
  readonly method: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  succeed(result: unknown): void;
  /** `words`: what Telegram says. */
  fail(code: TelegramFailure, retryAfterMs?: number, words?: string): void;
}

/** A Bot API whose answers a test writes. */
export interface ScriptedApi extends TelegramApi {
  /** All calls, oldest first. */
  readonly calls: readonly PendingCall[];
  /** Calls of these methods are answered at once by this; others wait for the test. */
  answerWith(answer: ((call: PendingCall) => void) | undefined): void;
  readonly resets: number;
}

/** Builds an API without a network. */
export function createScriptedApi(
  downloadFile: TelegramApi['downloadFile'] = () => Promise.resolve(undefined),
): ScriptedApi {
  const calls: PendingCall[] = [];
  let answer: ((call: PendingCall) => void) | undefined;
  let resets = 0;
  return {
    calls,
    get resets() {
      return resets;
    },
    answerWith(next) {
      answer = next;
    },
    downloadFile,
    reset() {
      resets += 1;
    },
    call: <Result>(
      method: string,
      payload: Readonly<Record<string, unknown>>,
      { timeoutMs, signal }: Parameters<TelegramApi['call']>[2],
    ) =>
      new Promise<Result>((resolve, reject) => {
        const call: PendingCall = {
          method,
          payload,
          timeoutMs,
          succeed: (result) => resolve(result as Result),
          fail: (code, retryAfterMs, words = `scripted ${code}`) =>
            reject(new TelegramError(code, method, words, retryAfterMs)),
        };
        signal?.addEventListener('abort', () => call.fail('aborted'), { once: true });
        calls.push(call);
        answer?.(call);
      }),
  };
}
