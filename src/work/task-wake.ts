import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import { isWithin, nextOpening } from '../loop/schedule.ts';

/**
 * Makes an agent due that may claim a task from `offerAt` (epoch ms) on; an earlier due time stands. What waits with a
 * task for long gives way to its agent's own due times, which have to have their receipts (the scheduler sees to that).
 */
export function wakeForTask(
  { storage, fleet }: { readonly storage: Storage; readonly fleet: Pick<Fleet, 'timezone'> },
  agent: Agent,
  offerAt: number,
  now: number,
): void {
  const at = Math.max(now, offerAt);
  const dueAt =
    agent.active === undefined || isWithin(agent.active, at, fleet.timezone)
      ? at
      : nextOpening(agent.active, at, fleet.timezone);
  const waiting = storage.dues.waitingOf(agent.name);
  if (waiting === undefined || waiting.dueAt > dueAt) storage.dues.wait(agent.name, dueAt, 'task');
}
