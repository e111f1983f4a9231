import { asRecord, listField, nameField, recordField, textField } from '../json-fields.ts';
import type { JsonRecord } from '../json-fields.ts';
import type { Permission, RunEvent } from '../runtime.ts';

/** Questions that wait at once; calls of one message come together, and no message has as many. */
const MOST_WAITING = 32;

/** Questions that a run may ask; an agent that still asks after so many is in a loop, and its owner's phone is not to ring on. */
const MOST_ASKED = 200;

/** The longest question: nobody reads more on a phone, and what waits is held in memory. */
const DETAIL_CHARACTERS = 256 * 1024;

/** What a wish covers is told up to this length. */
const COVERED_CHARACTERS = 300;

/** A call that Claude Code wants to make. */
interface Wish {
  readonly tool: string;
  readonly call: string | undefined;
  readonly input: JsonRecord;
}

interface Question extends Wish {
  /** The rules that Claude Code itself suggests for an answer that lasts. */
  readonly suggestions: readonly JsonRecord[];
}

/** Claude Code's questions over its pipe, and their answers. */
export interface PermissionDesk {
  /** Takes a `control_request` line, whatever it asks for: everything is answered, or the CLI would wait for ever. */
  takeRequest(line: JsonRecord): RunEvent[];
  /** Takes a `control_cancel_request` line: a question is void. */
  takeCancel(line: JsonRecord): RunEvent[];
  decide(request: string, permission: Permission, reason: string): string | undefined;
  /** Whether a question waits for its answer. */
  isWaiting(): boolean;
  /** Whether a call was denied by an answer that went through here. */
  wasDenied(call: string): boolean;
  /** Forgets what waits: the turn that asked is over. */
  clear(): void;
}

/** Builds the desk of one run; with `allowsAll` every question is answered with yes at once. */
export function createPermissionDesk(allowsAll: boolean): PermissionDesk {
  const waiting = new Map<string, Question>();
  const denied = new Set<string>();
  let asked = 0;

  function deny(id: string, call: string | undefined, message: string): string {
    if (call !== undefined && denied.size < MOST_ASKED) denied.add(call);
    return answer(id, { behavior: 'deny', message, interrupt: false });
  }

  function ask(id: string, request: JsonRecord): RunEvent {
    const wish = readWish(request);
    if (wish === undefined) return write(refuse(id, 'a question about no tool'));
    const { tool, call, input } = wish;
    if (tool === 'AskUserQuestion')
      return write(deny(id, call, 'Nobody sees this. Ask with the tool `ask` of the MCP server nightdesk.'));
    if (allowsAll) return write(answer(id, { behavior: 'allow', updatedInput: input }));
    const detail = detailOf(wish);
    if (detail.length > DETAIL_CHARACTERS)
      return write(deny(id, call, 'This is too long for a person to read before allowing it. Do it in smaller parts.'));
    if (asked >= MOST_ASKED || waiting.size >= MOST_WAITING)
      return write(deny(id, call, 'This run has asked too often: nobody is asked any more.'));
    asked += 1;
    const suggestions = listField(request, 'permission_suggestions')
      .map(asRecord)
      .filter((one) => one !== undefined);
    waiting.set(id, { tool, call, input, suggestions });
    return { kind: 'permission', request: id, tool, detail, forRun: describeRules(tool, suggestions) };
  }

  return {
    takeRequest(line) {
      const id = nameField(line, 'request_id');
      const request = readToolRequest(line);
      if (id === undefined) return [];
      if (request === undefined) return [write(refuse(id, 'not supported here'))];
      // A question that is repeated while it waits is the same question.
      return waiting.has(id) ? [] : [ask(id, request)];
    },
    takeCancel(line) {
      const request = nameField(line, 'request_id') ?? '';
      return waiting.delete(request) ? [{ kind: 'permission-void', request }] : [];
    },
    decide(id, permission, reason) {
      const question = waiting.get(id);
      if (question === undefined) return undefined;
      waiting.delete(id);
      if (permission === 'deny') return deny(id, question.call, reason || 'Denied.');
      return answer(id, {
        behavior: 'allow',
        updatedInput: question.input,
        ...(permission === 'run' ? { updatedPermissions: rulesForRun(question) } : {}),
      });
    },
    isWaiting: () => waiting.size > 0,
    wasDenied: (call) => denied.has(call),
    clear: () => waiting.clear(),
  };
}

