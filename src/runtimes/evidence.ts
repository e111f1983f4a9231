import { numberField, parseRecord, recordField, textField } from './json-fields.ts';

/** The longest evidence, in characters: it has to fit into an alert on a phone. */
const EVIDENCE_CHARACTERS = 300;

/** An escape sequence of a terminal: colours, cursor, titles (ECMA-48 CSI and OSC). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is for
const ESCAPES = /\u001b(?:\[[0-9;?:]*[ -/]*[@-~]|\][^\u0007\u001b]{0,200}(?:\u0007|\u001b\\)?|[@-Z\\^_])/g;

/** White space, control characters, and the invisible ones that turn text around or hide it. */
const INVISIBLE = /[\s\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/gu;

/** Text as a person sees it on a terminal: without escape sequences; white space and control characters become one blank. */
export function plainText(text: string): string {
  return text.replace(ESCAPES, '').replace(INVISIBLE, ' ').trim();
}

/** A line as evidence: plain, at most 300 characters. */
export function toEvidence(line: string): string {
  return plainText(line).slice(0, EVIDENCE_CHARACTERS).toWellFormed();
}

/** A failure as evidence: of an error body of HTTP its status and its words, instead of its JSON. */
export function toFailureEvidence(message: string): string {
  const error = recordField(parseRecord(message), 'error');
  const words = textField(error, 'message');
  if (words === undefined) return toEvidence(message);
  const status = [numberField(error, 'code'), textField(error, 'status')]
    .filter((part) => part !== undefined)
    .join(' ');
  return toEvidence(status === '' ? words : `${status}: ${words}`);
}
