import { failureOfStatus, failureOfWords } from '../failure-words.ts';
import type { JsonRecord } from '../json-fields.ts';
import { numberField, recordField, textField } from '../json-fields.ts';
import type { FailureClass } from '../runtime.ts';

/** Statuses by Gemini CLI's exit code, which is the status modulo 256; the others it shares with codes of its own. */
const STATUS_BY_EXIT: Readonly<Record<number, number>> = { 145: 401, 147: 403, 173: 429, 244: 500, 246: 502, 247: 503 };

/** Exit codes of Gemini CLI's own, before it has printed anything: no login, and a session or an input that is not there. */
const OWN_EXITS: Readonly<Record<number, FailureClass>> = { 41: 'auth', 42: 'not-found' };

/** Why a turn ended that did not end well (the protocol's `StopReason`). */
const STOP_FAILURES: Readonly<Record<string, FailureClass>> = {
  max_tokens: 'context',
  max_turn_requests: 'budget',
  refusal: 'crash',
  cancelled: 'crash',
};

/** The status in Google's error body, wherever in a message that stands. */
const STATUS_IN_BODY = /"code":\s*(\d{3})\b/;

/** What Node says of a connection that was cut, or never came; Gemini CLI calls it a 500. */
const CUT_OFF = /^(?:\[API Error: )?(?:exception )?(?:TypeError: )?(?:terminated|fetch failed)\b/;

/** Google's word for a model that is not there; Gemini CLI drops its 404, and calls it a 500, too. */
const NO_MODEL = /\bmodels?\/\S{1,200} is not (?:found|supported)\b/i;

/** What a message of Gemini CLI tells of a failure, with its status or its exit code where they are known. */
export function classifyFailure(message: string, status?: number, exitCode?: number): FailureClass {
  if (CUT_OFF.test(message)) return 'timeout';
  if (NO_MODEL.test(message)) return 'not-found';
  // The body is Google's own word, and the status often Gemini CLI's 500 for all that it has no status for.
  const told = Number(STATUS_IN_BODY.exec(message)?.[1] ?? status ?? Number.NaN);
  const implied = STATUS_BY_EXIT[exitCode ?? -1];
  return (
    failureOfStatus(told, message) ??
    (implied === undefined ? undefined : failureOfStatus(implied, message)) ??
    failureOfWords(message) ??
    'unknown'
  );
}

/** A failure in Gemini CLI's words, understood. */
export interface GeminiFailure {
  readonly failure: FailureClass;
  readonly message: string;
}

/** Understands the error that answers a request. */
export function readRefusal(error: JsonRecord): GeminiFailure {
  const details = textField(recordField(error, 'data'), 'details');
  const message = details ?? textField(error, 'message') ?? 'gemini refused without a word';
  const code = numberField(error, 'code') ?? 0;
  return { failure: classifyFailure(message, code >= 100 && code <= 599 ? code : undefined), message };
}

/** Understands the answer to a prompt; undefined: its turn ended well. */
export function readStop(result: JsonRecord): GeminiFailure | undefined {
  const reason = textField(result, 'stopReason') ?? 'no reason given';
  if (reason === 'end_turn') return undefined;
  const failure = Object.hasOwn(STOP_FAILURES, reason) ? (STOP_FAILURES[reason] ?? 'unknown') : 'unknown';
  return { failure, message: `its turn ended: ${reason}` };
}

/** What an exit code says by itself of a run that printed nothing. */
export function classifyExit(code: number): FailureClass | undefined {
  return OWN_EXITS[code];
}

/** A try of a call that Gemini CLI repeats by itself, as stderr tells it. */
export function readRetry(line: string): { readonly attempt: number; readonly failure: FailureClass } | undefined {
  const found = /^Attempt (\d{1,4}) failed(?: with status (\d{3})\b)?/.exec(line);
  if (found === null || line.includes('Max attempts reached')) return undefined;
  const status = found[2] === undefined ? undefined : Number(found[2]);
  return { attempt: Number(found[1]), failure: classifyFailure(line, status) };
}
