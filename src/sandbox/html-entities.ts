/**
 * Telegram's HTML style, parsed as strictly as TDLib does (parse_html in td/telegram/MessageEntity.cpp): same tags, same
 * wordings, byte offsets in UTF-8, entity offsets in UTF-16 code units.
 */
import type { MessageEntity } from './message-entity.ts';
import { sortEntities } from './message-entity.ts';
import { checkedLink, linkedUserId } from './links.ts';

/** Why a text was not parsed, in TDLib's words, without the prefix that the Bot API puts before them. */
export class EntityParseError extends Error {
  override readonly name = 'EntityParseError';
}

interface OpenTag {
  readonly name: string;
  readonly argument: string;
  readonly offset: number;
}

interface Attributes {
  readonly argument: string;
  /** Index of the `>` that ends the tag. */
  readonly end: number;
}

const simpleTags: Readonly<Record<string, MessageEntity['type']>> = {
  b: 'bold',
  strong: 'bold',
  i: 'italic',
  em: 'italic',
  u: 'underline',
  ins: 'underline',
  s: 'strikethrough',
  strike: 'strikethrough',
  del: 'strikethrough',
  'tg-spoiler': 'spoiler',
  span: 'spoiler',
};
const otherTags = new Set(['a', 'pre', 'code', 'blockquote', 'tg-emoji', 'tg-time']);
const namedCharacters: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"' };

/** Parses HTML into text and entities, or throws an EntityParseError. */
export function parseHtml(html: string): { readonly text: string; readonly entities: MessageEntity[] } {
  const entities: MessageEntity[] = [];
  const open: OpenTag[] = [];
  let text = '';
  let index = 0;
  while (index < html.length) {
    const character = html.charAt(index);
    if (character === '&') {
      const decoded = decodeCharacter(html, index);
      text += decoded?.character ?? '&';
      index = decoded?.next ?? index + 1;
    } else if (character !== '<') {
      text += character;
      index += 1;
    } else if (html.charAt(index + 1) !== '/') {
      const tag = readStartTag(html, index);
      open.push({ name: tag.name, argument: tag.argument, offset: text.length });
      index = tag.end + 1;
    } else {
      const last = open.pop();
      index = readEndTag(html, index, last?.name) + 1;
      if (last !== undefined && text.length > last.offset) closeTag(last, text, entities);
    }
  }
  const unclosed = open.at(-1);
  if (unclosed !== undefined) {
    throw new EntityParseError(`Can't find end tag corresponding to start tag "${unclosed.name}"`);
  }
  if (!text.isWellFormed()) {
    throw new EntityParseError(
      'Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate code units',
    );
  }
  return { text, entities: sortEntities(entities.map(withoutCodeLanguage)) };
}

function readStartTag(html: string, begin: number): { name: string; argument: string; end: number } {
  const nameEnd = skipUntil(html, begin + 1, (character) => isSpace(character) || character === '>');
  if (nameEnd >= html.length)
    throw new EntityParseError(`Unclosed start tag at byte offset ${byteOffset(html, begin)}`);
  const name = html.slice(begin + 1, nameEnd).toLowerCase();
  if (simpleTags[name] === undefined && !otherTags.has(name)) {
    throw new EntityParseError(`Unsupported start tag "${name}" at byte offset ${byteOffset(html, begin)}`);
  }
  const { argument, end } = readAttributes(html, begin, nameEnd, name);
  if (name === 'span' && argument !== 'spoiler') {
    throw new EntityParseError(`Tag "span" must have class "tg-spoiler" at byte offset ${byteOffset(html, begin)}`);
  }
  return { name, argument, end };
}

