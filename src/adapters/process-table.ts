/** A process as the system's table shows it. */
export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** 0 where the system does not tell. */
  readonly session: number;
  /** Tells a process from a later one with the same pid; where it is a number, an older process has a smaller one. */
  readonly startTicks: string;
  /** `ending`: it runs no more but still gives back its memory; `ended`: only its parent has not yet taken note. */
  readonly state: 'alive' | 'ending' | 'ended';
}

/** `NAME=value` in an environment; with `isPrefix` every value that begins so. */
export interface Mark {
  readonly text: string;
  readonly isPrefix: boolean;
}

/** Whom a look had before it. */
export interface Listing {
  readonly pids: readonly number[];
  /** True when one of them was gone before it could be looked at. */
  readonly hasMissed: boolean;
}

/**
 * What the system says about processes.
 *
 * Contract:
 * - Nothing throws: of a process that is gone, or not ours to look at, nothing is said.
 * - `look` visits every process but those in `skipped`, the newest first, and leaves out kernel threads.
 * - `carries` looks at the environment that a process was started with, not at what it made of it.
 */
export interface ProcessTable {
  /** Changes with every boot; empty where the system does not tell: then nothing can be proven. */
  readonly bootId: string;
  /** True when `look` visits each process within microseconds of having read it, so that it may be signalled as it is. */
  readonly isInstant: boolean;
  /** Those of these pids that exist now. */
  rowsOf(pids: readonly number[]): readonly ProcessRow[];
  childrenOf(pid: number): readonly number[];
  look(visit: (row: ProcessRow) => void, skipped?: ReadonlySet<number>): Promise<Listing>;
  /** True for the first moments of a process, in which it may have no environment yet. */
  isYoung(row: ProcessRow): boolean;
  /** `untold` of one so young that it may have no environment yet. */
  carries(row: ProcessRow, mark: Mark): 'yes' | 'no' | 'untold';
  /** The command line, shortened, and the age. */
  tell(pid: number): { readonly command: string; readonly ageMs: number };
}
