import type { Fleet } from '../src/config/fleet.ts';
import type { OwnerWishes } from '../src/loop/wishes.ts';
import { duration, lines } from '../src/telegram/cards/words.ts';
import type { Command } from './command.ts';
import { askWhich, findAgent, reply } from './replies.ts';

/** /run AGENT: makes it due now. */
export function createRunCommand(fleet: Fleet, wishes: OwnerWishes): Command {
  return {
    name: 'run',
    description: 'run an agent now',
    // It starts what spends.
    asksAgain: (argument) =>
      fleet.agents.has(argument.toLowerCase()) ? 'It starts a run, which may spend.' : undefined,
    run({ argument, actor, now }) {
      if (argument === '') return askWhich('run', fleet.agents.keys());
      const found = findAgent(fleet.agents, argument);
      if (found.kind === 'unknown') return found.reply;
      const { name } = found.agent;
      const wish = wishes.run(found.agent, actor);
      switch (wish.kind) {
        case 'wanted':
          return reply(`▶️ ${name} starts now. /why ${name} says what came of it.`);
        case 'running':
          return reply(`${name} runs already, for ${duration(now - wish.since)}. /restart ${name} begins it anew.`);
        case 'held':
          return reply(
            lines(
              `${name} is held, and does not start:`,
              ...wish.reasons.map((reason) => `⛔️ ${reason}`),
              `What you paused goes on with /resume ${name}.`,
            ),
          );
        case 'publisher':
          return reply(`${name} publishes: it runs when a draft is approved, and gets that draft.`);
      }
    },
  };
}
