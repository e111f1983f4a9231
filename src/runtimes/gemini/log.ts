import { toFailureEvidence } from '../evidence.ts';
import type { JsonRecord } from '../json-fields.ts';
import { recordField, textField } from '../json-fields.ts';
import type { LogEntry } from '../log-entries.ts';
import { readRpc } from '../rpc.ts';
import { classifyFailure, readRefusal, readStop } from './failures.ts';
import type { GeminiFailure } from './failures.ts';
import { readQuestion } from './permissions.ts';
import { takeStreamLine } from './stream-json.ts';
import { errorOf, inputOf, isOver, nameTool, saidIn } from './tools.ts';

/** Updates of the protocol that tell how Gemini CLI works inside, what it was told, and what it thinks to itself. */
const SILENT_UPDATES: readonly unknown[] = [
  'agent_thought_chunk',
  'config_option_update',
  'current_mode_update',
  'plan',
  'session_info_update',
  'usage_update',
];

/** Reads one line of `gemini --acp`, or of `gemini -p … --output-format stream-json`, for a person. */
export function readGeminiLine(message: JsonRecord): readonly LogEntry[] | undefined {
  const rpc = readRpc(message);
  switch (rpc?.kind) {
    case 'request':
      return rpc.method === 'session/request_permission' ? [readAsked(rpc.params)] : undefined;
    case 'notice':
      return rpc.method === 'session/update' ? readUpdate(recordField(rpc.params, 'update')) : undefined;
    case 'result': {
      if (rpc.result['stopReason'] === undefined) return [];
      const failure = readStop(rpc.result);
      return [failure === undefined ? { kind: 'done' } : failed(failure)];
    }
    case 'error':
      return [failed(readRefusal(rpc.error))];
    case undefined:
      return readStreamLine(message);
  }
}

function readAsked(params: JsonRecord): LogEntry {
  const { callId, tool, title, isOwn } = readQuestion(params);
  // Nightdesk's own tools are always allowed, and a call that was asked about is not told in any other way.
  return isOwn ? { kind: 'call', id: callId, tool, input: '' } : { kind: 'asked', callId, tool, detail: title };
}

function readUpdate(update: JsonRecord | undefined): readonly LogEntry[] | undefined {
  if (update === undefined) return undefined;
  switch (update['sessionUpdate']) {
    case 'agent_message_chunk':
      return [{ kind: 'said', text: saidIn(update), isPart: true }];
    // Where a session was loaded, its history ends with one of these.
    case 'user_message_chunk':
    case 'available_commands_update':
      return [{ kind: 'said', text: '' }];
    case 'tool_call':
    case 'tool_call_update':
      return readCall(update);
    default:
      return SILENT_UPDATES.includes(update['sessionUpdate']) ? [] : undefined;
  }
}

function readCall(update: JsonRecord): readonly LogEntry[] {
  const id = textField(update, 'toolCallId') ?? '';
  const tool = nameTool(update);
  const error = errorOf(update);
  if (error !== undefined) return [{ kind: 'call-failed', id, tool, error }];
  // An update that comes before the end repeats what its call told, or leaves it out.
  if (update['sessionUpdate'] === 'tool_call_update' && !isOver(update)) return [];
  return [{ kind: 'call', id, tool, input: inputOf(update) }];
}

function readStreamLine(line: JsonRecord): readonly LogEntry[] | undefined {
  const entries: LogEntry[] = [];
  const isKnown = takeStreamLine(line, {
    emit: () => {},
    beginTool: (id, tool, input) => entries.push({ kind: 'call', id, tool, input }),
    endTool: (id, error) => {
      if (error !== undefined) entries.push({ kind: 'call-failed', id, error });
    },
    say: (text) => entries.push({ kind: 'said', text, isPart: line['delta'] === true }),
    end: (error) =>
      entries.push(
        error === undefined ? { kind: 'done' } : failed({ failure: classifyFailure(error), message: error }),
      ),
  });
  return isKnown ? entries : undefined;
}

function failed({ failure, message }: GeminiFailure): LogEntry {
  return { kind: 'failed', failure, evidence: toFailureEvidence(message) };
}
