import type { RunRow } from '../../storage/run-store.ts';

/** Why a run is asked to stop whose agent has written its WORKSTATE.md because its context was nearly full. */
export const CONTEXT_FLUSHED = 'its context was nearly full';
/** Why a run is asked to stop whose context has reached `stop`. */
export const CONTEXT_FULL = 'its context was full';
/** Why a run is asked to stop whose CLI compacted its context by itself. */
export const CONTEXT_COMPACTED = 'its CLI compacted its context';
/** Why a run is asked to stop whose agent an owner paused; the hold says who. */
export const PAUSED = 'paused';

/** How long a turn may go on that has nothing left to do but to end. */
const FINISH_MS = 60_000;

const CONTEXT_STOPS: ReadonlySet<string> = new Set([CONTEXT_FLUSHED, CONTEXT_FULL, CONTEXT_COMPACTED]);

/** How full a run's context is, in percent of its usable part; undefined: not known. */
export function fillOf(run: Pick<RunRow, 'contextTokens' | 'contextLimit'>): number | undefined {
  if (run.contextTokens === null || run.contextLimit === null || run.contextLimit <= 0) return undefined;
  return (run.contextTokens / run.contextLimit) * 100;
}

/** Whether a run is stopped for its context's sake. */
export function isContextStop(run: Pick<RunRow, 'stopReason'>): boolean {
  return run.stopReason !== null && CONTEXT_STOPS.has(run.stopReason);
}

/** Whether a run that is asked to stop may still end its turn by itself. */
export function mayFinish(run: RunRow, now: number): boolean {
  return run.stopReason === CONTEXT_FLUSHED && run.stopWantedAt !== null && now - run.stopWantedAt < FINISH_MS;
}

/** Whether a run's session must not go on: it is full, or what it still knows may be wrong. */
export function isSessionSpent(run: RunRow): boolean {
  return isContextStop(run) || run.compactedAt !== null || (run.flushReason === 'context' && run.flushAskedAt !== null);
}

/** The run whose work an agent's next one goes on with in a fresh session; null: it begins as always. */
export function continuedBy(last: RunRow | undefined): number | null {
  if (last === undefined || last.publicationId !== null || last.state === 'done') return null;
  if (isSessionSpent(last)) return last.id;
  // One that never came to have a session has taken nothing over.
  return last.resumeToken === null ? last.continues : null;
}
