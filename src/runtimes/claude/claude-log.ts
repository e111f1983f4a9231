import { toEvidence } from '../evidence.ts';
import { recordField } from '../json-fields.ts';
import type { JsonRecord } from '../json-fields.ts';
import type { LogEntry } from '../log-entries.ts';
import { readCalls, readResults, readTexts } from './claude-calls.ts';
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
import { describeWish } from './claude-permissions.ts';
import { costOf } from './claude-usage.ts';

/** Reads one line of Claude Code's output for a person. */
export function readClaudeLine(line: JsonRecord): readonly LogEntry[] | undefined {
  switch (line['type']) {
    case 'assistant':
      return readAssistant(line);
    case 'user':
      return readResults(line).flatMap(({ id, error }) =>
        error === undefined ? [] : { kind: 'call-failed' as const, id, error },
      );
    case 'result':
      return isFailedResult(line)
        ? [failed(readEnding(line, undefined))]
        : // What it says was said by the agent just before.
          [{ kind: 'done', costMicroUsd: costOf(line) }];
    case 'system':
      return readSystem(line);
    case 'rate_limit_event':
      return createLimitWatch()
        .take(recordField(line, 'rate_limit_info'))
        .map((text) => ({ kind: 'warning', text }));
    case 'control_request': {
      const wish = describeWish(line);
      if (wish === undefined) return undefined;
      return [{ kind: 'asked', callId: wish.call ?? '', tool: wish.tool, detail: toEvidence(wish.detail) }];
    }
    case 'control_cancel_request':
    case 'control_response':
    case 'keep_alive':
    case 'stream_event':
    case 'tool_progress':
      return [];
    default:
      return undefined;
  }
}

function readAssistant(line: JsonRecord): readonly LogEntry[] {
  if (isErrorLine(line)) return [failed(readEnding(undefined, line))];
  return [
    ...readTexts(line).map((text) => ({ kind: 'said' as const, text })),
    ...readCalls(line).map((call) => ({ kind: 'call' as const, ...call })),
  ];
}

/** All else that the system tells is how it works inside. */
function readSystem(line: JsonRecord): readonly LogEntry[] {
  switch (line['subtype']) {
    case 'api_retry':
      return [readRetry(line)];
    case 'compact_boundary':
      return [{ kind: 'compacted' }];
    case 'model_fallback':
      return [readFallback(line)];
    default:
      return [];
  }
}

function failed(ending: Ending): LogEntry {
  return { kind: 'failed', failure: classifyEnding(ending), evidence: endingEvidence(ending) };
}
