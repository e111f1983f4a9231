import type { Agent, Fleet } from '../config/fleet.ts';
import { isWithin } from '../loop/schedule.ts';

/**
 * Builds what tells whether an agent is inside its active hours. Found out anew each minute only: reading a wall clock costs more than all
 * else of a look.
 */
export function createActiveHours({ timezone }: Pick<Fleet, 'timezone'>): (agent: Agent, now: number) => boolean {
  const found = new Map<string, { readonly minute: number; readonly isActive: boolean }>();
  return (agent, now) => {
    if (agent.active === undefined) return true;
    const minute = Math.floor(now / 60_000);
    const known = found.get(agent.name);
    if (known?.minute === minute) return known.isActive;
    const isActive = isWithin(agent.active, now, timezone);
    found.set(agent.name, { minute, isActive });
    return isActive;
  };
}
