import type { Agent } from '../../config/fleet.ts';
import { createLineDecoder } from '../line-decoder.ts';
import type { PreparedRun, RunInput, Runtime } from '../runtime.ts';
import { readGeminiLine } from './log.ts';
import { createGeminiSession, OPENING } from './session.ts';

const PROGRAM = 'gemini';

/**
 * The runtime of Google's Gemini CLI: `gemini --acp` on its stdin and stdout, since `gemini -p` can neither ask for a permission nor
 * be given an MCP server without a settings file in the user's own folders.
 *
 * Its own tries (ten of each call, some four minutes) are bounded by settings files only: `general.maxAttempts`.
 */
export const geminiRuntime: Runtime = {
  name: 'gemini',
  prepare,
  readLogLine: readGeminiLine,
  cli: {
    program: PROGRAM,
    versionArguments: ['--version'],
    readVersion: (printed) => /^\s*v?(\d+\.\d+\.\d+\S*)\s*$/m.exec(printed)?.[1],
    oldest: '0.61.0',
    prepareProbe: (agent, run) =>
      prepare(agent, { ...run, prompt: 'Answer with the word ok, and do nothing else.', instructions: '' }),
  },
};

function prepare(agent: Agent, run: RunInput): PreparedRun {
  const mode = agent.permissions.mode === 'allow' ? 'yolo' : 'default';
  const model = agent.model === undefined ? [] : ['--model', agent.model];
  return {
    spawn: {
      // A workdir that nobody has trusted by hand would have its tools taken away.
      argv: [PROGRAM, '--acp', '--skip-trust', '--approval-mode', mode, ...model],
      stdin: OPENING,
      keepsInputOpen: true,
      // Otherwise it starts itself a second time, for a larger heap.
      env: { GEMINI_CLI_NO_RELAUNCH: 'true' },
    },
    decoder: createLineDecoder(run, (emit) => createGeminiSession(agent, run, emit)),
  };
}
