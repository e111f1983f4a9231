import type { Fleet } from '../src/config/fleet.ts';
import type { FleetMenu } from '../src/telegram/fleet-menu.ts';
import type { Command } from './command.ts';
import { findAgent } from './replies.ts';

/** /fleet [AGENT]: a menu over the agents, or the panel of one. */
export function createFleetCommand(fleet: Fleet, screens: Pick<FleetMenu, 'list' | 'panel'>): Command {
  return {
    name: 'fleet',
    description: 'a menu: each agent’s panel, with what can be done about it',
    run({ argument }) {
      if (argument === '') return screens.list(0);
      const found = findAgent(fleet.agents, argument);
      return found.kind === 'unknown' ? found.reply : screens.panel(found.agent.name);
    },
  };
}
