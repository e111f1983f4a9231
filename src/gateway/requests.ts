import { z } from 'zod';
import { MAX_CONTEXT_CHARS, MAX_NOTE_CHARS } from './limits.ts';

/** What each POST route takes; messages are the end of a sentence that begins with the field's name. */

const NOT_TEXT = 'must be text';

/**
 * Half surrogates and NUL are refused, not mended: SQLite would store the one changed and the other cut off in half of
 * its functions.
 */
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

const STORABLE = 'must be well-formed Unicode without NUL characters';

/** One line of 1 to `max` characters: the names, addresses and keys that appear in cards and logs. */
function line(max: number) {
  return z
    .string(NOT_TEXT)
    .max(max, `must have at most ${max} characters`)
    .refine(isStorable, STORABLE)
    .refine((text) => text.trim() !== '', 'must not be empty')
    .refine((text) => !/[\p{Cc}\u2028\u2029]/u.test(text), 'must be one line without control characters');
}

function text() {
  return z.string(NOT_TEXT).refine(isStorable, STORABLE);
}

/** A text that only informs: cut at the limit instead of refused. */
function note() {
  return text().transform((full) => (full.length <= MAX_NOTE_CHARS ? full : `${cutAt(full, MAX_NOTE_CHARS - 1)}…`));
}

function cutAt(full: string, length: number): string {
  return full
    .slice(0, length)
    .toWellFormed()
    .replace(/\uFFFD$/, '');
}

function isUrl(candidate: string): boolean {
  return URL.canParse(candidate) && !/\s/.test(candidate);
}

const NOT_WINDOW = 'must be a whole number of milliseconds from 1000 (a second) to 31622400000 (366 days)';
const NOT_PRIORITY = 'must be a whole number from 1 (the most urgent) to 5';
const FAILURE_KINDS = ['auth', 'rate-limit', 'not-found', 'other'] as const;

export const draftRequest = z.strictObject({
  kind: line(100),
  to: line(1000),
  url: line(2048).refine(isUrl, 'must be a whole URL, as in https://example.com/thread/1').exactOptional(),
  context: text().max(MAX_CONTEXT_CHARS, `must have at most ${MAX_CONTEXT_CHARS} characters`).exactOptional(),
  body: text().refine((body) => body.trim() !== '', 'must not be empty'),
  windowMs: z.int(NOT_WINDOW).min(1000, NOT_WINDOW).max(31_622_400_000, NOT_WINDOW).exactOptional(),
  priority: z.int(NOT_PRIORITY).min(1, NOT_PRIORITY).max(5, NOT_PRIORITY).exactOptional(),
  key: line(200).exactOptional(),
});

export const beatRequest = z.strictObject({ note: note().exactOptional() });

export const progressRequest = z.strictObject({
  text: note().refine((progress) => progress.trim() !== '', 'must not be empty'),
});

export const failRequest = z.strictObject({
  tool: line(100),
  kind: z.enum(FAILURE_KINDS, `must be one of ${FAILURE_KINDS.join(', ')}`),
  credential: line(100).exactOptional(),
  text: note().refine((what) => what.trim() !== '', 'must not be empty'),
});

/** At most this many faults in one answer: the first ones say what is wrong, the rest only makes it long. */
const MAX_FAULTS = 5;

/** One sentence that names each wrong field of a request. */
export function explainFaults(schema: z.ZodObject, input: unknown, error: z.ZodError): string {
  const known = Object.keys(schema.shape);
  const faults = error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') {
      const unknown = issue.keys.slice(0, MAX_FAULTS).map((key) => JSON.stringify(key.slice(0, 100)));
      return `${unknown.join(', ')} is not known here (known: ${known.join(', ')})`;
    }
    const field = issue.path[0];
    if (field === undefined) return `the request must be a JSON object with ${known.join(', ')}`;
    const missing = typeof input === 'object' && input !== null && !Object.hasOwn(input, field);
    return `${String(field)} ${missing ? 'is missing' : issue.message}`;
  });
  return faults.slice(0, MAX_FAULTS).join('; ');
}
