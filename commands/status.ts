import type { FleetMenu } from '../src/telegram/fleet-menu.ts';
import type { Command } from './command.ts';

/** /status: one screen, what is wrong first, then each agent with the age of its last proof. */
export function createStatusCommand(screens: Pick<FleetMenu, 'status'>): Command {
  return {
    name: 'status',
    description: 'one screen: what is wrong first, then each agent',
    run: () => screens.status(),
  };
}
