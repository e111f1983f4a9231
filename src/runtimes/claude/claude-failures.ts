import { toEvidence } from '../evidence.ts';
import { failureOfStatus, failureOfWords } from '../failure-words.ts';
import { countField, listField, nameField, numberField, recordField, textField } from '../json-fields.ts';
import type { JsonRecord } from '../json-fields.ts';
import type { FailureClass, RunEvent } from '../runtime.ts';

type Table = Readonly<Record<string, FailureClass>>;

/** Why a turn ended (`terminal_reason`); `api_error` and `model_error` say nothing yet. */
const TERMINAL_REASONS: Table = {
  prompt_too_long: 'context',
  blocking_limit: 'context',
  rapid_refill_breaker: 'context',
  max_turns: 'budget',
  budget_exhausted: 'budget',
  aborted_tools: 'crash',
  aborted_streaming: 'crash',
  image_error: 'crash',
  malformed_tool_use_exhausted: 'crash',
  structured_output_retry_exhausted: 'crash',
  hook_stopped: 'config',
  stop_hook_prevented: 'config',
};

const SUBTYPES: Table = {
  error_max_turns: 'budget',
  error_max_budget_usd: 'budget',
  error_max_structured_output_retries: 'crash',
};

/** The typed kinds of an API error (`api_error`), as Claude Code 2.1.330 lists and describes them. */
const API_ERRORS: Table = {
  usage_limit_reached: 'rate-limit',
  connection_failed: 'timeout',
  no_response: 'timeout',
  stream_idle_timeout: 'timeout',
  computer_slept: 'timeout',
  autocompact_thrashing: 'context',
  message_over_context_limit: 'context',
  model_requires_usage_credits: 'budget',
  long_context_credits_required: 'budget',
  consent_unanswered: 'budget',
  org_disabled_credential: 'auth',
  api_key_auth_disabled: 'auth',
  stored_login_refused: 'auth',
  provider_credentials: 'auth',
  gateway_signin_required: 'auth',
  gateway_session_expired: 'auth',
  invalid_credential_header: 'auth',
  named_profile_unusable: 'auth',
  oauth_refresh_store_refused: 'config',
  claude_code_version_too_old: 'config',
  dlp_request_denied: 'config',
  hook_denied: 'config',
  effort_requires_thinking: 'config',
  advisor_incompatible: 'config',
  tls_untrusted_ca: 'config',
  tls_cert_signature_failure: 'config',
  gateway_content_type: 'config',
  network_edge_blocked: 'config',
  no_allowed_fallback: 'config',
  model_substitution_disabled: 'config',
  field_not_granted: 'config',
  tool_history_mismatch: 'crash',
  safety_monitor_blocked: 'crash',
  pdf_too_large: 'crash',
  pdf_password_protected: 'crash',
  media_removed: 'crash',
  empty_completion: 'crash',
  malformed_tool_use_exhausted: 'crash',
};

/** The word of an assistant line that holds an error (`error`); `api_retry` has a few more of its own. */
const ERRORS: Table = {
  authentication_failed: 'auth',
  oauth_org_not_allowed: 'auth',
  account_on_hold: 'auth',
  verification_required: 'auth',
  cloud_credential_error: 'auth',
  billing_error: 'budget',
  rate_limit: 'rate-limit',
  overloaded: 'overloaded',
  model_not_found: 'not-found',
};

/** Wordings of Claude Code that have no field of their own, or one that says less. */
const WORDINGS: readonly (readonly [RegExp, FailureClass])[] = [
  [/^No conversation found/, 'not-found'],
  [/empty or malformed response|Session ID .* is already in use/, 'config'],
  [/tool_use.{0,40} ids? were found without|unexpected .{0,10}tool_use_id/, 'crash'],
  [/organization has been disabled/i, 'auth'],
];

/** What Claude Code says on stderr, and nothing on stdout, when it has no login to start with. */
const LOGIN_WANTED = /Not logged in|Invalid API key|Please run \/login|OAuth (?:session|token) .*(?:expired|revoked)/i;

/** What the end of a turn, or the error that led to it, says of itself. */
export interface Ending {
  readonly terminalReason: string | undefined;
  readonly subtype: string | undefined;
  readonly apiError: string | undefined;
  readonly error: string | undefined;
  readonly status: number | undefined;
  readonly stopReason: string | undefined;
  /** What `api_error_params.cut` says an answer was cut by. */
  readonly cut: string | undefined;
  readonly text: string;
}

