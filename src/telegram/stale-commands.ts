import type { ConfirmationRow } from '../../storage/confirmation-store.ts';
import { bold, duration, line, lines, LONGEST_CAPTION, LONGEST_TEXT, type Piece, shorten } from './cards/words.ts';
import { ageNote, commandText } from './confirmations.ts';
import type { Content } from './outbox.ts';

/** A reply to a command that waited through an outage says how old the command was; all others stay as they are. */
export function withAge(content: Content, ageMs: number): Content {
  const age = ageNote(ageMs);
  if (age === undefined || (content.kind !== 'text' && content.kind !== 'document')) return content;
  const { text, entities } = content.body;
  const note = `\n\n${age}`;
  const longest = (content.kind === 'text' ? LONGEST_TEXT : LONGEST_CAPTION) - note.length;
  if (text.length <= longest) return { ...content, body: { text: `${text}${note}`, entities } };
  return { ...content, body: { text: `${shorten(text, longest)}${note}`, entities: [] } };
}

/** Asks whether a command that waited `ageMs` is still meant; `harm` says what it would do. */
export function staleQuestion(
  command: Pick<ConfirmationRow, 'command' | 'argument'>,
  harm: string,
  ageMs: number,
): Piece {
  return lines(
    line(
      '🕰 You sent ',
      bold(commandText(command)),
      ` ${duration(ageMs)} ago, and I read it only now: I have not done it.`,
    ),
    `${harm} Shall I still do it?`,
  );
}
