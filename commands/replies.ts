import type { Button, Content } from '../src/telegram/outbox.ts';
import type { CallbackData, Verb } from '../src/telegram/callback-data.ts';
import { agentButton, layOut, MOST_AGENT_BUTTONS } from '../src/telegram/cards/agent-buttons.ts';
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

/** What asks which agent is meant. */
export interface Choice {
  readonly command: string;
  readonly names: Iterable<string>;
  /** What a press on a name does. */
  readonly verb: Verb;
  readonly choice?: number;
  readonly callbackData: CallbackData;
  /** What is said instead of the bare question. */
  readonly head?: Piece;
  /** Besides the names, such as `all`: they can only be typed. */
  readonly also?: readonly string[];
}

/** Asks which one is meant: a button for each agent; of a fleet that fills more than a phone, each command to tap and copy. */
export function askWhich({
  command,
  verb,
  choice = 0,
  callbackData,
  head = 'Which one?',
  also = [],
  ...rest
}: Choice): Content {
  const names = [...rest.names];
  const typed = (name: string): Piece => code(`/${command} ${name}`);
  const last = also.flatMap((name, index) => [index === 0 ? '\nOr ' : ', ', typed(name)]);
  if (names.length > MOST_AGENT_BUTTONS)
    return reply(line(head, ' ', ...names.flatMap((name) => [typed(name), ' ']), ...last));
  return reply(
    line(head, ...last),
    layOut(names.map((name) => agentButton(name, verb, name, callbackData, { choice }))),
  );
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
