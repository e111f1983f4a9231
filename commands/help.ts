import { bold, lines } from '../src/telegram/cards/words.ts';
import { mayDo, roleOfActor } from '../src/people.ts';
import { roleForCommand } from '../src/telegram/rights.ts';
import type { Command } from './command.ts';
import { reply } from './replies.ts';

/** /help: every command in a line; `listed` is asked at each call, since help is one of them. */
export function createHelpCommand(listed: () => readonly Pick<Command, 'name' | 'description'>[]): Command {
  return {
    name: 'help',
    description: 'what I can do',
    run: ({ actor }) =>
      reply(
        lines(
          bold('What I can do'),
          ...listed()
            .filter(({ name }) => mayDo(roleOfActor(actor), roleForCommand(name)))
            .map((command) => `/${command.name} – ${command.description}`),
          '',
          mayDo(roleOfActor(actor), 'approver')
            ? 'Press Edit on a card and send the new text, or simply reply to the card with it. /cancel ends a question of mine.'
            : 'You see all of it; owners and approvers decide.',
        ),
      ),
  };
}
