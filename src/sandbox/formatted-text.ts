/** A text as a bot gives it, turned into what the chat shows: parsed, range-checked, trimmed, and within its limit. */
import { badRequest, sandboxRefusal } from './bot-error.ts';
import { EntityParseError, parseHtml } from './html-entities.ts';
import type { MessageEntity } from './message-entity.ts';
import { sortEntities } from './message-entity.ts';

/** Text with its special parts. */
export interface FormattedText {
  readonly text: string;
  readonly entities: readonly MessageEntity[];
}

/** Longest text of a message, after entity parsing. */
export const maxTextLength = 4096;
/** Longest caption, after entity parsing. */
const maxCaptionLength = 1024;

/** Parses `text` by `parseMode` or checks the given entities; throws a BotApiRefusal in the server's words. */
function formatText(text: string, parseMode: unknown, entities: unknown): FormattedText {
  if (!text.isWellFormed()) throw badRequest('text must be encoded in UTF-8');
  if (parseMode === undefined || parseMode === '') {
    const given = (Array.isArray(entities) ? entities : []) as MessageEntity[];
    return trim({ text, entities: sortEntities(checkRanges(text, given)) });
  }
  if (parseMode !== 'HTML')
    throw sandboxRefusal(`parse_mode ${JSON.stringify(parseMode)} is not implemented, only HTML is`);
  try {
    return trim(parseHtml(text));
  } catch (error) {
    if (error instanceof EntityParseError) throw badRequest(`can't parse entities: ${error.message}`);
    throw error;
  }
}

/** Entities of no length are dropped; those outside of the text, or between two surrogates, are errors. */
function checkRanges(text: string, entities: readonly MessageEntity[]): MessageEntity[] {
  const kept = entities.filter((entity) => entity.offset >= 0 && entity.length > 0);
  for (const { offset, length } of kept) {
    if (offset >= text.length) throw badRequest(`Entity begins after the end of the text at UTF-16 offset ${offset}`);
    if (offset + length > text.length) {
      throw badRequest(`Entity ends after the end of the text at UTF-16 offset ${offset + length}`);
    }
    if (splitsSurrogates(text, offset)) {
      throw badRequest(`Entity begins in a middle of a UTF-16 symbol at byte offset ${byteOffset(text, offset)}`);
    }
    if (splitsSurrogates(text, offset + length)) {
      throw badRequest(
        `Entity ends in a middle of a UTF-16 symbol at byte offset ${byteOffset(text, offset + length)}`,
      );
    }
  }
  return kept;
}

function splitsSurrogates(text: string, index: number): boolean {
  return index > 0 && index < text.length && /[\uD800-\uDBFF]/.test(text.charAt(index - 1));
}

function byteOffset(text: string, index: number): number {
  return Buffer.byteLength(text.slice(0, index - 1));
}

/** White space at both ends goes, on the left only up to the first entity; entities shrink with it. */
function trim({ text, entities }: FormattedText): FormattedText {
  const firstEntity = Math.min(text.length, ...entities.map((entity) => entity.offset));
  const start = Math.min(text.length - text.trimStart().length, firstEntity);
  const kept = text.slice(start).trimEnd();
  const shifted = entities
    .map((entity) => ({ ...entity, offset: entity.offset - start }))
    .map((entity) => ({ ...entity, length: Math.min(entity.length, kept.length - entity.offset) }))
    .filter((entity) => entity.length > 0);
  return { text: kept, entities: shifted };
}

/** The text of a message; throws when it is empty or too long. */
export function messageText(text: unknown, parseMode: unknown, entities: unknown): FormattedText {
  if (typeof text !== 'string' || text === '') throw badRequest('message text is empty');
  const formatted = formatText(text, parseMode, entities);
  if (formatted.text === '') throw badRequest('text must be non-empty');
  if (formatted.text.length > maxTextLength) throw badRequest('message is too long');
  return formatted;
}

/** The caption of a document, which may be empty; throws when it is too long. */
export function captionText(caption: unknown, parseMode: unknown, entities: unknown): FormattedText {
  const formatted = formatText(typeof caption === 'string' ? caption : '', parseMode, entities);
  if (formatted.text.length > maxCaptionLength) throw badRequest('message caption is too long');
  return formatted;
}
