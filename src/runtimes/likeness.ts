import { createHash } from 'node:crypto';

/** What is compared of a text, in characters: a call that writes more differs at its beginning, or counts as alike. */
const COMPARED_CHARACTERS = 64 * 1024;

/** Short enough to be kept as it stands. */
const PLAIN_CHARACTERS = 80;

/**
 * What a text is like, in at most 80 characters: texts that differ only in digits, in hexadecimal names and in white space are alike, since
 * a loop that counts, or names a new session each time, is a loop all the same.
 */
export function likenessOfText(text: string): string {
  const plain = text
    .slice(0, COMPARED_CHARACTERS)
    .replace(/\b(?=[a-f-]*\d)[\da-f-]{8,}\b/gi, '#')
    .replace(/\d+/g, '#')
    .replace(/\s+/g, ' ')
    .trim();
  return plain.length <= PLAIN_CHARACTERS ? plain : createHash('sha256').update(plain).digest('base64url');
}
