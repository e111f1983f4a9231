import { failureOfStatus, failureOfWords } from '../failure-words.ts';
import type { JsonRecord } from '../json-fields.ts';
import { asRecord, numberField, recordField, textField } from '../json-fields.ts';
import type { RpcId } from '../rpc.ts';
import type { FailureClass } from '../runtime.ts';
import { ID } from './requests.ts';

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

/** Understands the refusal of a request of the handshake; of any other, such as a message that came too late, it is no failure. */
export function readRefusal(id: RpcId, error: JsonRecord): CodexFailure | undefined {
  if (id !== ID.initialize && id !== ID.thread && id !== ID.turn) return undefined;
  const message = textField(error, 'message') ?? 'codex refused without a word';
  const isMissing = id === ID.thread && /no rollout found|invalid session id|not found/i.test(message);
  if (isMissing) return { failure: 'not-found', message };
  const words = readWords(message);
  return words.failure === 'unknown' ? { failure: 'config', message } : words;
}

/** Understands a turn that is over: how it failed, and whether the turn itself told so; undefined when it ended well. */
export function readTurnFailure(
  turn: JsonRecord | undefined,
): (CodexFailure & { readonly isTold: boolean }) | undefined {
  const status = textField(turn, 'status');
  if (status === 'completed') return undefined;
  const error = recordField(turn, 'error');
  if (error !== undefined) return { ...readTurnError(error), isTold: true };
  return { failure: 'crash', message: `its turn ended as ${status ?? 'nothing known'}`, isTold: false };
}

/** Which try of a call follows an error: Codex writes `2/5`, and nothing while it waits for the network. */
export function readAttempt(error: JsonRecord | undefined): number | undefined {
  const told = /\b(\d{1,3})\/\d{1,3}\b/.exec(textField(error, 'message') ?? '')?.[1];
  return told === undefined ? undefined : Number(told);
}

/** Understands a failure that is told in words only. */
function readWords(message: string): CodexFailure {
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
