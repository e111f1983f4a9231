import { toEvidence, toFailureEvidence } from '../evidence.ts';
import type { JsonRecord } from '../json-fields.ts';
import { recordField, textField } from '../json-fields.ts';
import type { LogEntry } from '../log-entries.ts';
import { readRpc } from '../rpc.ts';
import { readApproval } from './approvals.ts';
import { createExecTranslator } from './exec-lines.ts';
import { readAttempt, readRefusal, readTurnError, readTurnFailure } from './failures.ts';
import type { CodexFailure } from './failures.ts';
import { readServerTrouble, readTool, readToolError } from './items.ts';

/** Notices of how Codex works inside; what they lead to is told by others. */
const NOISE =
  /^(?:account|remoteControl|thread|turn|serverRequest|hook|fs|app|fuzzyFileSearch)\/|\/(?:\w*[dD]elta|updated|progress|outputDelta)$/;

/** Items that are no doing of the agent's: what it was told, and what it thinks to itself. */
const SILENT_ITEMS: readonly unknown[] = ['userMessage', 'reasoning', 'plan', 'todoList'];

/** The shell that Codex gives each command to; a command with quotes of its own is left as it is. */
const SHELL = /^\/\S{1,100} -lc '([^']*)'$/;

/** Reads one line of `codex app-server`, or of `codex exec --json`, for a person. */
export function readCodexLine(message: JsonRecord): readonly LogEntry[] | undefined {
  const rpc = readRpc(message);
  switch (rpc?.kind) {
    case 'request': {
      // A change of files is described in its call, which is told before.
      const approval = readApproval(rpc.method, rpc.params, undefined);
      if (approval === undefined) return undefined;
      const callId = textField(rpc.params, 'itemId') ?? '';
      return [{ kind: 'asked', callId, tool: approval.tool, detail: toEvidence(approval.detail) }];
    }
    case 'notice':
      return readNotice(rpc.method, rpc.params);
    case 'result':
      return [];
    case 'error': {
      const refusal = readRefusal(rpc.id, rpc.error);
      return refusal === undefined ? [] : [failed(refusal)];
    }
    case undefined:
      return readExecLine(message);
  }
}

/** A line of `codex exec` says what one or two notices say, none of which is a thought or a delta. */
function readExecLine(message: JsonRecord): readonly LogEntry[] | undefined {
  let isKnown = message['type'] === 'item.updated';
  const entries: LogEntry[] = [];
  const exec = createExecTranslator((method, params) => {
    const read = readNotice(method, params);
    if (read === undefined) return;
    isKnown = true;
    entries.push(...read);
  });
  exec.take(message);
  return isKnown ? entries : undefined;
}

function readNotice(method: string, params: JsonRecord): readonly LogEntry[] | undefined {
  switch (method) {
    case 'item/started':
      return readItem(recordField(params, 'item'), false);
    case 'item/completed':
      return readItem(recordField(params, 'item'), true);
    case 'error':
      return [readError(params)];
    case 'turn/completed': {
      const failure = readTurnFailure(recordField(params, 'turn'));
      return [failure === undefined ? { kind: 'done' } : failed(failure)];
    }
    case 'mcpServer/startupStatus/updated':
      return warning(readServerTrouble(params));
    case 'warning':
      return warning(textField(params, 'message'));
    default:
      return NOISE.test(method) ? [] : undefined;
  }
}

function readItem(item: JsonRecord | undefined, isOver: boolean): readonly LogEntry[] | undefined {
  const tool = readTool(item);
  if (tool !== undefined) {
    const error = isOver ? readToolError(item) : undefined;
    return [
      { kind: 'call', ...tool, input: tool.input.replace(SHELL, '$1') },
      ...(error === undefined ? [] : [{ kind: 'call-failed' as const, id: tool.id, tool: tool.tool, error }]),
    ];
  }
  if (!isOver || SILENT_ITEMS.includes(item?.['type'])) return [];
  switch (item?.['type']) {
    case 'agentMessage':
      return [{ kind: 'said', text: textField(item, 'text') ?? '' }];
    case 'contextCompaction':
      return [{ kind: 'compacted' }];
    // What `codex exec` calls an error here does not end anything.
    case 'error':
      return warning(textField(item, 'message'));
    default:
      return undefined;
  }
}

function readError(params: JsonRecord): LogEntry {
  const error = recordField(params, 'error');
  const failure = readTurnError(error);
  if (params['willRetry'] !== true) return failed(failure);
  const evidence = toFailureEvidence(failure.message);
  return { kind: 'retrying', failure: failure.failure, attempt: readAttempt(error) ?? 1, evidence };
}

function warning(text: string | undefined): readonly LogEntry[] {
  return text === undefined ? [] : [{ kind: 'warning', text: toEvidence(text) }];
}

function failed({ failure, message }: CodexFailure): LogEntry {
  return { kind: 'failed', failure, evidence: toFailureEvidence(message) };
}
