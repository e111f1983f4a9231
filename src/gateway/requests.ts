import { z } from 'zod';
import {
  MAX_CONTEXT_CHARS,
  MAX_MEDIA,
  MAX_NOTE_CHARS,
  MAX_OPTION_CHARS,
  MAX_OPTIONS,
  MAX_PATH_CHARS,
  MAX_PATIENCE_MS,
  MAX_PATIENCE_WORDS,
  MAX_QUESTION_CHARS,
  MAX_SPAN_MS,
} from './limits.ts';
import { readSpan } from './written-span.ts';

/**
 * What each POST route takes, and each tool; messages are the end of a sentence that begins with the field's name, descriptions are what
 * agents read of a tool.
 */

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
export function line(max: number) {
  return z
    .string(NOT_TEXT)
    .max(max, `must have at most ${max} characters`)
    .refine(isStorable, STORABLE)
    .refine((text) => text.trim() !== '', 'must not be empty')
    .refine((text) => !/[\p{Cc}\u2028\u2029]/u.test(text), 'must be one line without control characters');
}

/** Text of any length that SQLite keeps as it is. */
export function text() {
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

const SHORTEST_MS = 1_000;
const NOT_SPAN = `must be a whole number of milliseconds from ${SHORTEST_MS} (a second) to ${MAX_SPAN_MS} (366 days)`;

function span() {
  return z.int(NOT_SPAN).min(SHORTEST_MS, NOT_SPAN).max(MAX_SPAN_MS, NOT_SPAN);
}

/** A span as agents write it, `4h`. */
function writtenSpan(maxMs?: number, maxWords?: string) {
  return z.string(NOT_TEXT).transform((written, context) => {
    const span = readSpan(written, maxMs, maxWords);
    if (typeof span === 'number') return span;
    context.addIssue({ code: 'custom', message: `must be ${span}` });
    return z.NEVER;
  });
}

const NOT_PRIORITY = 'must be a whole number from 1 (the most urgent) to 5';
const FAILURE_KINDS = ['auth', 'rate-limit', 'not-found', 'other'] as const;

export const draftRequest = z.strictObject({
  kind: line(100).describe('what it is, as fleet.yaml names it: reply, post'),
  to: line(1000).describe('who gets it'),
  url: line(2048)
    .refine(isUrl, 'must be a whole URL, as in https://example.com/thread/1')
    .describe('what it answers')
    .exactOptional(),
  context: text()
    .max(MAX_CONTEXT_CHARS, `must have at most ${MAX_CONTEXT_CHARS} characters`)
    .describe('what the owner should know to decide')
    .exactOptional(),
  body: text()
    .refine((body) => body.trim() !== '', 'must not be empty')
    .describe('the text, exactly as it is to go out'),
  windowMs: span().exactOptional(),
  priority: z
    .int(NOT_PRIORITY)
    .min(1, NOT_PRIORITY)
    .max(5, NOT_PRIORITY)
    .describe('1 is the most urgent; default 3')
    .exactOptional(),
  key: line(200).describe('your own name for it: the same key again is the same draft').exactOptional(),
  media: z
    .array(line(MAX_PATH_CHARS), 'must be a list of paths')
    .max(MAX_MEDIA, `must be at most ${MAX_MEDIA} files`)
    .describe('files that go out with it: paths, relative ones from your workdir')
    .exactOptional(),
});

const NOT_DRAFT = 'must be the number of a draft';

export const versionRequest = draftRequest.pick({ body: true, media: true }).extend({
  revises: z
    .int(NOT_DRAFT)
    .min(1, NOT_DRAFT)
    .describe('the number of your draft that the owner wants another version of: then only `body` is needed besides'),
});

const NOT_PATIENCE = `must be a whole number of milliseconds from ${SHORTEST_MS} (a second) to ${MAX_PATIENCE_MS} (24 hours)`;

export const beatRequest = z.strictObject({
  note: note().describe('what you are at').exactOptional(),
  forMs: z.int(NOT_PATIENCE).min(SHORTEST_MS, NOT_PATIENCE).max(MAX_PATIENCE_MS, NOT_PATIENCE).exactOptional(),
});

export const progressRequest = z.strictObject({
  text: note()
    .refine((progress) => progress.trim() !== '', 'must not be empty')
    .describe('what got done, in a few words'),
});

export const failRequest = z.strictObject({
  tool: line(100).describe("the tool's name, as in your failure modes"),
  kind: z.enum(FAILURE_KINDS, `must be one of ${FAILURE_KINDS.join(', ')}`).describe('how it failed'),
  credential: line(100).describe('the credential that it used').exactOptional(),
  text: note()
    .refine((what) => what.trim() !== '', 'must not be empty')
    .describe('what the tool said'),
});

export const askRequest = z.strictObject({
  text: text()
    .max(MAX_QUESTION_CHARS, `must have at most ${MAX_QUESTION_CHARS} characters: it is read on a phone`)
    .refine((question) => question.trim() !== '', 'must not be empty')
    .describe('the question, with all that is needed to answer it'),
  options: z
    .array(line(MAX_OPTION_CHARS), 'must be a list of texts')
    .max(MAX_OPTIONS, `must be at most ${MAX_OPTIONS} answers`)
    .describe('answers to choose from; the owner may also write another one')
    .exactOptional(),
  withinMs: span().exactOptional(),
  key: line(200).describe('your own name for it: the same key again is the same question').exactOptional(),
});

/** What the tools take, where that differs from the routes: spans are written, not counted. */
export const draftInput = draftRequest.omit({ windowMs: true }).extend({
  // Missing ones are told by the route: a version of a draft needs neither.
  kind: draftRequest.shape.kind.exactOptional(),
  to: draftRequest.shape.to.exactOptional(),
  revises: versionRequest.shape.revises.exactOptional(),
  window: writtenSpan().describe('how long the owner has: 30m, 4h, 2d; default: as fleet.yaml says').exactOptional(),
});

export const beatInput = beatRequest.omit({ forMs: true }).extend({
  for: writtenSpan(MAX_PATIENCE_MS, MAX_PATIENCE_WORDS)
    .describe('how long the step that begins now may take without a word of you: 20m, 2h; at most 24h')
    .exactOptional(),
});

export const askInput = askRequest.omit({ withinMs: true }).extend({
  within: writtenSpan().describe('how long you can wait for an answer: 5m, 2h; default 30m').exactOptional(),
});

export const decisionsInput = z.strictObject({
  since: z
    .string(NOT_TEXT)
    .describe('from that time on: an ISO 8601 time, or how far back, as in 2h; without it the newest ones')
    .exactOptional(),
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
