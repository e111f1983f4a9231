import type { JsonRecord } from '../json-fields.ts';
import { asRecord, listField, recordField, textField } from '../json-fields.ts';
import type { Permission } from '../runtime.ts';
import { inputOf, isOwnTool, nameTool } from './tools.ts';

/** A question of `session/request_permission`. */
export interface Question {
  readonly callId: string;
  readonly tool: string;
  /** Whether it is about one of Nightdesk's own tools. */
  readonly isOwn: boolean;
  /** What it wants to do, in short. */
  readonly title: string;
  readonly detail: string;
  readonly forRun: string;
  /** The result that tells Gemini CLI the owner's word. */
  answer(permission: Permission): unknown;
}

/** Understands the parameters of `session/request_permission`. */
export function readQuestion(params: JsonRecord): Question {
  const call = recordField(params, 'toolCall');
  const options = listField(params, 'options').map(asRecord);

  function optionOf(kind: string): string | undefined {
    // Of several that allow for the session the last one is the narrowest: one tool, where the first is a whole MCP server.
    return textField(
      options.findLast((option) => option?.['kind'] === kind),
      'optionId',
    );
  }

  return {
    callId: textField(call, 'toolCallId') ?? '',
    tool: nameTool(call),
    isOwn: isOwnTool(call),
    title: inputOf(call),
    detail: [textField(call, 'title'), ...listField(call, 'content').map((one) => describe(asRecord(one)))]
      .filter((line) => line !== undefined && line !== '')
      .join('\n'),
    forRun: coverOf(call),
    answer(permission) {
      const chosen =
        permission === 'deny'
          ? optionOf('reject_once')
          : ((permission === 'run' ? optionOf('allow_always') : undefined) ?? optionOf('allow_once'));
      return { outcome: chosen === undefined ? { outcome: 'cancelled' } : { outcome: 'selected', optionId: chosen } };
    },
  };
}

/** Seen with 0.61: after `touch a` for the session `touch b` is not asked, and after one file no other file is. */
function coverOf(call: JsonRecord | undefined): string {
  switch (call?.['kind']) {
    case 'execute':
      return 'every command that begins with the same word';
    case 'edit':
      return 'every change of a file';
    default:
      return 'this tool, whatever it is called with';
  }
}

function describe(content: JsonRecord | undefined): string | undefined {
  if (content?.['type'] !== 'diff') return textField(recordField(content, 'content'), 'text');
  const { oldText, newText } = content;
  const before = typeof oldText === 'string' && oldText !== '' ? `instead of:\n${oldText}` : undefined;
  return [textField(content, 'path'), typeof newText === 'string' ? newText : '', before]
    .filter((line) => line !== undefined)
    .join('\n');
}
