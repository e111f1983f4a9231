import type { Agent } from '../../config/fleet.ts';
import type { AuthSign } from '../auth-scan.ts';
import { toEvidence } from '../evidence.ts';
import { asRecord, countField, listField, nameField, parseRecord, recordField, textField } from '../json-fields.ts';
import type { JsonRecord } from '../json-fields.ts';
import { createLineReader, LINE_BYTES } from '../line-reader.ts';
import { createPlainLines } from '../plain-lines.ts';
import type { Decoder, Patience, RunEvent, RunInput } from '../runtime.ts';
import { MCP_SERVER, userMessage } from './claude-arguments.ts';
import { createToolCalls, readTexts } from './claude-calls.ts';
import {
  classifyEnding,
  endingEvidence,
  isErrorLine,
  isFailedResult,
  readEnding,
  readFallback,
  readRetry,
} from './claude-failures.ts';
import type { Ending } from './claude-failures.ts';
import { createLimitWatch } from './claude-limits.ts';
import { settleClaude } from './claude-outcome.ts';
import type { TurnResult } from './claude-outcome.ts';
import { createPermissionDesk } from './claude-permissions.ts';
import { createUsageMeter, windowLimitOf } from './claude-usage.ts';

/** The first line comes within a second, or ten where many start at once (facts: agent-clis 2); a minute is a machine in trouble. */
const FIRST_LINE: Patience = { forMs: 60_000, during: 'since it was started' };

/** More than the 13 minutes after which Claude Code itself gives up a model that does not answer. */
const MODEL: Patience = { forMs: 15 * 60_000, during: 'while waiting for its model' };

/** Events of one kind that tell the owner something, in one run: after so many there is nothing new in them. */
const MOST_TOLD = 50;

/**
 * What may be the name of a session: a UUID, at all times so far. It becomes an argument of a later run, and whatever an agent gets onto
 * its CLI's output must not become an option there.
 */
const SESSION = /^\w[\w-]{0,99}$/;

/** What is told of the agent's words: enough to tell them from others. */
const SAID_CHARACTERS = 1000;

/** The hint at the credential for refusals of the model's own side. */
const VENDOR = 'claude';

