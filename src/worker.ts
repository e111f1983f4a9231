import type { Clock, Log } from './ports.ts';

/** A loop that looks at its rows when it is nudged, and anyway every few seconds: a wake is only a hint. */
export interface Worker {
  start(): void;
  /** Asks for a look as soon as the current code has ended; many nudges are one look. */
  nudge(): void;
  /** Stops looking; resolves when a look under way has ended. */
  stop(): Promise<void>;
}

/** What a worker is made of. */
export interface WorkerOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The longest time between two looks: what a lost nudge costs. */
  readonly everyMs: number;
  /**
   * Looks only after what this moment sets off has gone out to the network. A press that is approved starts a publisher: without this
   * the commits and the spawn would come before the answer to the press.
   */
  readonly stepsAside?: true;
  /** One look; it may return the milliseconds after which it wants the next one. */
  readonly look: () => number | undefined | Promise<number | undefined>;
  /** Called with a bug: the process has to end, so that the supervisor starts a sound one. */
  readonly onFatal: (error: unknown) => void;
}

/** How long a look waits when the database could not be written: short enough to recover within seconds. */
export const STORAGE_RETRY_MS = 5_000;

/** Builds a worker. A look never runs twice at a time. */
export function createWorker(options: WorkerOptions): Worker {
  const { clock, log } = options;
  let state: 'idle' | 'looking' | 'stopped' = 'stopped';
  let nudged = false;
  let cancelTimer = (): void => {};
  let current: Promise<void> = Promise.resolve();

  function schedule(delayMs: number): void {
    cancelTimer();
    cancelTimer = clock.after(delayMs, nudge);
  }

  function nudge(): void {
    if (state === 'stopped' || nudged) return;
    nudged = true;
    if (state === 'idle') runSoon();
  }

  function runSoon(): void {
    if (options.stepsAside) clock.after(0, run);
    else queueMicrotask(run);
  }

  function run(): void {
    if (state !== 'idle') return;
    state = 'looking';
    nudged = false;
    current = lookOnce().then(({ delayMs, hasFailed }) => {
      if (state === 'stopped') return;
      state = 'idle';
      // Where nothing can be written, a look that nudges itself by what it is about to change would run again without end.
      if (hasFailed) nudged = false;
      if (nudged) runSoon();
      else schedule(delayMs);
    });
  }

  async function lookOnce(): Promise<{ readonly delayMs: number; readonly hasFailed: boolean }> {
    try {
      const wanted = await options.look();
      return { delayMs: Math.max(0, Math.min(wanted ?? options.everyMs, options.everyMs)), hasFailed: false };
    } catch (error) {
      if (!isPassingStorageTrouble(error)) {
        options.onFatal(error);
        return { delayMs: options.everyMs, hasFailed: false };
      }
      log.error(`${options.name}: the database cannot be written right now; trying again`, { code: error.code });
      return { delayMs: STORAGE_RETRY_MS, hasFailed: true };
    }
  }

  return {
    start() {
      state = 'idle';
      nudged = false;
      nudge();
    },
    nudge,
    async stop() {
      state = 'stopped';
      cancelTimer();
      await current;
    },
  };
}

/** Whether an error says that the disk is full, the database is locked, or a write failed: it may pass. */
export function isPassingStorageTrouble(error: unknown): error is Error & { code: string } {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' && /^SQLITE_(FULL|BUSY|IOERR|LOCKED)/.test(code);
}
