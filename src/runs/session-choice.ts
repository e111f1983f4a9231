import type { RunRow } from '../../storage/run-store.ts';
import type { Agent } from '../config/fleet.ts';
import type { Session } from '../runtimes/runtime.ts';
import { isSessionSpent } from './context-stops.ts';

/** A session older than this is a matter of another day: its agent begins anew from WORKSTATE.md. */
const STALE_MS = 24 * 3_600_000;
/** Gemini names a session's file by its minute, and damages one that it takes up within the same (seen with 0.61). */
const GEMINI_SETTLE_MS = 61_000;
/** A session that was taken up this often without an end is given up: it may be what breaks the run. */
const MOST_RESUMPTIONS = 3;

/** Failures that lie outside the session: it is sound, and can go on. */
const OUTSIDE_FAILURES: ReadonlySet<string> = new Set(['auth', 'rate-limit', 'overloaded', 'lost']);

/**
 * Decides whether a run goes on with the session of the run before it. It does when that was cut off through no fault of its own, is of
 * today, and has room left in its context; everything else begins a new session, which reads WORKSTATE.md first.
 *
 * A session of one task, or of one phase of it, never goes on with another.
 *
 * @param earlier The agent's runs before this one, newest first.
 */
export function chooseSession(
  agent: Agent,
  run: Pick<RunRow, 'taskId' | 'phase'>,
  earlier: readonly RunRow[],
  now: number,
  newId: string,
): Session {
  const [last] = earlier;
  const begin: Session = { kind: 'new', id: newId };
  if (last === undefined || last.resumeToken === null || !wasCutOff(last)) return begin;
  if (last.taskId !== run.taskId || last.phase !== run.phase) return begin;
  if (now - (last.endedAt ?? last.wantedAt) > STALE_MS) return begin;
  if (agent.runtime === 'gemini' && now - (last.startedAt ?? now) < GEMINI_SETTLE_MS) return begin;
  if (isSessionSpent(last) || isFull(last, agent.context.flushPercent)) return begin;
  const taken = earlier.findIndex((run) => run.resumeToken !== last.resumeToken);
  if ((taken === -1 ? earlier.length : taken) > MOST_RESUMPTIONS) return begin;
  return { kind: 'resume', resumeToken: last.resumeToken };
}

function wasCutOff(run: RunRow): boolean {
  if (run.state === 'lost') return true;
  if (run.state === 'stopped') return CUT_OFF_REASONS.has(run.stopReason ?? '');
  return run.state === 'failed' && OUTSIDE_FAILURES.has(run.failure ?? '');
}

function isFull(run: RunRow, flushPercent: number): boolean {
  if (run.contextTokens === null || run.contextLimit === null) return false;
  return (run.contextTokens / run.contextLimit) * 100 >= flushPercent;
}

/** Why runs are asked to stop when the control plane itself is. */
export const CONTROL_PLANE_STOPPED = 'Nightdesk was stopped';

/** Why a run is asked to stop that was started with a secret which has been replaced since. */
export const LOGIN_RENEWED = 'its login was renewed';

/** Why a run is asked to stop whose login is dead. */
export const LOGIN_DIED = 'its login died';

/** Stops that are no fault of the session: it is sound, and can go on. */
const CUT_OFF_REASONS: ReadonlySet<string> = new Set([CONTROL_PLANE_STOPPED, LOGIN_RENEWED, LOGIN_DIED]);
