import type { Fleet } from '../src/config/fleet.ts';
import type { FleetScreens } from '../src/telegram/fleet-screens.ts';
import type { Command } from './command.ts';
import { findAgent } from './replies.ts';

/** /fleet [AGENT]: the menu over the agents, or the panel of one. */
export function createFleetCommand(fleet: Fleet, screens: Pick<FleetScreens, 'panel'>): Command {
  return {
    name: 'fleet',
    description: 'a menu: each agent’s panel, with what can be done about it',
    opensMenu: (argument) => argument === '',
    run({ argument }) {
      const found = findAgent(fleet.agents, argument);
      return found.kind === 'unknown' ? found.reply : screens.panel(found.agent);
    },
  };
}
