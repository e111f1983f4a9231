import type { Storage } from '../storage/storage.ts';
import type { Agent, Fleet } from '../src/config/fleet.ts';
import type { OwnerWishes } from '../src/loop/wishes.ts';
import type { CallbackData } from '../src/telegram/callback-data.ts';
import { panelButton } from '../src/telegram/cards/agent-buttons.ts';
import { stopWords } from '../src/telegram/cards/wish-words.ts';
import type { Command } from './command.ts';
import { askWhich, findAgent, reply } from './replies.ts';

/** /stop AGENT: ends its run; nothing is held. */
export function createStopCommand(
  fleet: Fleet,
  storage: Pick<Storage, 'holds'>,
  wishes: OwnerWishes,
  callbackData: CallbackData,
): Command {
  function isHeld({ name }: Agent): boolean {
    return storage.holds.active().some(({ agent }) => agent === '' || agent === name);
  }

  return {
    name: 'stop',
    description: 'end an agent’s run; /pause also keeps it from starting again',
    // It ends a run, which by now may be another one.
    asksAgain: (argument) => (fleet.agents.has(argument.toLowerCase()) ? 'It ends what runs of it now.' : undefined),
    run({ argument, actor }) {
      if (argument === '') return askWhich({ command: 'stop', verb: 'stop', names: fleet.agents.keys(), callbackData });
      const found = findAgent(fleet.agents, argument);
      if (found.kind === 'unknown') return found.reply;
      const { name } = found.agent;
      const wish = wishes.stop(found.agent, actor);
      const next = wish === 'stopping' ? ` ${describeNext(found.agent, isHeld(found.agent))}` : '';
      return reply(`${stopWords(name, wish)}${next}`, [[panelButton(name, callbackData)]]);
    },
  };
}

function describeNext({ name, schedule }: Agent, isHeld: boolean): string {
  if (isHeld) return `It is held, and does not start again: /why ${name} says by what.`;
  if (schedule.kind === 'continuous')
    return `It runs without pause, so it starts again at once: /pause ${name} now holds it.`;
  return `It starts again when it is due: /pause ${name} holds it.`;
}
