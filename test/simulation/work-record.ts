/** A task as its giver believes it to be accepted. */
export interface AddedTask {
  readonly id: number;
  readonly agent: string;
  readonly phases: readonly string[];
  readonly at: number;
}

/** A run begins a task, or a phase of one, with this in sight. */
export interface WorkBegun {
  readonly task: number;
  /** Undefined: a task without phases. */
  readonly phase: string | undefined;
  readonly run: number;
  readonly agent: string;
  /** The CLI's session; undefined for other programs. */
  readonly session: string | undefined;
  /** It is told that it goes on with what another run began. */
  readonly isTold: boolean;
  readonly outputs: ReadonlyMap<string, string>;
  readonly at: number;
}

/** A run hands in what a phase gave; an undefined phase: it says that the task is done. */
export interface HandedIn {
  readonly task: number;
  readonly phase: string | undefined;
  readonly run: number;
  readonly output: string;
  readonly at: number;
  /** It was told that it was taken. */
  readonly isTaken: boolean;
}

/** A session that must not go on: its context is full, or was compacted. */
export interface SpentSession {
  readonly run: number;
  readonly agent: string;
  readonly why: string;
  /** How long it has gone on working since, with a control plane that could have ended it, in ms. */
  wentOnMs: number;
}

/** A fresh session goes on with what another one wrote down. */
export interface Continuation {
  readonly run: number;
  readonly agent: string;
  /** What it was given, and what its agent wrote last that was taken. */
  readonly given: string;
  readonly written: string | undefined;
}

/** What happened to tasks, contexts and money in a world. */
export interface WorkRecord {
  readonly tasks: AddedTask[];
  readonly begun: WorkBegun[];
  readonly handedIn: HandedIn[];
  readonly spent: SpentSession[];
  readonly continuations: Continuation[];
  /** Moments at which more than two wrote their WORKSTATE.md for want of context. */
  readonly crowds: { readonly at: number; readonly runs: readonly number[] }[];
  /** What was told of the costs of a run, in millionths of a dollar. */
  readonly costs: { readonly run: number; readonly agent: string; readonly microUsd: number; readonly at: number }[];
  /** How often agents were told to write their WORKSTATE.md. */
  flushes: number;
}

/** Nothing has happened yet. */
export function createWorkRecord(): WorkRecord {
  return { tasks: [], begun: [], handedIn: [], spent: [], continuations: [], crowds: [], costs: [], flushes: 0 };
}
