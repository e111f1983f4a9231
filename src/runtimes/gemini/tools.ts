import { toEvidence } from '../evidence.ts';
import type { JsonRecord } from '../json-fields.ts';
import { asRecord, listField, recordField, textField } from '../json-fields.ts';
import { likenessOfText } from '../likeness.ts';

/** The name by which the model called a tool: Gemini CLI puts it twice at the beginning of the call's id. */
export function nameTool(call: JsonRecord | undefined): string {
  const name = /^(.{1,200}?)__\1_\d/.exec(textField(call, 'toolCallId') ?? '')?.[1];
  return (name ?? textField(call, 'kind') ?? 'unknown').slice(0, 100);
}

/** Whether a call is one of Nightdesk's own tools: both the name and the title are Gemini CLI's, none is the agent's. */
export function isOwnTool(call: JsonRecord | undefined): boolean {
  return (
    nameTool(call).startsWith('mcp_nightdesk_') && (textField(call, 'title') ?? '').endsWith('(nightdesk MCP Server)')
  );
}

/** What a call of a tool is called with: its title is the command, or says which file. */
export function inputOf(call: JsonRecord | undefined): string {
  return toEvidence(textField(call, 'title') ?? '');
}

/** Tells an edit from another one of the same file; undefined for calls whose title says it all. */
export function likenessOf(call: JsonRecord): string | undefined {
  const diffs = listField(call, 'content').filter((one) => asRecord(one)?.['type'] === 'diff');
  return diffs.length === 0 ? undefined : likenessOfText(JSON.stringify(diffs));
}

/** What the agent reads of a failure. */
export function errorOf(call: JsonRecord | undefined): string | undefined {
  if (call?.['status'] !== 'failed') return undefined;
  const texts = listField(call, 'content').map((one) => textField(recordField(asRecord(one), 'content'), 'text'));
  return toEvidence(texts.find((text) => text !== undefined) ?? 'failed');
}

/** Whether an update tells that its call is over. */
export function isOver(update: JsonRecord): boolean {
  return update['status'] === 'completed' || update['status'] === 'failed';
}

/** What a chunk of the agent's words holds; Gemini CLI tells a change of its approval mode in the same way. */
export function saidIn(update: JsonRecord): string {
  const text = textField(recordField(update, 'content'), 'text') ?? '';
  return text.startsWith('[MODE_UPDATE]') ? '' : text;
}
