import { toEvidence } from '../evidence.ts';
import { asRecord, listField, nameField, recordField, textField } from '../json-fields.ts';
import type { JsonRecord } from '../json-fields.ts';
import { likenessOfText } from '../likeness.ts';
import type { RunEvent } from '../runtime.ts';

/** Calls that are open at once; far more than an agent and its subagents make. */
const MOST_OPEN = 256;

/** What is looked at of a call's input or error; what is shown is shorter still. */
const LOOKED_AT_CHARACTERS = 1000;

/** The fields of an input that say most of what a call does, the first that there is. */
const TELLING_FIELDS = ['command', 'file_path', 'pattern', 'url', 'query', 'prompt', 'description'] as const;

/** Fields that say nothing of what a call does: the agent words them anew each time. */
const WORDS_ABOUT: ReadonlySet<string> = new Set(['description', 'timeout']);

/** What is short and plain as it stands: most commands and paths. */
const PLAIN = /^[!-~](?: ?[!-~]){0,140}$/;

/** Follows the tools that an agent calls. */
export interface ToolCalls {
  /** Takes an assistant line that may hold calls. */
  takeCalls(line: JsonRecord): RunEvent[];
  /** Takes a user line that may hold the results of calls. */
  takeResults(line: JsonRecord): RunEvent[];
  isOpen(): boolean;
  clear(): void;
}

/** Builds the follower of one run's calls. */
export function createToolCalls(): ToolCalls {
  const open = new Map<string, { readonly tool: string; readonly parent: string | undefined }>();

  function begin(id: string, tool: string, parent: string | undefined): void {
    const [oldest] = open.keys();
    if (open.size >= MOST_OPEN && oldest !== undefined) open.delete(oldest);
    open.set(id, { tool, parent });
  }

  return {
    takeCalls(line) {
      const parent = nameField(line, 'parent_tool_use_id');
      const events: RunEvent[] = [];
      for (const { id, tool, input } of callsIn(line)) {
        begin(id, tool, parent);
        events.push({ kind: 'tool-begun', id, tool, input: inputOf(input), ...likenessOf(input) });
      }
      return events;
    },
    takeResults(line) {
      const events: RunEvent[] = [];
      for (const { id, error } of readResults(line)) {
        const call = open.get(id);
        if (call === undefined) continue;
        open.delete(id);
        // What a subagent had open ends with it.
        for (const [inner, { parent }] of open) if (parent === id) open.delete(inner);
        events.push({ kind: 'tool-ended', id, tool: call.tool, ...(error === undefined ? {} : { error }) });
      }
      return events;
    },
    isOpen: () => open.size > 0,
    clear: () => open.clear(),
  };
}

/** The calls that an assistant line holds. */
export function readCalls(
  line: JsonRecord,
): readonly { readonly id: string; readonly tool: string; readonly input: string }[] {
  return callsIn(line).map((call) => ({ ...call, input: inputOf(call.input) }));
}

function callsIn(line: JsonRecord): { id: string; tool: string; input: JsonRecord | undefined }[] {
  const calls: { id: string; tool: string; input: JsonRecord | undefined }[] = [];
  for (const block of blocksOf(line, 'tool_use')) {
    const id = nameField(block, 'id');
    const tool = nameField(block, 'name');
    if (id !== undefined && tool !== undefined) calls.push({ id, tool, input: recordField(block, 'input') });
  }
  return calls;
}

/** The results of calls that a user line holds; `error` is what the agent reads of a failure. */
export function readResults(line: JsonRecord): readonly { readonly id: string; readonly error?: string }[] {
  const results: { id: string; error?: string }[] = [];
  for (const block of blocksOf(line, 'tool_result')) {
    const id = nameField(block, 'tool_use_id');
    if (id !== undefined) results.push(block['is_error'] === true ? { id, error: resultText(block) } : { id });
  }
  return results;
}

/** The texts that an assistant line holds. */
export function readTexts(line: JsonRecord): readonly string[] {
  return blocksOf(line, 'text').flatMap((block) => textField(block, 'text') ?? []);
}

/** The blocks of one type; a plain loop, since each line of a run comes through here. */
function blocksOf(line: JsonRecord, type: string): JsonRecord[] {
  const blocks: JsonRecord[] = [];
  for (const value of listField(recordField(line, 'message'), 'content')) {
    const block = asRecord(value);
    if (block?.['type'] === type) blocks.push(block);
  }
  return blocks;
}

/** A call's input, shortened: its most telling field, or all of it as JSON with long texts cut first. */
function inputOf(input: JsonRecord | undefined): string {
  const telling = TELLING_FIELDS.map((field) => textField(input, field)).find((text) => text !== undefined);
  if (telling !== undefined) return PLAIN.test(telling) ? telling : toEvidence(telling.slice(0, LOOKED_AT_CHARACTERS));
  const short = Object.entries(input ?? {}).map(([key, value]) => [
    key,
    typeof value === 'string' ? value.slice(0, LOOKED_AT_CHARACTERS) : value,
  ]);
  return toEvidence(JSON.stringify(Object.fromEntries(short)).slice(0, LOOKED_AT_CHARACTERS));
}

/** An edit of the same file is another call: told apart by all that is given, where one field does not say all. */
function likenessOf(input: JsonRecord | undefined): { likeness?: string } {
  const telling = Object.entries(input ?? {}).filter(([name]) => !WORDS_ABOUT.has(name));
  const [only] = telling;
  const isShort = telling.length <= 1 && (only === undefined || (typeof only[1] === 'string' && only[1].length <= 140));
  return isShort ? {} : { likeness: likenessOfText(JSON.stringify(telling)) };
}

function resultText(block: JsonRecord): string {
  const whole = textField(block, 'content');
  const texts = listField(block, 'content').map((part) => textField(asRecord(part), 'text') ?? '');
  return toEvidence((whole ?? texts.join(' ')).slice(0, LOOKED_AT_CHARACTERS)) || 'failed without a word';
}