function readAttributes(html: string, begin: number, from: number, tag: string): Attributes {
  const values = new Map<string, string>();
  let index = from;
  for (;;) {
    index = skipSpaces(html, index);
    if (index >= html.length) throw unclosedTag(html, begin, tag);
    if (html.charAt(index) === '>') return { argument: argumentOf(tag, values), end: index };

    const nameEnd = skipUntil(html, index, (character) => isSpace(character) || character === '=' || character === '>');
    const name = html.slice(index, nameEnd);
    if (name === '') {
      throw new EntityParseError(`Empty attribute name in the tag "${tag}" at byte offset ${byteOffset(html, begin)}`);
    }
    index = skipSpaces(html, nameEnd);
    if (html.charAt(index) !== '=') {
      values.set(name, values.get(name) ?? '');
      continue;
    }
    index = skipSpaces(html, index + 1);
    if (index >= html.length) throw unclosedTag(html, begin, tag);
    const value = readAttributeValue(html, index);
    if (value.next >= html.length) {
      throw new EntityParseError(`Unclosed start tag at byte offset ${byteOffset(html, begin)}`);
    }
    values.set(name, value.text);
    index = value.next;
  }
}

function readAttributeValue(html: string, begin: number): { text: string; next: number } {
  const quote = html.charAt(begin);
  if (quote !== '"' && quote !== "'") return readNameToken(html, begin);
  let text = '';
  let index = begin + 1;
  while (index < html.length && html.charAt(index) !== quote) {
    const decoded = html.charAt(index) === '&' ? decodeCharacter(html, index) : undefined;
    text += decoded?.character ?? html.charAt(index);
    index = decoded?.next ?? index + 1;
  }
  return { text, next: index < html.length ? index + 1 : index };
}

/** A value without quotes: letters, digits, periods and hyphens, in lower case. */
function readNameToken(html: string, begin: number): { text: string; next: number } {
  const next = skipUntil(html, begin, (character) => !/[A-Za-z0-9.-]/.test(character));
  if (next < html.length && !isSpace(html.charAt(next)) && html.charAt(next) !== '>') {
    throw new EntityParseError(`Unexpected end of name token at byte offset ${byteOffset(html, begin)}`);
  }
  return { text: html.slice(begin, next).toLowerCase(), next };
}

/** What a tag keeps of its attributes: a link, a language, an identifier; the rest is ignored. */
function argumentOf(tag: string, values: ReadonlyMap<string, string>): string {
  switch (tag) {
    case 'a':
      return values.get('href') ?? '';
    case 'code':
      return afterPrefix(values.get('class'), 'language-');
    case 'span':
      return afterPrefix(values.get('class'), 'tg-');
    case 'tg-emoji':
      return values.get('emoji-id') ?? '';
    case 'tg-time':
      return `${values.get('unix') ?? ''} ${values.get('format') ?? ''}`;
    case 'blockquote':
      return values.has('expandable') ? 'expandable' : '';
    default:
      return '';
  }
}

function readEndTag(html: string, begin: number, expected: string | undefined): number {
  const offset = byteOffset(html, begin);
  if (expected === undefined) throw new EntityParseError(`Unexpected end tag at byte offset ${offset}`);
  const nameEnd = skipUntil(html, begin + 2, (character) => isSpace(character) || character === '>');
  const name = html.slice(begin + 2, nameEnd).toLowerCase();
  const end = skipSpaces(html, nameEnd);
  if (html.charAt(end) !== '>') throw new EntityParseError(`Unclosed end tag at byte offset ${offset}`);
  if (name !== '' && name !== expected) {
    throw new EntityParseError(
      `Unmatched end tag at byte offset ${offset}, expected "</${expected}>", found "</${name}>"`,
    );
  }
  return end;
}

function closeTag(tag: OpenTag, text: string, entities: MessageEntity[]): void {
  const range = { offset: tag.offset, length: text.length - tag.offset };
  const simple = simpleTags[tag.name];
  if (simple !== undefined) entities.push({ type: simple, ...range });
  else if (tag.name === 'blockquote') {
    entities.push({ type: tag.argument === '' ? 'blockquote' : 'expandable_blockquote', ...range });
  } else if (tag.name === 'tg-emoji')
    entities.push({ type: 'custom_emoji', custom_emoji_id: emojiId(tag.argument), ...range });
  else if (tag.name === 'tg-time') entities.push({ ...dateTime(tag.argument), ...range });
  else if (tag.name === 'a') closeLink(tag, text, entities);
  else closeCode(tag, range, entities);
}

