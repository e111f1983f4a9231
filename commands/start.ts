import type { Fleet } from '../src/config/fleet.ts';
import { bold, count, lines } from '../src/telegram/cards/words.ts';
import type { Command } from './command.ts';
import { reply } from './replies.ts';

/** /start: who I am, and what to do first. */
export function createStartCommand(fleet: Fleet): Command {
  return {
    name: 'start',
    description: 'who I am, and what to do first',
    run: () =>
      reply(
        lines(
          bold('🌙 Nightdesk'),
          `I run ${count(fleet.agents.size, 'agent')} for you: ${[...fleet.agents.keys()].join(', ')}.`,
          '',
          'Nothing they write goes out without you: each draft comes here with Approve, Edit and Reject.',
          'When something breaks I tell you at once, with a button that mends it.',
          '',
          'First: /status. What waits for you: /drafts. Everything I can do: /help.',
        ),
      ),
  };
}
