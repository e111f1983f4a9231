import { stripVTControlCharacters } from 'node:util';
import type { RichText } from '../outbox.ts';
import { LONGEST_TEXT } from './words.ts';

/** Control characters but the tab, and the invisible ones that turn text around or hide it. */
const INVISIBLE = /[^\P{Cc}\t]|[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;
/** How far a cut may move on to the next word: what is cut in two could be a secret that nobody knows by its half. */
const LONGEST_WORD = 400;

/**
 * Output as a person would see it on a terminal, line by line: without escape sequences and control characters, and of a line that was
 * written over again and again only what it ended with.
 */
export function readableOutput(output: string): string {
  return output
    .split('\n')
    .map((line) =>
      stripVTControlCharacters(line.replace(/\r+$/, '').replace(/^.*\r/s, '')).replace(INVISIBLE, '').toWellFormed(),
    )
    .join('\n');
}

/** A head line, and below it, in a fixed width, as much of the output's end as a message takes; `output` is readable already. */
export function renderLogEnd(head: RichText, output: string): RichText {
  const text = output.replace(/\s+$/, '');
  if (text === '') return { ...head, text: `${head.text}\n\nIt has said nothing yet.` };
  const shown = lastPart(text.replace(/^\n+/, ''), LONGEST_TEXT - head.text.length - 2);
  return {
    text: `${head.text}\n${shown}`,
    entities: [...head.entities, { type: 'pre', offset: head.text.length + 1, length: shown.length }],
  };
}

/** The end of a text: whole lines, or of a line that is too long itself, whole words. */
function lastPart(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const part = text.slice(-longest + 2);
  const newline = part.indexOf('\n');
  if (newline >= 0 && newline < part.length / 2) return part.slice(newline + 1);
  const word = part.slice(0, LONGEST_WORD).search(/[\s"']/);
  return `… ${part.slice(word + 1)}`.toWellFormed();
}
