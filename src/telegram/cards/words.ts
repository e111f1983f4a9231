import { FormattedString } from '@grammyjs/parse-mode';
import type { RichText, TextEntity } from '../outbox.ts';

/** The longest text of a message, and of a document's caption, in UTF-16 units (Bot API). */
export const LONGEST_TEXT = 4_096;
export const LONGEST_CAPTION = 1_024;
/** What an address may take where it cannot be a link. */
const LONGEST_ADDRESS = 200;

/** Anything that can stand in a line: plain text, or text with entities. */
export type Piece = string | FormattedString;

/** Builds one text of lines; empty pieces vanish, so that a card can name what it shows only sometimes. */
export function lines(...pieces: readonly (Piece | undefined)[]): FormattedString {
  return FormattedString.join(
    pieces.filter((piece): piece is Piece => piece !== undefined),
    '\n',
  );
}

/** Joins pieces without anything between them. */
export function line(...pieces: readonly Piece[]): FormattedString {
  return FormattedString.join(pieces as Piece[], '');
}

export function bold(text: Piece): FormattedString {
  return FormattedString.bold(text);
}

export function italic(text: Piece): FormattedString {
  return FormattedString.italic(text);
}

/** Text in a fixed width, which a tap copies and no app takes for a command. */
export function code(text: string): FormattedString {
  return FormattedString.code(text);
}

export function quote(text: Piece): FormattedString {
  return FormattedString.blockquote(text);
}

/** A link where the address is one that Telegram takes, else the bare text. */
export function link(text: string, url: string): Piece {
  return /^https?:\/\/\S+$/i.test(url) ? FormattedString.link(text, url) : `${text} (${shorten(url, LONGEST_ADDRESS)})`;
}

/** A time of day: in the reader's own zone where the app can, else as written here in the fleet's zone; to the second where minutes say too little. */
export function clockTime(
  at: number,
  timezone: string,
  now: number,
  to: 'minute' | 'second' = 'minute',
): FormattedString {
  const sameDay = dayOf(at, timezone) === dayOf(now, timezone);
  const text = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    hour: '2-digit',
    minute: '2-digit',
    ...(to === 'second' && sameDay ? { second: '2-digit' as const } : {}),
    hourCycle: 'h23',
    ...(sameDay ? {} : { weekday: 'short', day: 'numeric', month: 'short' }),
  }).format(at);
  return FormattedString.time(text, Math.floor(at / 1_000), sameDay ? (to === 'second' ? 'T' : 't') : 'wdt');
}

function dayOf(at: number, timezone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: timezone }).format(at);
}

/** A length of time as a person says it: `45 s`, `4 min`, `2 h 5 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/** Millionths of a US dollar as a person reads them: `$0.42`. */
export function dollarText(microUsd: number): string {
  return `$${(microUsd / 1_000_000).toFixed(2)}`;
}

/** `812`, `12k`, `1.4M`. */
export function tokenText(tokens: number): string {
  if (tokens < 1_000) return String(tokens);
  return tokens < 999_500 ? `${Math.round(tokens / 1_000)}k` : `${(tokens / 1_000_000).toFixed(1)}M`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listText(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** `1 run`, `3 runs`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** Cuts a text to at most `max` UTF-16 units, never through a surrogate pair, and says that it did. */
export function shorten(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = max - 1;
  const high = text.charCodeAt(end - 1);
  return `${text.slice(0, high >= 0xd800 && high <= 0xdbff ? end - 1 : end)}…`;
}

/**
 * What the outbox stores; entities that reach over the end of the text cannot occur, since the library built both. A lone half of a
 * surrogate pair, which Telegram refuses, becomes U+FFFD: as long, so that the entities still fit.
 */
export function richText(text: Piece): RichText {
  return typeof text === 'string'
    ? { text: text.toWellFormed(), entities: [] }
    : { text: text.text.toWellFormed(), entities: text.entities as unknown as readonly TextEntity[] };
}
