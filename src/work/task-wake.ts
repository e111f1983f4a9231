import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import { isWithin, nextOpening } from '../loop/schedule.ts';

/**
 * Makes an agent due that may claim a task from `offerAt` (epoch ms) on; an earlier due time stands. An agent with a schedule is not woken
 * while it runs or is held: its own due times go on having their receipts, and the scheduler looks again afterwards.
 */
export function wakeForTask(
  { storage, fleet }: { readonly storage: Storage; readonly fleet: Pick<Fleet, 'timezone'> },
  agent: Agent,
  offerAt: number,
  now: number,
): void {
  if (agent.schedule.kind !== 'task' && isOccupied(storage, agent.name)) return;
  const at = Math.max(now, offerAt);
  const dueAt =
    agent.active === undefined || isWithin(agent.active, at, fleet.timezone)
      ? at
      : nextOpening(agent.active, at, fleet.timezone);
  const waiting = storage.dues.waitingOf(agent.name);
  if (waiting === undefined || waiting.dueAt > dueAt) storage.dues.wait(agent.name, dueAt, 'task');
}

function isOccupied(storage: Storage, agent: string): boolean {
  return (
    storage.runs.aliveOf(agent) !== undefined ||
    storage.holds.active().some((hold) => hold.agent === '' || hold.agent === agent)
  );
}
