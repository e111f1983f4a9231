import { toEvidence } from '../evidence.ts';
import type { JsonRecord } from '../json-fields.ts';
import { countField, recordField, textField } from '../json-fields.ts';
import type { RunEvent } from '../runtime.ts';

/** What the lines of `--output-format stream-json` lead to. */
export interface StreamTarget {
  emit(event: RunEvent): void;
  beginTool(id: string, tool: string, input: string): void;
  endTool(id: string, error: string | undefined): void;
  say(text: string): void;
  /** The one result; `error` is its message when it failed. */
  end(error: string | undefined): void;
}

/** Reads one object of `gemini -p … --output-format stream-json`: the same things happen in it, under other names. False: it is none of them. */
export function takeStreamLine(line: JsonRecord, target: StreamTarget): boolean {
  switch (line['type']) {
    case 'init': {
      const resumeToken = textField(line, 'session_id');
      const model = textField(line, 'model');
      if (resumeToken !== undefined)
        target.emit({ kind: 'session', resumeToken, ...(model === undefined ? {} : { model }) });
      return true;
    }
    case 'message':
      if (line['role'] === 'assistant') target.say(textField(line, 'content') ?? '');
      return true;
    case 'tool_use':
      target.beginTool(
        textField(line, 'tool_id') ?? '',
        (textField(line, 'tool_name') ?? 'unknown').slice(0, 100),
        toEvidence(JSON.stringify(line['parameters'] ?? {})),
      );
      return true;
    case 'tool_result': {
      const failed = line['status'] === 'error';
      const message = textField(recordField(line, 'error'), 'message') ?? textField(line, 'output') ?? 'failed';
      target.endTool(textField(line, 'tool_id') ?? '', failed ? toEvidence(message) : undefined);
      return true;
    }
    case 'result': {
      const stats = recordField(line, 'stats');
      if (stats !== undefined) {
        const cachedTokens = countField(stats, 'cached');
        target.emit({
          kind: 'usage',
          inputTokens: countField(stats, 'input_tokens'),
          outputTokens: countField(stats, 'output_tokens'),
          ...(cachedTokens === 0 ? {} : { cachedTokens }),
        });
      }
      const message = textField(recordField(line, 'error'), 'message') ?? 'a failure without words';
      target.end(line['status'] === 'success' ? undefined : message);
      return true;
    }
    default:
      return false;
  }
}
