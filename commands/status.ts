import type { FleetScreens } from '../src/telegram/fleet-screens.ts';
import type { Command } from './command.ts';

/** /status: one screen, what is wrong first, then each agent with the age of its last proof. */
export function createStatusCommand(screens: Pick<FleetScreens, 'status'>): Command {
  return {
    name: 'status',
    description: 'one screen: what is wrong first, then each agent',
    run: () => screens.status(),
  };
}
