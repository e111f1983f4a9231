import type { Fleet } from '../src/config/fleet.ts';
import { bold, code, duration, line, lines } from '../src/telegram/cards/words.ts';
import type { WorkstateRoom } from '../src/work/workstate-room.ts';
import type { CallbackData } from '../src/telegram/callback-data.ts';
import { layOut, MOST_AGENT_BUTTONS } from '../src/telegram/cards/agent-buttons.ts';
import { workstateButton } from '../src/telegram/cards/workstate-card.ts';
import type { Command } from './command.ts';
import { findAgent, reply } from './replies.ts';

/** /workstate [AGENT] [now|diff]: what the agent keeps in its WORKSTATE.md, what changed in it, or which agents have one. */
export function createWorkstateCommand(
  fleet: Fleet,
  workstates: Pick<WorkstateRoom, 'writtenAt' | 'show' | 'diff' | 'writeNow'>,
  callbackData: CallbackData,
): Command {
  return {
    name: 'workstate',
    description: 'an agent’s WORKSTATE.md; now to have it written first, diff for what changed',
    run({ argument, now, actor, chatId, replyKey }) {
      const [name, how, ...rest] = argument.toLowerCase().split(/\s+/).filter(Boolean);
      if (name === undefined) {
        const list = [...fleet.agents.values()].map((agent) => {
          const at = workstates.writtenAt(agent);
          return at === undefined ? `${agent.name}: none` : `${agent.name}: written ${duration(now - at)} ago`;
        });
        const names = [...fleet.agents.keys()];
        if (names.length > MOST_AGENT_BUTTONS)
          return reply(lines(bold('WORKSTATE.md'), ...list, '', line('One of them: ', code('/workstate AGENT'))));
        const buttons = layOut(names.map((each) => workstateButton(each, each, 'show', callbackData)));
        return reply(lines(bold('WORKSTATE.md'), ...list), buttons);
      }
      const found = findAgent(fleet.agents, name);
      if (found.kind === 'unknown') return found.reply;
      const { agent } = found;
      if (rest.length > 0 || !(how === undefined || how === 'now' || how === 'diff'))
        return reply(
          line(
            'You can say: ',
            ...['', ' now', ' diff'].flatMap((word) => [code(`/workstate ${agent.name}${word}`), ' ']),
          ),
        );
      if (how === undefined) return workstates.show(agent);
      if (how === 'diff') return workstates.diff(agent);
      const { isAsked, said } = workstates.writeNow(agent, actor, { chatId, replyToKey: replyKey });
      return isAsked ? reply(said) : workstates.show(agent, said);
    },
  };
}
