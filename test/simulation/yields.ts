/** Knows when all code that an instant woke has come to rest. */
export interface Yields {
  atRest(): Promise<void>;
  /** Gives the process its own timers back. */
  restore(): void;
}

/**
 * Every microtask, however many follow from it, runs before the next macrotask, so one macrotask is rest: nothing in the world waits
 * for a real one. The exception is grammY's conversations, which yield by `setTimeout(0)`: while a world lives that is a macrotask
 * that is counted, so that a seed is one story and not a race.
 */
export function installYields(): Yields {
  const { setTimeout: realTimeout } = globalThis;
  let pending = 0;

  function countedTimeout(task: (...given: unknown[]) => void, delayMs?: number, ...given: unknown[]): unknown {
    if ((delayMs ?? 0) > 0) return realTimeout(task, delayMs, ...given);
    pending += 1;
    return setImmediate(() => {
      pending -= 1;
      task(...given);
    });
  }

  globalThis.setTimeout = countedTimeout as unknown as typeof setTimeout;
  return {
    async atRest() {
      do {
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
      } while (pending > 0);
    },
    restore() {
      globalThis.setTimeout = realTimeout;
    },
  };
}
