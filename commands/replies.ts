import type { Button, Content } from '../src/telegram/outbox.ts';
import { code, line, LONGEST_TEXT, type Piece, richText, shorten } from '../src/telegram/cards/words.ts';

/** A reply of text; one that is too long is cut and says so, which loses its formatting but not its beginning. */
export function reply(text: Piece, buttons: readonly (readonly Button[])[] = []): Content {
  const body = richText(text);
  return {
    kind: 'text',
    body: body.text.length <= LONGEST_TEXT ? body : { text: shorten(body.text, LONGEST_TEXT), entities: [] },
    buttons,
  };
}

/** Asks which one is meant, with each command to tap and copy. */
export function askWhich(command: string, names: Iterable<string>): Content {
  return reply(line('Which one? ', ...[...names].flatMap((name) => [code(`/${command} ${name}`), ' '])));
}

/** Looks an agent up by the name that the owner typed; a reply that says which there are when there is none of that name. */
export function findAgent<Agent>(
  agents: ReadonlyMap<string, Agent>,
  name: string,
): { readonly kind: 'found'; readonly agent: Agent } | { readonly kind: 'unknown'; readonly reply: Content } {
  const agent = agents.get(name.toLowerCase());
  if (agent !== undefined) return { kind: 'found', agent };
  return {
    kind: 'unknown',
    reply: reply(`There is no agent "${shorten(name, 60)}". There are: ${[...agents.keys()].join(', ')}.`),
  };
}
