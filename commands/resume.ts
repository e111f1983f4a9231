import type { Fleet } from '../src/config/fleet.ts';
import type { OwnerHolds } from '../src/loop/holds.ts';
import { lines } from '../src/telegram/cards/words.ts';
import type { Command } from './command.ts';
import { findAgent, reply } from './replies.ts';

/** /resume [AGENT|all]: releases the owner's hold, and says what still holds the agent. */
export function createResumeCommand(fleet: Fleet, holds: OwnerHolds): Command {
  return {
    name: 'resume',
    description: 'let an agent, or all, go on',
    run({ argument, actor }) {
      const target = argument.toLowerCase() || 'all';
      if (target !== 'all') {
        const found = findAgent(fleet.agents, target);
        if (found.kind === 'unknown') return found.reply;
      }
      const { released, stillHeld } = holds.resume(target, actor);
      const who = target === 'all' ? 'All agents' : target;
      const head = released
        ? `▶️ ${who} may run again.`
        : `${who}: nothing of yours held ${target === 'all' ? 'them' : 'it'}.`;
      return reply(stillHeld.length === 0 ? head : lines(head, `Still held: ${stillHeld.slice(0, 10).join('; ')}.`));
    },
  };
}
