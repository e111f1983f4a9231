import type { Fleet } from '../src/config/fleet.ts';
import type { Disk } from '../src/ports.ts';
import { bold, code, duration, line, lines } from '../src/telegram/cards/words.ts';
import { loadWorkstate } from '../src/work/workstate.ts';
import type { Command } from './command.ts';
import { findAgent, reply } from './replies.ts';

/** What fits a message together with its heading; a longer one comes as a file. */
const LONGEST_INLINE = 3_800;

/** /workstate [AGENT]: what the agent keeps in its WORKSTATE.md, or which agents have one. */
export function createWorkstateCommand(fleet: Fleet, disk: Disk): Command {
  return {
    name: 'workstate',
    description: 'an agent’s WORKSTATE.md as it stands',
    run({ argument, now }) {
      const [name, ...rest] = argument.split(/\s+/).filter(Boolean);
      if (name === undefined) {
        const list = [...fleet.agents.values()].map((agent) => {
          const state = loadWorkstate(agent, disk);
          return state === undefined
            ? `${agent.name}: none`
            : `${agent.name}: written ${duration(now - state.modifiedAt)} ago`;
        });
        return reply(lines(bold('WORKSTATE.md'), ...list, '', line('One of them: ', code('/workstate AGENT'))));
      }
      const found = findAgent(fleet.agents, name);
      if (found.kind === 'unknown') return found.reply;
      if (rest.length > 0)
        return reply(
          'Having a live agent write it first (`now`) is not there yet. What is there: /workstate ' + found.agent.name,
        );
      const state = loadWorkstate(found.agent, disk);
      if (state === undefined) return reply(`${found.agent.name} has written no WORKSTATE.md yet.`);
      const head = line(bold(`${found.agent.name}: WORKSTATE.md`), `, written ${duration(now - state.modifiedAt)} ago`);
      if (state.text.length <= LONGEST_INLINE) return reply(lines(head, '', state.text));
      return {
        kind: 'document',
        name: `WORKSTATE-${found.agent.name}.md`,
        content: state.text,
        body: { text: head.text, entities: [] },
        buttons: [],
      };
    },
  };
}
