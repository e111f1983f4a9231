import type { Agent } from '../../config/fleet.ts';
import { createLineDecoder } from '../line-decoder.ts';
import type { PreparedRun, RunInput, Runtime } from '../runtime.ts';
import { readCodexLine } from './log.ts';
import { OPENING } from './requests.ts';
import { createCodexSession } from './session.ts';

const PROGRAM = 'codex';

/** Settings of Codex's own, as its config.toml names them. */
type Settings = Readonly<Record<string, string | number | boolean>>;

/** How long a tool of Nightdesk's may take, in seconds: one that asks the owner waits as long as the owner does. */
const TOOL_SECONDS = 24 * 60 * 60;

/** How long Nightdesk's tools may take to be there, in seconds: many agents that start at once keep a small machine busy for half of it. */
const START_SECONDS = 60;

/**
 * The runtime of OpenAI's Codex: `codex app-server` on its stdin and stdout, since `codex exec` tells neither how full the context is
 * nor what it wants to be allowed, and its failures in words only.
 *
 * Its own tries (five of each call) cannot be bounded: it refuses settings for the providers that it brings along.
 */
export const codexRuntime: Runtime = {
  name: 'codex',
  prepare,
  readLogLine: readCodexLine,
  cli: {
    program: PROGRAM,
    versionArguments: ['--version'],
    readVersion: (printed) => /\bcodex(?:-cli)? (\d+\.\d+\.\d+\S*)/.exec(printed)?.[1],
    oldest: '0.169.0',
    prepareProbe: (agent, run) =>
      prepare(agent, { ...run, prompt: 'Answer with the word ok, and do nothing else.', instructions: '' }, {}),
  },
};

function prepare(agent: Agent, run: RunInput, tools: Settings = toolsOf(run)): PreparedRun {
  const settings: Settings = { check_for_update_on_startup: false, 'analytics.enabled': false, ...tools };
  // Codex reads the values as TOML, in which a JSON string, number or boolean is itself.
  const flags = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${JSON.stringify(value)}`]);
  return {
    spawn: { argv: [PROGRAM, 'app-server', ...flags], stdin: OPENING, keepsInputOpen: true },
    decoder: createLineDecoder(run, (emit) => createCodexSession(agent, run, emit)),
  };
}

/** Nightdesk's own tools: a run without them would rather not begin. */
function toolsOf(run: RunInput): Settings {
  return {
    'mcp_servers.nightdesk.url': run.mcpUrl,
    'mcp_servers.nightdesk.bearer_token_env_var': 'NIGHTDESK_TOKEN',
    'mcp_servers.nightdesk.default_tools_approval_mode': 'approve',
    'mcp_servers.nightdesk.tool_timeout_sec': TOOL_SECONDS,
    // Without it the first call of the model goes out while the tools are still missing, where the machine is busy (seen with 0.169).
    'mcp_servers.nightdesk.required': true,
    'mcp_servers.nightdesk.startup_timeout_sec': START_SECONDS,
  };
}
