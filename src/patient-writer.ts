import type { Clock, Log } from './ports.ts';
import { isPassingStorageTrouble, STORAGE_RETRY_MS } from './worker.ts';

/**
 * Writes down what has already happened to the world, and so must not be forgotten because the disk is full right now.
 *
 * Contract:
 * - `write` runs `change` until the database takes it, every few seconds; what is no passing trouble it throws.
 * - After `stop` a write that is still waiting gives up: the next start finds the row as it was before the act.
 */
export interface PatientWriter {
  write(change: () => void): Promise<void>;
  stop(): void;
}

/** Builds a patient writer; `name` is who writes, for the log. */
export function createPatientWriter(options: {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
}): PatientWriter {
  const { clock, log, name } = options;
  const pauses = new Set<() => void>();
  let stopping = false;

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        pauses.delete(end);
        resolve();
      };
      const cancel = clock.after(STORAGE_RETRY_MS, end);
      pauses.add(end);
    });
  }

  return {
    async write(change) {
      for (;;) {
        try {
          return change();
        } catch (error) {
          if (!isPassingStorageTrouble(error)) throw error;
          log.error(`${name}: what happened cannot be written down right now; trying again`, { code: error.code });
          if (stopping) return;
          await pause();
          if (stopping) return;
        }
      }
    },
    stop() {
      stopping = true;
      for (const end of pauses) end();
    },
  };
}