/** Reads a `result` line, together with the error line that came before it in the same turn. */
export function readEnding(result: JsonRecord | undefined, error: JsonRecord | undefined): Ending {
  return {
    terminalReason: textField(result, 'terminal_reason'),
    subtype: textField(result, 'subtype'),
    apiError: textField(result, 'api_error') ?? textField(error, 'api_error'),
    error: textField(error, 'error'),
    status: numberField(result, 'api_error_status') ?? numberField(error, 'api_error_status'),
    stopReason: textField(result, 'stop_reason'),
    cut: textField(recordField(error, 'api_error_params'), 'cut'),
    text: textField(result, 'result') ?? firstText(listField(result, 'errors')) ?? errorText(error) ?? '',
  };
}

/** The words of an assistant line that holds an error. */
function errorText(error: JsonRecord | undefined): string | undefined {
  for (const block of listField(recordField(error, 'message'), 'content')) {
    const text = textField(recordField({ block }, 'block'), 'text');
    if (text !== undefined) return text;
  }
  return undefined;
}

/** Which class an ending is: by its fields first, from the most exact to the least; by its words last. */
export function classifyEnding(ending: Ending): FailureClass {
  const { error, status, text } = ending;
  if (ending.stopReason === 'refusal') return 'crash';
  if (ending.apiError === 'max_output_tokens' || error === 'max_output_tokens')
    return ending.cut === 'context_window' || /context window/i.test(text) ? 'context' : 'config';
  return (
    lookUp(TERMINAL_REASONS, ending.terminalReason) ??
    lookUp(SUBTYPES, ending.subtype) ??
    lookUp(API_ERRORS, ending.apiError) ??
    lookUp(ERRORS, error) ??
    (status === undefined ? undefined : failureOfStatus(status, text)) ??
    WORDINGS.find(([pattern]) => pattern.test(text))?.[1] ??
    failureOfWords(text) ??
    // Claude Code's own word for what failed at the other side, where neither status nor text say more.
    (error === 'server_error' ? 'overloaded' : 'unknown')
  );
}

/** Reads an `api_retry` line. */
export function readRetry(record: JsonRecord): Extract<RunEvent, { readonly kind: 'retrying' }> {
  const status = numberField(record, 'error_status');
  const word = nameField(record, 'error');
  const attempt = Math.max(1, countField(record, 'attempt'));
  const evidence = toEvidence(`${status ?? ''} ${word ?? 'error'}, attempt ${attempt}`);
  return { kind: 'retrying', failure: classifyRetry(word, status), attempt, evidence };
}

/** Reads a `model_fallback` line. */
export function readFallback(record: JsonRecord): Extract<RunEvent, { readonly kind: 'warning' }> {
  const original = nameField(record, 'original_model') ?? 'its model';
  const fallback = nameField(record, 'fallback_model') ?? 'another';
  return { kind: 'warning', text: `${original} is overloaded: it goes on with ${fallback}` };
}

/** Whether a `result` line says that its turn failed. */
export function isFailedResult(record: JsonRecord): boolean {
  return record['is_error'] === true || (record['is_error'] !== false && record['subtype'] !== 'success');
}

/** Whether an assistant line holds an error of a call of the model, in the place of an answer. */
export function isErrorLine(record: JsonRecord | undefined): record is JsonRecord {
  return record?.['type'] === 'assistant' && textField(record, 'error') !== undefined;
}

/** Which class an `api_retry` is. */
function classifyRetry(error: string | undefined, status: number | undefined): FailureClass {
  return (
    lookUp(ERRORS, error) ??
    (status === undefined ? undefined : failureOfStatus(status)) ??
    // `unknown` and no status: the network (facts: agent-clis 3).
    (error === 'server_error' ? 'overloaded' : status === undefined ? 'timeout' : 'unknown')
  );
}

/** What the first line of stderr means of a CLI that printed nothing else. */
export function classifyFirstLine(line: string): FailureClass {
  if (LOGIN_WANTED.test(line)) return 'auth';
  return /No conversation found/.test(line) ? 'not-found' : 'config';
}

/** An ending as evidence; its fields, when it has no words. */
export function endingEvidence(ending: Ending): string {
  const fields = [ending.terminalReason, ending.subtype, ending.apiError, ending.error, ending.status];
  return (
    toEvidence(ending.text) || `ended with ${fields.filter((field) => field !== undefined).join(', ') || 'an error'}`
  );
}

function lookUp(table: Table, word: string | undefined): FailureClass | undefined {
  return word !== undefined && Object.hasOwn(table, word) ? table[word] : undefined;
}

function firstText(values: readonly unknown[]): string | undefined {
  return values.find((value): value is string => typeof value === 'string' && value !== '');
}
