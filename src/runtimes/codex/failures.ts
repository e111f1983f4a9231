import { failureOfStatus, failureOfWords } from '../failure-words.ts';
import type { JsonRecord } from '../json-fields.ts';
import { asRecord, numberField, textField } from '../json-fields.ts';
import type { FailureClass } from '../runtime.ts';

/** `CodexErrorInfo` of codex 0.169, where it is a plain word; refusals are crashes, since the same prompt meets them again. */
const KINDS: Readonly<Record<string, FailureClass>> = {
  unauthorized: 'auth',
  contextWindowExceeded: 'context',
  sessionBudgetExceeded: 'budget',
  rateLimitExceeded: 'rate-limit',
  flexUnavailable: 'overloaded',
  serverOverloaded: 'overloaded',
  policyCapacityUnavailable: 'overloaded',
  internalServerError: 'overloaded',
  modelNotFound: 'not-found',
  sandboxError: 'config',
  inferenceHookDenied: 'crash',
  cyberPolicy: 'crash',
  misalignmentPolicyViolation: 'crash',
  tooManyDenials: 'crash',
};

/** The kinds that tell of a connection, with its status where there was one. */
const CONNECTION_KINDS = [
  'httpConnectionFailed',
  'responseStreamConnectionFailed',
  'responseStreamDisconnected',
  'responseTooManyFailedAttempts',
];

/** A failure in Codex's words, understood. */
export interface CodexFailure {
  readonly failure: FailureClass;
  /** In Codex's own words; a retry keeps them in its details. */
  readonly message: string;
}

/** Understands a `TurnError`: by its kind, then its status, then its words. */
export function readTurnError(error: JsonRecord | undefined): CodexFailure {
  const message = textField(error, 'additionalDetails') ?? textField(error, 'message') ?? 'a failure without words';
  return { failure: classOf(error?.['codexErrorInfo'], message), message };
}

/** Understands a failure that is told in words only. */
export function readWords(message: string): CodexFailure {
  const status = /\b(?:unexpected|last) status:? (\d{3})\b/.exec(message)?.[1];
  const failure = status === undefined ? undefined : failureOfStatus(Number(status), message);
  if (message.startsWith('Missing environment variable')) return { failure: 'config', message };
  return { failure: failure ?? failureOfWords(message) ?? 'unknown', message };
}

function classOf(info: unknown, message: string): FailureClass {
  // One kind for a plan that is used up until later, and for money that is used up: only the words differ.
  if (info === 'usageLimitExceeded') return failureOfWords(message) === 'budget' ? 'budget' : 'rate-limit';
  if (info === undefined || info === null) return readWords(message).failure;
  if (info === 'other') return readWords(message).failure;
  const known = typeof info === 'string' && Object.hasOwn(KINDS, info) ? KINDS[info] : undefined;
  if (known !== undefined) return known;
  const kind = CONNECTION_KINDS.find((name) => asRecord(info)?.[name] !== undefined);
  const status = kind === undefined ? undefined : numberField(asRecord(asRecord(info)?.[kind]), 'httpStatusCode');
  const failure = (status === undefined ? undefined : failureOfStatus(status, message)) ?? failureOfWords(message);
  return failure ?? (kind === undefined ? 'unknown' : 'timeout');
}
