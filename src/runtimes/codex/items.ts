import { toEvidence } from '../evidence.ts';
import type { JsonRecord } from '../json-fields.ts';
import { asRecord, listField, numberField, recordField, textField } from '../json-fields.ts';

/** The longest name of a tool that is told, in characters. */
const NAME_CHARACTERS = 100;

/** A tool call among the items of a turn. */
export interface CodexTool {
  readonly id: string;
  /** As the model knows the tool. */
  readonly tool: string;
  readonly input: string;
}

/** The tool call that an item is; undefined for messages, thoughts and items of kinds that are not known. */
export function readTool(item: JsonRecord | undefined): CodexTool | undefined {
  const id = textField(item, 'id');
  if (item === undefined || id === undefined) return undefined;
  switch (item['type']) {
    case 'commandExecution':
      return { id, tool: 'exec_command', input: toEvidence(textField(item, 'command') ?? '') };
    case 'fileChange':
      return { id, tool: 'apply_patch', input: toEvidence(describeChanges(item)) };
    case 'mcpToolCall':
      return { id, tool: nameMcpTool(textField(item, 'server'), textField(item, 'tool')), input: argumentsOf(item) };
    case 'dynamicToolCall':
    case 'collabAgentToolCall':
      return { id, tool: (textField(item, 'tool') ?? 'unknown').slice(0, NAME_CHARACTERS), input: argumentsOf(item) };
    case 'webSearch':
      return { id, tool: 'web_search', input: toEvidence(textField(item, 'query') ?? '') };
    default:
      return undefined;
  }
}

/** What the agent reads of a failure of its tool; undefined when it went well. */
export function readToolError(item: JsonRecord | undefined): string | undefined {
  const status = textField(item, 'status');
  if (status === 'declined') return 'declined';
  const exitCode = numberField(item, 'exitCode');
  if (exitCode !== undefined && exitCode !== 0) {
    const output = (textField(item, 'aggregatedOutput') ?? '').trimEnd();
    return toEvidence(`exit code ${exitCode}: ${output.slice(output.lastIndexOf('\n') + 1)}`);
  }
  const message = textField(recordField(item, 'error'), 'message');
  if (message !== undefined) return toEvidence(message);
  return status === 'failed' || item?.['success'] === false ? 'failed' : undefined;
}

/** What is wrong with an MCP server that Codex tells of; undefined when nothing is. */
export function readServerTrouble(params: JsonRecord): string | undefined {
  if (textField(params, 'status') !== 'failed') return undefined;
  const name = textField(params, 'name') ?? 'unknown';
  const what =
    name === 'nightdesk' ? "Nightdesk's own tools are" : `the tools of the MCP server ${toEvidence(name)} are`;
  return `${what} missing: ${toEvidence(textField(params, 'error') ?? 'no reason given')}`;
}

/** The name of an MCP server's tool, in the form that all CLIs but Codex share. */
export function nameMcpTool(server: string | undefined, tool: string | undefined): string {
  return `mcp__${server ?? 'unknown'}__${tool ?? 'unknown'}`.slice(0, NAME_CHARACTERS);
}

/** What a change of files does, in full: each path, and what it becomes. */
export function describeChanges(item: JsonRecord | undefined, withDiff = false): string {
  return listField(item, 'changes')
    .map((one) => {
      const change = asRecord(one);
      const heading = `${textField(recordField(change, 'kind'), 'type') ?? 'change'} ${textField(change, 'path') ?? '?'}`;
      return withDiff ? `${heading}\n${textField(change, 'diff') ?? ''}` : heading;
    })
    .join('\n');
}

function argumentsOf(item: JsonRecord): string {
  return toEvidence(JSON.stringify(item['arguments'] ?? {}));
}
