import type { RunEnd, RunRow } from '../../storage/run-store.ts';
import type { TaskPhaseRow, TaskRow } from '../../storage/task-store.ts';
import { shorten } from '../telegram/cards/words.ts';

/** How long the run that has a task may give no sign of itself before somebody else may have it, in ms. */
export const LEASE_MS = 30 * 60_000;

/** Attempts in a row that may end without a result before their owner is told. */
const TOLD_AFTER = 3;

/** How long a task waits after that, in ms, longer with each attempt: whatever fails three times alike wants time or a person. */
const PAUSES_MS = [60_000, 5 * 60_000, 15 * 60_000, 60 * 60_000] as const;

/** Failures that lie outside the task: they have incidents and pauses of their own. */
const OUTSIDE_FAILURES: ReadonlySet<string> = new Set(['auth', 'rate-limit', 'overloaded']);

/** A phase as agents see it; `output` is null where it is not done yet. */
export interface PhaseView {
  readonly name: string;
  readonly output: string | null;
  /** Its output is not whole: it is read by itself. */
  readonly shortened?: true;
}

/** A task as the agent sees it that does it. */
export interface ClaimView {
  readonly id: number;
  readonly title: string;
  readonly brief: string;
  readonly phases: readonly PhaseView[];
  /** The phase to do; null where there is none. */
  readonly phase: string | null;
  /** Which attempt at it this is, or would be; beyond 1 an earlier one ended without a result. */
  readonly attempt: number;
}

/** A task as every agent may see it. */
export interface TaskView extends ClaimView {
  readonly state: TaskRow['state'];
  readonly agent: string;
  readonly by: string;
  /** Why it failed. */
  readonly reason: string | null;
  /** Attempts since the last result that ended without one. */
  readonly attempts: number;
}

/** What follows from an attempt that ended without a result. */
export interface AttemptEnd {
  /** How long the task is not offered, in ms. */
  readonly pauseMs: number;
  /** Whether its owner is to be told that it makes no headway. */
  readonly isTold: boolean;
}

/**
 * Decides what follows from the `attempts`-th attempt in a row without a result. What lies outside the task neither pauses it nor is told
 * once more. `wasClaimed` false: its agent was woken for it and did not take it, which would go on at once for ever.
 */
export function decideAttemptEnd(attempts: number, wasClaimed: boolean, isOutside: boolean): AttemptEnd {
  if (isOutside) return { pauseMs: 0, isTold: false };
  const step = wasClaimed ? attempts - TOLD_AFTER : attempts - 1;
  const pauseMs = step < 0 ? 0 : (PAUSES_MS[Math.min(step, PAUSES_MS.length - 1)] ?? 0);
  return { pauseMs, isTold: attempts >= TOLD_AFTER };
}

/** Whether a run's end says nothing of its task: it was stopped from outside, or its model's side refused it. */
export function isOutside(end: Pick<RunEnd, 'state' | 'failure'>): boolean {
  return end.state === 'stopped' || (end.state === 'failed' && OUTSIDE_FAILURES.has(end.failure ?? ''));
}

/** How a run ended, in a sentence without its end. */
export function describeRunEnd(run: Pick<RunRow, 'id' | 'stopReason'>, end: RunEnd): string {
  switch (end.state) {
    case 'done':
      return `run ${run.id} ended well, and the task with no result`;
    case 'stopped':
      return `run ${run.id} was stopped${run.stopReason === null ? '' : `: ${run.stopReason}`}`;
    case 'lost':
      return `run ${run.id} was lost: ${end.evidence ?? 'nobody knows how it ended'}`;
    case 'failed': {
      const how = `${end.failure ?? 'unknown'}${end.exit === null ? '' : ` (${end.exit})`}`;
      return `run ${run.id} failed: ${how}${end.evidence === null ? '' : `, ${shorten(end.evidence, 500)}`}`;
    }
  }
}

/** When a run last gave a sign of itself, or said that nothing is to be expected; epoch ms. */
export function lastSignAt(run: RunRow): number {
  const signs = [run.startedAt, run.beatAt, run.progressAt, run.outputAt, run.livelyAt, run.workedAt, run.patientUntil];
  return Math.max(run.wantedAt, ...signs.map((at) => at ?? 0));
}

/** The first phase that is not done; undefined where none is left. */
export function phaseToDo(phases: readonly TaskPhaseRow[]): TaskPhaseRow | undefined {
  return phases.find(({ doneAt }) => doneAt === null);
}

/** The incident that tells that a task makes no headway. */
export function taskFingerprint(id: number): string {
  return `task:${id}`;
}

/** `phase 3 of 9`, `to do`: how far a task is, in words. */
export function describePlace(phases: readonly TaskPhaseRow[]): string | undefined {
  const next = phaseToDo(phases);
  return next === undefined ? undefined : `phase ${next.position} of ${phases.length}`;
}
