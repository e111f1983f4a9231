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

/** Reads one object of `gemini -p … --output-format stream-json`: the same things happen in it, under other names. */
export function takeStreamLine(line: JsonRecord, target: StreamTarget): void {
  switch (line['type']) {
    case 'init': {
      const resumeToken = textField(line, 'session_id');
      const model = textField(line, 'model');
      if (resumeToken === undefined) return;
      return target.emit({ kind: 'session', resumeToken, ...(model === undefined ? {} : { model }) });
    }
    case 'message':
      return line['role'] === 'assistant' ? target.say(textField(line, 'content') ?? '') : undefined;
    case 'tool_use':
      return target.beginTool(
        textField(line, 'tool_id') ?? '',
        (textField(line, 'tool_name') ?? 'unknown').slice(0, 100),
        toEvidence(JSON.stringify(line['parameters'] ?? {})),
      );
    case 'tool_result': {
      const failed = line['status'] === 'error';
      const message = textField(recordField(line, 'error'), 'message') ?? textField(line, 'output') ?? 'failed';
      return target.endTool(textField(line, 'tool_id') ?? '', failed ? toEvidence(message) : undefined);
    }
    case 'result': {
      const stats = recordField(line, 'stats');
      if (stats !== undefined) {
        target.emit({
          kind: 'usage',
          inputTokens: countField(stats, 'input_tokens'),
          outputTokens: countField(stats, 'output_tokens'),
        });
      }
      if (line['status'] === 'success') return target.end(undefined);
      return target.end(textField(recordField(line, 'error'), 'message') ?? 'a failure without words');
    }
  }
}
