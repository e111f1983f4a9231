import type { CancelTimer, Clock, Log, Processes, TelegramApi } from '../../src/ports.ts';

/** Time that passes only when it is told to. */
export interface VirtualClock extends Clock {
  /** Lives until that moment, timer by timer; what a timer sets off is over before the next one. */
  liveUntil(at: number): Promise<void>;
}

/** Creates a clock that stands at `startedAt`. */
export function createVirtualClock(startedAt: number): VirtualClock {
  const timers = new Map<number, { readonly at: number; readonly task: () => void }>();
  let now = startedAt;
  let lastId = 0;

  function after(delayMs: number, task: () => void): CancelTimer {
    const id = (lastId += 1);
    timers.set(id, { at: now + Math.max(0, delayMs), task });
    return () => void timers.delete(id);
  }

  function takeNext(until: number): (() => void) | undefined {
    let next: { readonly id: number; readonly at: number; readonly task: () => void } | undefined;
    for (const [id, { at, task }] of timers) if (next === undefined || at < next.at) next = { id, at, task };
    if (next === undefined || next.at > until) return undefined;
    timers.delete(next.id);
    now = Math.max(now, next.at);
    return next.task;
  }

  return {
    now: () => now,
    monotonic: () => now,
    after,
    async liveUntil(at) {
      for (;;) {
        // Twice round the event loop: whatever was promised is settled, and so is what follows from it.
        for (let turn = 0; turn < 2; turn += 1) {
          await new Promise((resolve) => {
            setImmediate(resolve);
          });
        }
        const task = takeNext(at);
        if (task === undefined) break;
        task();
      }
      now = at;
    },
  };
}

/** Programs that run `lifeMs`, print one line, and end with this code. */
export function createPrograms(
  clock: Clock,
  program: { readonly lifeMs: number; readonly line: string; readonly code: number },
): { readonly processes: Processes; started(): number } {
  let started = 0;
  return {
    started: () => started,
    processes: {
      spawn(_request, onOutput) {
        started += 1;
        const identity = { pid: 100_000 + started, startTicks: String(started), bootId: 'virtual' };
        const exit = Promise.withResolvers<{ readonly kind: 'exited'; readonly code: number }>();
        clock.after(program.lifeMs, () => {
          onOutput(Buffer.from(`${program.line}\n`), 'stdout');
          exit.resolve({ kind: 'exited', code: program.code });
        });
        return {
          identity,
          exit: exit.promise,
          signal: () => undefined,
          write: () => undefined,
          closeInput: () => undefined,
        };
      },
      sweep: () => Promise.resolve({ kind: 'gone', survivors: [] }),
    },
  };
}

/** A Bot API that takes everything and never has an update; it keeps the texts of new messages, by whether they make a sound. */
export function createSilentTelegram(clock: Clock): {
  readonly api: TelegramApi;
  readonly loud: readonly string[];
  readonly silent: readonly string[];
} {
  const loud: string[] = [];
  const silent: string[] = [];
  async function answer(method: string, payload: Readonly<Record<string, unknown>>): Promise<unknown> {
    switch (method) {
      case 'getMe':
        return { id: 123_456, is_bot: true, first_name: 'Bench', username: 'bench_bot' };
      case 'getUpdates':
        await new Promise<void>((resolve) => void clock.after(Number(payload['timeout'] ?? 0) * 1_000, resolve));
        return [];
      case 'sendMessage':
        (payload['disable_notification'] === true ? silent : loud).push(String(payload['text']));
        return { message_id: loud.length + silent.length };
      default:
        return true;
    }
  }
  return {
    loud,
    silent,
    api: {
      call: async <Result>(method: string, payload: Readonly<Record<string, unknown>>) =>
        (await answer(method, payload)) as Result,
      downloadFile: () => Promise.resolve(undefined),
      reset: () => undefined,
    },
  };
}

/** A log that says nothing. */
export const voidLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
