import type { DueRow } from '../../storage/due-store.ts';
import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import { describeWaiting, heartbeatFingerprint } from './vigil-words.ts';

/** A start takes seconds by itself, for its check or its CLI's version: less is no waiting. */
const SHORTEST_WAIT_MS = 60_000;

/** Due times that wait and wait for a reason; every call belongs into the transaction of its look. */
export interface LateStarts {
  /** Tells of one that waits for longer than its agent may be silent; gives when it is to be judged again. */
  judge(due: DueRow, since: { readonly restartedAt: number; readonly watchedSince: number }, now: number): number;
  /** Whether what is told of this agent is a due time that waits. */
  isTold(agent: string): boolean;
  /** Ends what is told of those that wait no longer. */
  endOver(alive: readonly RunRow[], waiting: readonly DueRow[]): void;
}

/** Builds the watch over due times that wait. */
export function createLateStarts(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly incidents: IncidentRegister;
  readonly isActive: (agent: Agent, now: number) => boolean;
}): LateStarts {
  const { fleet, storage, incidents } = options;
  /** The due time that was told of, by agent. */
  const told = new Map<string, number>();

  return {
    judge(due, { restartedAt, watchedSince }, now) {
      const agent = fleet.agents.get(due.agent);
      if (agent === undefined || storage.runs.aliveOf(due.agent) !== undefined) return Infinity;
      // Whoever is held has a reason of its own.
      const holds = storage.holds.active().filter((hold) => hold.agent === '' || hold.agent === due.agent);
      if (holds.length > 0 || due.reason === null || !options.isActive(agent, now)) return Infinity;
      const longestMs = Math.max(agent.heartbeatMs, SHORTEST_WAIT_MS);
      const isOpen = storage.incidents.unresolved(heartbeatFingerprint(due.agent)) !== undefined;
      // An earlier start told of it, and it waits on: nothing is well again.
      if (isOpen && now >= due.dueAt + longestMs) told.set(due.agent, due.id);
      // While nobody was there nothing could start: whoever is due has a moment for it first.
      const lateAt = Math.max(Math.max(due.dueAt, restartedAt) + longestMs, watchedSince + SHORTEST_WAIT_MS);
      if (now < lateAt) return lateAt;
      if (told.has(due.agent) || isOpen) return Infinity;
      incidents.report(describeWaiting(agent, now - due.dueAt, due.reason));
      told.set(due.agent, due.id);
      return Infinity;
    },

    isTold: (agent) => told.has(agent),

    endOver(alive, waiting) {
      for (const [agent, due] of told) {
        if (waiting.some(({ id }) => id === due)) continue;
        told.delete(agent);
        const run = storage.runs.lastOf(agent);
        const hasStarted = run !== undefined && alive.some(({ id }) => id === run.id);
        incidents.resolve(heartbeatFingerprint(agent), hasStarted ? 'It has started.' : 'It is not due any more.');
      }
    },
  };
}