/** Builds the decoder of one run of Claude Code. */
export function createClaudeDecoder(agent: Agent, run: RunInput): Decoder {
  const plain = createPlainLines(run.isForeign);
  const desk = createPermissionDesk(agent.permissions.mode === 'allow');
  const meter = createUsageMeter({ windowLimit: windowLimitOf(agent.env), isNew: run.session.kind === 'new' });
  const limits = createLimitWatch();
  const calls = createToolCalls();
  const reader = createLineReader({
    maxLineBytes: LINE_BYTES,
    onLine: readLine,
    onTooLong: () => warn('a line of more than 16 MB was skipped'),
  });
  const told = new Map<string, number>();
  const warned = new Set<string>();
  let events: RunEvent[] = [];
  let hasSpoken = false;
  let isTurnOpen = true;
  let session = '';
  let toolStatus: string | undefined;
  let retries401 = 0;
  let hasAuthSign = false;
  /** The error line of the turn that goes on. */
  let error: JsonRecord | undefined;
  let result: TurnResult | undefined;
  let stderrSign: AuthSign | undefined;

  function emit(event: RunEvent): void {
    events.push(event);
  }

  /** Tells something of a kind, so many times and no more. */
  function tell(event: RunEvent): void {
    const count = told.get(event.kind) ?? 0;
    if (count >= MOST_TOLD) return;
    told.set(event.kind, count + 1);
    emit(event);
  }

  function warn(text: string): void {
    if (warned.has(text) || warned.size >= MOST_TOLD) return;
    warned.add(text);
    emit({ kind: 'warning', text });
  }

  function takeEvents(): RunEvent[] {
    const taken = events;
    events = [];
    return taken;
  }

  function readLine(line: string): void {
    const record = parseRecord(line);
    if (record === undefined) return plain.note(line);
    hasSpoken = true;
    switch (record['type']) {
      case 'assistant':
        return onAssistant(record);
      case 'user':
        return calls.takeResults(record).forEach(emit);
      case 'result':
        return onResult(record);
      case 'system':
        return onSystem(record);
      case 'rate_limit_event':
        return limits.take(recordField(record, 'rate_limit_info')).forEach(warn);
      case 'control_request':
        return desk.takeRequest(record).forEach(emit);
      case 'control_cancel_request':
        return desk.takeCancel(record).forEach(emit);
    }
  }

  function onSystem(record: JsonRecord): void {
    switch (record['subtype']) {
      case 'init':
        return onInit(record);
      case 'api_retry':
        return onRetry(record);
      case 'compact_boundary':
        return tell({ kind: 'compacted' });
      case 'model_fallback':
        return warn(readFallback(record).text);
    }
  }

  /** Each turn begins with one. */
  function onInit(record: JsonRecord): void {
    isTurnOpen = true;
    error = undefined;
    const named = nameField(record, 'session_id');
    const resumeToken = named !== undefined && SESSION.test(named) ? named : undefined;
    const model = nameField(record, 'model');
    const version = nameField(record, 'claude_code_version');
    const identity = `${resumeToken} ${model} ${version}`;
    if (resumeToken !== undefined && identity !== session) {
      session = identity;
      tell({
        kind: 'session',
        resumeToken,
        ...(model === undefined ? {} : { model }),
        ...(version === undefined ? {} : { version }),
      });
    }
    const ours = listField(record, 'mcp_servers')
      .map(asRecord)
      .find((server) => textField(server, 'name') === MCP_SERVER);
    const status = nameField(ours, 'status');
    if (status === undefined || status === 'pending' || status === toolStatus) return;
    toolStatus = status;
    tell(status === 'connected' ? { kind: 'tools' } : { kind: 'tools', problem: `its MCP connection is ${status}` });
  }

  function onRetry(record: JsonRecord): void {
    const retry = readRetry(record);
    tell(retry);
    if (retry.failure !== 'auth') return;
    retries401 += 1;
    // The first one may be mended by a refresh of the login; a second one is not.
    if (retries401 >= 2) signAuth(retry.evidence);
  }

  function signIfAuth(ending: Ending): void {
    if (classifyEnding(ending) === 'auth') signAuth(endingEvidence(ending));
  }

  function signAuth(evidence: string): void {
    if (hasAuthSign) return;
    hasAuthSign = true;
    emit({ kind: 'auth-sign', evidence, credentialHint: VENDOR });
  }

  function onAssistant(record: JsonRecord): void {
    const isMain = typeof record['parent_tool_use_id'] !== 'string';
    if (isErrorLine(record)) {
      limits.take(recordField(recordField(record, 'api_error_params'), 'rate_limit_info'));
      // A subagent's error is read by the agent that called it, which goes on.
      if (isMain) error = record;
      return signIfAuth(readEnding(undefined, record));
    }
    if (isMain) {
      error = undefined;
      retries401 = 0;
      isTurnOpen = true;
    }
    meter.takeMessage(record, isMain).forEach(emit);
    for (const text of readTexts(record)) emit({ kind: 'said', text: text.slice(0, SAID_CHARACTERS) });
    calls.takeCalls(record).forEach(emit);
  }

  function onResult(record: JsonRecord): void {
    const isError = isFailedResult(record);
    result = { isError, ending: readEnding(record, error) };
    meter.takeResult(record).forEach(emit);
    if (!isError) tellOddities(record);
    else signIfAuth(result.ending);
    calls.clear();
    desk.clear();
    isTurnOpen = countField(record, 'queued_turn_count') > 0;
    if (!isTurnOpen) emit({ kind: 'turn-ended' });
  }

  /** It counts as done, and yet something was not as it should be. */
  function tellOddities(record: JsonRecord): void {
    const denials = listField(record, 'permission_denials').map(asRecord);
    // What its owner denied is no news to its owner.
    const tools = denials
      .filter((denial) => !desk.wasDenied(textField(denial, 'tool_use_id') ?? ''))
      .map((denial) => nameField(denial, 'tool_name') ?? 'a tool');
    if (tools.length > 0) warn(toEvidence(`it was not allowed to use ${[...new Set(tools)].join(', ')}`));
    if (textField(record, 'result') === undefined) warn('it ended without a word');
  }

  function signs(seen: readonly AuthSign[]): RunEvent[] {
    stderrSign ??= seen[0];
    return seen.map(({ evidence, credentialHint }) => ({
      kind: 'auth-sign',
      evidence,
      ...(credentialHint === undefined ? {} : { credentialHint }),
    }));
  }

  return {
    push(chunk, stream) {
      emit({ kind: 'output', bytes: chunk.length });
      if (stream === 'stderr') signs(plain.push(chunk)).forEach(emit);
      else reader.push(chunk);
      return takeEvents();
    },
    idle() {
      signs(plain.peek()).forEach(emit);
      // An error that lacks nothing but the end of its line, of a program that hangs behind it.
      const line = parseRecord(reader.peek());
      if (isErrorLine(line)) signIfAuth(readEnding(undefined, line));
      return takeEvents();
    },
    patience() {
      if (!hasSpoken) return FIRST_LINE;
      return !isTurnOpen || calls.isOpen() || desk.isWaiting() ? undefined : MODEL;
    },
    decide: (request, permission, reason) => desk.decide(request, permission, reason),
    // It reads a message between two calls of its turn; one that comes after the turn would begin another one.
    ask: (text) => (hasSpoken && isTurnOpen ? userMessage(text) : undefined),
    end(exit) {
      reader.end();
      signs(plain.end());
      takeEvents();
      return settleClaude(exit, {
        result,
        isTurnOpen,
        error: error === undefined ? undefined : readEnding(undefined, error),
        hasSpoken,
        stderrSign,
        plain,
        retryAt: limits.retryAt(),
      });
    },
  };
}
