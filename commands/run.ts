import type { Fleet } from '../src/config/fleet.ts';
import type { OwnerWishes } from '../src/loop/wishes.ts';
import type { CallbackData } from '../src/telegram/callback-data.ts';
import { panelButton } from '../src/telegram/cards/agent-buttons.ts';
import { runWords } from '../src/telegram/cards/wish-words.ts';
import { lines } from '../src/telegram/cards/words.ts';
import type { Command } from './command.ts';
import { askWhich, findAgent, reply } from './replies.ts';

/** /run AGENT: makes it due now. */
export function createRunCommand(fleet: Fleet, wishes: OwnerWishes, callbackData: CallbackData): Command {
  return {
    name: 'run',
    description: 'run an agent now',
    // It starts what spends.
    asksAgain: (argument) =>
      fleet.agents.has(argument.toLowerCase()) ? 'It starts a run, which may spend.' : undefined,
    run({ argument, actor, now }) {
      if (argument === '') return askWhich({ command: 'run', verb: 'run', names: runnable(fleet), callbackData });
      const found = findAgent(fleet.agents, argument);
      if (found.kind === 'unknown') return found.reply;
      const { name } = found.agent;
      const wish = wishes.run(found.agent, actor);
      const next = {
        wanted: `/why ${name} says what came of it.`,
        running: `/restart ${name} begins it anew.`,
        held: undefined,
        publisher: undefined,
      }[wish.kind];
      const [first = '', ...reasons] = runWords(name, wish, now);
      return reply(lines(next === undefined ? first : `${first} ${next}`, ...reasons), [
        [panelButton(name, callbackData)],
      ]);
    },
  };
}

/** Whoever can be run by hand: a publisher gets its draft on stdin. */
function runnable(fleet: Fleet): readonly string[] {
  return [...fleet.agents.values()].filter(({ publishes }) => publishes.length === 0).map(({ name }) => name);
}
