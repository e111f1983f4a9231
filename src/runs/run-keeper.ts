import type { RunEnd, RunRow } from '../../storage/run-store.ts';

/** What is kept of a run at its end; the first two belong into the transaction of that end. */
export interface RunClosing {
  /** Keeps what it wrote, or what could be seen of it; gives its row as it stands then. `isDone`: its program ended well. */
  keep(current: RunRow, isDone: boolean): RunRow;
  /** What follows from the end. */
  follow(run: RunRow, end: RunEnd): void;
  /** The transaction is committed. */
  settled(): void;
}

/** Keeps the work of runs beyond their context: what the runner asks of it. Each call but `close` is one transaction. */
export interface RunKeeper {
  /** A run's CLI told how full its context is. */
  filled(run: RunRow, usedTokens: number, limitTokens: number): void;
  /** A run's CLI compacted its context by itself; `percent` of it was full. */
  compacted(run: RunRow, percent: number | undefined): void;
  /** A call of a tool has ended: it may have written something. */
  toolEnded(run: RunRow): void;
  /** What an agent is told that has to write its WORKSTATE.md. */
  words(run: RunRow): string;
  /** Gathers what has to be kept of a run whose program is over; never rejects. `wasTold`: it read that it has to write. */
  close(
    run: RunRow,
    facts: { readonly tail: () => string | Promise<string>; readonly wasTold: boolean },
  ): Promise<RunClosing>;
}