/** A link that Telegram would not open is dropped without a word, as the real server does. */
function closeLink(tag: OpenTag, text: string, entities: MessageEntity[]): void {
  const range = { offset: tag.offset, length: text.length - tag.offset };
  const target = tag.argument === '' ? text.slice(tag.offset) : tag.argument;
  const userId = linkedUserId(target);
  if (userId !== undefined) {
    entities.push({ type: 'text_mention', user: { id: userId, is_bot: false, first_name: '' }, ...range });
    return;
  }
  const url = checkedLink(target);
  if (url !== undefined) entities.push({ type: 'text_link', url, ...range });
}

/** `pre` around exactly one `code` with a language, or the other way round, is one block in that language. */
function closeCode(tag: OpenTag, range: { offset: number; length: number }, entities: MessageEntity[]): void {
  const last = entities.at(-1);
  const same = last !== undefined && last.offset === range.offset && last.length === range.length;
  if (same && tag.name === 'pre' && last.type === 'code' && last.language !== undefined) {
    entities[entities.length - 1] = { type: 'pre', language: last.language, ...range };
  } else if (same && tag.name === 'code' && last.type === 'pre' && tag.argument !== '') {
    entities[entities.length - 1] = { type: 'pre', language: tag.argument, ...range };
  } else {
    entities.push({
      type: tag.name === 'pre' ? 'pre' : 'code',
      ...range,
      ...(tag.argument === '' ? {} : { language: tag.argument }),
    });
  }
}

function withoutCodeLanguage(entity: MessageEntity): MessageEntity {
  if (entity.type !== 'code') return entity;
  return { type: 'code', offset: entity.offset, length: entity.length };
}

function emojiId(argument: string): string {
  if (!/^[1-9]\d*$/.test(argument)) throw new EntityParseError('Invalid custom emoji identifier specified');
  return argument;
}

function dateTime(argument: string): { type: 'date_time'; unix_time: number; date_time_format: string } {
  const [unix = '', format = ''] = argument.split(' ');
  if (!/^\d+$/.test(unix)) throw new EntityParseError('Invalid Unix time specified');
  if (!/^(r|w?[dD]?[tT]?)$/.test(format)) throw new EntityParseError('Invalid date format used');
  return { type: 'date_time', unix_time: Number(unix), date_time_format: format };
}

function decodeCharacter(html: string, begin: number): { character: string; next: number } | undefined {
  const numeric = /^&#(?:x([0-9a-fA-F]*)|(\d*))/.exec(html.slice(begin, begin + 16));
  if (numeric !== null) {
    const [all, hexadecimal, decimal] = numeric;
    const code = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16);
    // TDLib takes at most nine characters, and no code point from 0x10ffff on.
    if (!(code > 0 && code < 0x10ffff) || all.length >= 10) return undefined;
    return { character: String.fromCodePoint(code), next: afterSemicolon(html, begin + all.length) };
  }
  const name = /^&([A-Za-z]*)/.exec(html.slice(begin, begin + 16))?.[1] ?? '';
  const character = namedCharacters[name];
  return character === undefined ? undefined : { character, next: afterSemicolon(html, begin + 1 + name.length) };
}

function afterSemicolon(html: string, index: number): number {
  return html.charAt(index) === ';' ? index + 1 : index;
}

function afterPrefix(value: string | undefined, prefix: string): string {
  return value?.startsWith(prefix) === true ? value.slice(prefix.length) : '';
}

function skipUntil(html: string, begin: number, ends: (character: string) => boolean): number {
  let index = begin;
  while (index < html.length && !ends(html.charAt(index))) index += 1;
  return index;
}

function skipSpaces(html: string, begin: number): number {
  return skipUntil(html, begin, (character) => !isSpace(character));
}

function isSpace(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\r' || character === '\n' || character === '\v';
}

function unclosedTag(html: string, begin: number, tag: string): EntityParseError {
  return new EntityParseError(`Unclosed start tag "${tag}" at byte offset ${byteOffset(html, begin)}`);
}

function byteOffset(html: string, index: number): number {
  return Buffer.byteLength(html.slice(0, index));
}