/** What a `control_request` line wants to do, told for a log; undefined when it asks for nothing of the kind. */
export function describeWish(
  line: JsonRecord,
): { readonly tool: string; readonly call: string | undefined; readonly detail: string } | undefined {
  const wish = readWish(readToolRequest(line));
  return wish === undefined ? undefined : { tool: wish.tool, call: wish.call, detail: detailOf(wish) };
}

function readToolRequest(line: JsonRecord): JsonRecord | undefined {
  const request = recordField(line, 'request');
  return textField(request, 'subtype') === 'can_use_tool' ? request : undefined;
}

function readWish(request: JsonRecord | undefined): Wish | undefined {
  const tool = nameField(request, 'tool_name');
  const input = recordField(request, 'input');
  if (tool === undefined || input === undefined) return undefined;
  return { tool, call: nameField(request, 'tool_use_id'), input };
}

/**
 * The suggestions, for this session only: as they come, some would be written into the workdir's settings and stand for ever. All of them
 * are needed: with its rule alone a command that touches files asks again. Without a suggestion, the tool as a whole is allowed.
 */
function rulesForRun({ tool, suggestions }: Question): readonly JsonRecord[] {
  if (suggestions.length > 0) return suggestions.map((rule) => ({ ...rule, destination: 'session' }));
  return [{ type: 'addRules', rules: [{ toolName: tool }], behavior: 'allow', destination: 'session' }];
}

function describeRules(tool: string, suggestions: readonly JsonRecord[]): string {
  const parts = suggestions.flatMap((rule) => {
    switch (textField(rule, 'type')) {
      case 'addRules':
        return listField(rule, 'rules').map((one) => describeRule(asRecord(one)));
      case 'addDirectories':
        return [`work in ${listField(rule, 'directories').join(', ')}`];
      case 'setMode':
        return [
          textField(rule, 'mode') === 'acceptEdits' ? 'all edits of files' : `mode ${textField(rule, 'mode') ?? '?'}`,
        ];
      default:
        return [textField(rule, 'type') ?? 'something unknown'];
    }
  });
  const words = parts.length > 0 ? parts.join('; ') : `every call of ${tool}`;
  return words.length > COVERED_CHARACTERS ? `${words.slice(0, COVERED_CHARACTERS - 1).toWellFormed()}…` : words;
}

function describeRule(rule: JsonRecord | undefined): string {
  const content = textField(rule, 'ruleContent');
  const tool = textField(rule, 'toolName') ?? '?';
  return content === undefined ? `every call of ${tool}` : `${tool}: ${content}`;
}

/**
 * What a call wants to do, in full: a command as it stands, with all that changes how it runs, such as a sandbox that is to be left;
 * anything else as JSON that a person can read.
 */
function detailOf({ tool, input }: Pick<Wish, 'tool' | 'input'>): string {
  const { command, description: _, ...others } = input;
  if (tool !== 'Bash' || typeof command !== 'string') return JSON.stringify(input, null, 2);
  return Object.keys(others).length === 0 ? command : `${command}\n\nand to that: ${JSON.stringify(others)}`;
}

function answer(id: string, response: JsonRecord): string {
  return line({ subtype: 'success', request_id: id, response });
}

function refuse(id: string, error: string): string {
  return line({ subtype: 'error', request_id: id, error });
}

function line(response: JsonRecord): string {
  return `${JSON.stringify({ type: 'control_response', response })}\n`;
}

function write(text: string): RunEvent {
  return { kind: 'write', text };
}
