import type { Agent } from '../../config/fleet.ts';
import type { RunInput, SpawnPart } from '../runtime.ts';

/** The name of Nightdesk's own MCP server: its tools are `mcp__nightdesk__…` to the agent. */
export const MCP_SERVER = 'nightdesk';

/** No calls but those of the model; no update in the middle of a fleet's night: versions change when their owner changes them. */
const QUIET_ENV = {
  DISABLE_AUTOUPDATER: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_TELEMETRY: '1',
  DISABLE_ERROR_REPORTING: '1',
} as const;

/**
 * Five attempts of three minutes are 15 minutes at worst, and 8 seconds of backoff against a busy server: long enough for a hiccup, while
 * Claude Code's own eleven attempts take 3 minutes against a busy server, and 70 against one that does not answer (facts: agent-clis 4).
 * Longer troubles are Nightdesk's, which backs off without holding a slot.
 */
const BOUNDED_ENV = { API_TIMEOUT_MS: '180000', CLAUDE_CODE_MAX_RETRIES: '4' } as const;

/** Otherwise the model sees only the names of MCP tools, and has to search for each before it can call it. */
const TOOLS_ENV = { ENABLE_TOOL_SEARCH: '0' } as const;

/** Asks a person, and there is none at this terminal; agents have `ask` of ours. */
const DISALLOWED_TOOLS = 'AskUserQuestion';

const STREAM = ['--output-format', 'stream-json', '--verbose'] as const;

const INTERRUPTED =
  'You were interrupted in the middle of this work, and this is the same session. Read WORKSTATE.md, look at what was done and what was ' +
  'not, and go on from there; nothing that is done already is to be done twice. What you were asked to do was:';

/** How a run of Claude Code is started: a session over stdin, so that questions can be answered and words added while it runs. */
export function startClaude(agent: Agent, run: RunInput): SpawnPart {
  const { session } = run;
  return {
    argv: [
      'claude',
      '-p',
      '--input-format',
      'stream-json',
      ...STREAM,
      ...(session.kind === 'new' ? ['--session-id', session.id] : ['--resume', session.resumeToken]),
      ...(agent.model === undefined ? [] : ['--model', agent.model]),
      ...permissionArguments(agent),
      '--mcp-config',
      mcpConfig(run.mcpUrl),
      ...(run.instructions === '' ? [] : ['--append-system-prompt', run.instructions]),
      ...(run.mostUsd === undefined ? [] : ['--max-budget-usd', String(run.mostUsd)]),
    ],
    stdin: userMessage(firstWords(run)),
    keepsInputOpen: true,
    env: {
      ...QUIET_ENV,
      ...BOUNDED_ENV,
      ...TOOLS_ENV,
      // Claude Code refuses to allow everything to root unless it is told that this machine is there to be worked on.
      ...(agent.permissions.mode === 'allow' ? { IS_SANDBOX: '1' } : {}),
    },
  };
}

/**
 * The cheapest run that shows whether login, model and output work: one call, no tools, no session left behind, no second attempt
 * (facts: agent-clis 5). Its model is small: what is asked is whether the door opens.
 */
export function startProbe(): SpawnPart {
  return {
    argv: [
      'claude',
      '-p',
      'ok',
      ...STREAM,
      '--model',
      'haiku',
      '--tools',
      '',
      '--system-prompt',
      'probe',
      '--no-session-persistence',
      '--strict-mcp-config',
      '--max-turns',
      '1',
    ],
    env: { ...QUIET_ENV, API_TIMEOUT_MS: '60000', CLAUDE_CODE_MAX_RETRIES: '0' },
  };
}

/** A message for Claude Code's stdin, as one line. */
export function userMessage(text: string): string {
  return `${JSON.stringify({ type: 'user', message: { role: 'user', content: [{ type: 'text', text }] } })}\n`;
}

/** The mode is named in either case, since the user's own settings could bring another: one in which nobody is asked, and all is denied. */
function permissionArguments({ permissions }: Agent): readonly string[] {
  return [
    '--permission-mode',
    permissions.mode === 'allow' ? 'bypassPermissions' : 'default',
    '--permission-prompt-tool',
    'stdio',
    '--allowedTools',
    `mcp__${MCP_SERVER}`,
    ...permissions.tools,
    '--disallowedTools',
    DISALLOWED_TOOLS,
  ];
}

/** The token is expanded by Claude Code from its environment, so that it stands in no argument that others on the machine can read. */
function mcpConfig(url: string): string {
  const server = { type: 'http', url, headers: { Authorization: 'Bearer ${NIGHTDESK_TOKEN}' } };
  return JSON.stringify({ mcpServers: { [MCP_SERVER]: server } });
}

function firstWords(run: RunInput): string {
  const parts = [run.session.kind === 'resume' ? INTERRUPTED : '', run.prompt, run.stdin ?? ''];
  return parts.filter((part) => part !== '').join('\n\n');
}
