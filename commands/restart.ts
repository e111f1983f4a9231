import type { Storage } from '../storage/storage.ts';
import type { Fleet } from '../src/config/fleet.ts';
import type { Restarter } from '../src/restart/restarter.ts';
import { code, line, lines } from '../src/telegram/cards/words.ts';
import type { CallbackData } from '../src/telegram/callback-data.ts';
import type { Command } from './command.ts';
import { askWhich, findAgent, reply } from './replies.ts';

const USAGE = line('You can say: ', code('/restart nightdesk'), ' or ', code('/restart nightdesk now'));

/** /restart AGENT|all ends the run and begins it anew, `all` is whoever runs; /restart nightdesk [now] is about Nightdesk itself. */
export function createRestartCommand(
  fleet: Fleet,
  storage: Storage,
  restart: (agent: string, by: string) => string,
  restarter: Pick<Restarter, 'ask'>,
  callbackData: CallbackData,
): Command {
  return {
    name: 'restart',
    description: 'end an agent’s run and begin it anew; nightdesk restarts me',
    // It ends what runs by now.
    asksAgain(argument) {
      if (/^nightdesk\s+now$/i.test(argument)) return 'It stops what runs now, and restarts me.';
      if (/^nightdesk$/i.test(argument)) return 'It restarts me, and nothing new starts before that.';
      const isMeant = /^all$/i.test(argument) || fleet.agents.has(argument.toLowerCase());
      return isMeant ? 'It ends what runs now, and begins it anew.' : undefined;
    },
    run({ argument, actor, now, replyKey }) {
      const target = argument.toLowerCase().replaceAll(/\s+/g, ' ');
      if (target === '')
        return askWhich({
          command: 'restart',
          verb: 'restart',
          names: fleet.agents.keys(),
          callbackData,
          also: ['all', 'nightdesk'],
        });
      if (target === 'nightdesk' || target === 'nightdesk now') {
        const messageKey = replyKey ?? `restart:${now}`;
        return restarter.ask({ by: actor, messageKey, isNow: target.endsWith(' now'), now });
      }
      if (target === 'all') {
        const running = storage.runs.alive().filter(({ agent }) => fleet.agents.has(agent));
        if (running.length === 0) return reply('No agent runs right now. /run AGENT starts one.');
        return reply(lines(...running.map(({ agent }) => restart(agent, actor))));
      }
      if (target.startsWith('nightdesk ')) return reply(USAGE);
      const found = findAgent(fleet.agents, target);
      return found.kind === 'unknown' ? found.reply : reply(restart(found.agent.name, actor));
    },
  };
}
