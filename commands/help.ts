import { bold, lines } from '../src/telegram/cards/words.ts';
import type { Command } from './command.ts';
import { reply } from './replies.ts';

/** /help: every command in a line; `listed` is asked at each call, since help is one of them. */
export function createHelpCommand(
  listed: () => readonly Pick<Command, 'name' | 'description'>[],
  toCome: readonly string[],
): Command {
  return {
    name: 'help',
    description: 'what I can do',
    run: () =>
      reply(
        lines(
          bold('What I can do'),
          ...listed().map((command) => `/${command.name} – ${command.description}`),
          '',
          'Press Edit on a card and send the new text, or simply reply to the card with it. /cancel ends a question of mine.',
          toCome.length === 0 ? undefined : `Not there yet: ${toCome.map((name) => `/${name}`).join(' ')}`,
        ),
      ),
  };
}
