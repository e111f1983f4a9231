import { toEvidence } from '../evidence.ts';
import type { JsonRecord } from '../json-fields.ts';
import { listField, recordField, textField } from '../json-fields.ts';
import type { Permission } from '../runtime.ts';
import { describeChanges, nameMcpTool } from './items.ts';

/** Something that Codex wants to be allowed. */
export interface Approval {
  readonly tool: string;
  readonly detail: string;
  readonly forRun: string;
  /** The result that tells Codex the owner's word. */
  answer(permission: Permission): unknown;
}

/**
 * The question that a request of the server asks; undefined when it asks for nothing that a person could allow.
 * `item` is the tool call that the request belongs to, as it was told before: a change of files is described there only.
 */
export function readApproval(method: string, params: JsonRecord, item: JsonRecord | undefined): Approval | undefined {
  switch (method) {
    case 'item/commandExecution/requestApproval':
      return { ...describeCommand(params), answer: (permission) => ({ decision: DECISIONS[permission] }) };
    case 'item/fileChange/requestApproval':
      return {
        tool: 'apply_patch',
        detail: because(params, joinLines(describeChanges(item, true), under(textField(params, 'grantRoot')))),
        forRun: 'any change of these files',
        answer: (permission) => ({ decision: DECISIONS[permission] }),
      };
    case 'item/permissions/requestApproval': {
      const wanted = withoutNulls(recordField(params, 'permissions') ?? {});
      return {
        tool: 'request_permissions',
        detail: joinLines(textField(params, 'reason'), JSON.stringify(wanted)),
        forRun: 'the same access, whatever it is used for',
        answer: (permission) => ({
          permissions: permission === 'deny' ? {} : wanted,
          scope: permission === 'run' ? 'session' : 'turn',
        }),
      };
    }
    case 'mcpServer/elicitation/request':
      return readMcpApproval(params);
    default:
      return undefined;
  }
}

/** `decline` lets the agent go on without it, where `cancel` would end its turn. */
const DECISIONS: Readonly<Record<Permission, string>> = { once: 'accept', run: 'acceptForSession', deny: 'decline' };

function describeCommand(params: JsonRecord): Pick<Approval, 'tool' | 'detail' | 'forRun'> {
  const host = textField(recordField(params, 'networkApprovalContext'), 'host');
  const command = textField(params, 'command');
  if (host !== undefined) {
    return {
      tool: 'network',
      detail: because(params, joinLines(`connect to ${host}`, command)),
      forRun: `every connection to ${toEvidence(host)}`,
    };
  }
  const isInput = params['kind'] === 'writeStdin';
  const actions = listField(params, 'commandActions');
  const what = command ?? (actions.length === 0 ? '' : JSON.stringify(actions));
  return {
    tool: isInput ? 'write_stdin' : 'exec_command',
    detail: what === '' ? '' : because(params, joinLines(what, under(textField(params, 'cwd')))),
    forRun: 'this very command, as often as it is run',
  };
}

/** Codex asks for a call of an MCP tool in the form of an elicitation that has nothing to fill in; other forms nobody fills in. */
function readMcpApproval(params: JsonRecord): Approval | undefined {
  const meta = recordField(params, '_meta');
  if (textField(meta, 'codex_approval_kind') !== 'mcp_tool_call') return undefined;
  return {
    tool: nameMcpTool(textField(params, 'serverName'), textField(meta, 'tool_name')),
    detail: joinLines(textField(params, 'message'), JSON.stringify(meta?.['tool_params'] ?? {})),
    forRun: 'this tool, whatever it is called with',
    answer: (permission) =>
      permission === 'deny'
        ? { action: 'decline', content: null, _meta: null }
        : { action: 'accept', content: {}, _meta: permission === 'run' ? { persist: 'session' } : null },
  };
}

function withoutNulls(from: JsonRecord): JsonRecord {
  return Object.fromEntries(Object.entries(from).filter(([, value]) => value !== null));
}

/** A reason alone asks for nothing that could be allowed: then there is no detail at all. */
function because(params: JsonRecord, what: string): string {
  return what === '' ? '' : joinLines(textField(params, 'reason'), what);
}

function under(folder: string | undefined): string | undefined {
  return folder === undefined ? undefined : `in ${folder}`;
}

function joinLines(...lines: readonly (string | undefined)[]): string {
  return lines.filter((line) => line !== undefined && line !== '').join('\n');
}
