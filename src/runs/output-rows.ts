import type { Storage } from '../../storage/storage.ts';
import type { Clock } from '../ports.ts';
import type { Execution } from './execution.ts';

/** How often what a run says and uses is written down: /status shows it to the nearest seconds, and a row a line would cost the disk. */
const EVERY_MS = 5_000;

/** Writes down what runs say and use, seldom enough. */
export interface OutputRows {
  /** A run said something: that is written down now or within seconds, also when nothing follows. */
  heard(execution: Execution): void;
  /** Writes down how much it has said and used; belongs into the transaction of its end. */
  write(execution: Execution): void;
}

/** Builds what writes down output; `guard` takes what is thrown outside of any call. */
export function createOutputRows(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly isAlive: (execution: Execution) => boolean;
  readonly guard: (work: () => unknown) => void;
}): OutputRows {
  const { storage, clock } = options;
  const writtenAt = new WeakMap<Execution, number>();
  const awaitsRow = new WeakSet<Execution>();

  function writeNow(execution: Execution): void {
    writtenAt.set(execution, clock.now());
    storage.transaction(() => write(execution));
  }

  function write({ run, usage, outputAt, outputBytes, signs }: Execution): void {
    storage.runs.output(run.id, outputAt, outputBytes);
    const livelyAt = signs.livelyAt();
    if (livelyAt !== undefined) storage.runs.lively(run.id, livelyAt);
    if (Object.values(usage).some((known) => known !== null)) storage.runs.usage(run.id, usage);
  }

  return {
    write,

    heard(execution) {
      const sinceMs = clock.now() - (writtenAt.get(execution) ?? 0);
      if (sinceMs < 0 || sinceMs >= EVERY_MS) return writeNow(execution);
      if (awaitsRow.has(execution)) return;
      awaitsRow.add(execution);
      // An agent that waits for its model may be silent for long.
      clock.after(EVERY_MS - sinceMs, () => {
        awaitsRow.delete(execution);
        if (options.isAlive(execution)) options.guard(() => writeNow(execution));
      });
    },
  };
}
