import type { Runtime } from '../runtime.ts';
import { startClaude, startProbe } from './claude-arguments.ts';
import { createClaudeDecoder } from './claude-decoder.ts';
import { readClaudeLine } from './claude-log.ts';

/** The runtime of Anthropic's Claude Code. */
export const claudeRuntime: Runtime = {
  name: 'claude',
  prepare(agent, run) {
    return { spawn: startClaude(agent, run), decoder: createClaudeDecoder(agent, run) };
  },
  readLogLine: readClaudeLine,
  cli: {
    program: 'claude',
    versionArguments: ['--version'],
    readVersion: (printed) => /\b\d+\.\d+\.\d+\b/.exec(printed)?.[0],
    // All that is read was seen in 2.1.330. What cannot be missed - a session over stdin, can_use_tool, is_error and modelUsage in results -
    // is told of 2.1 as a whole; fields that came later are read where they are there.
    oldest: '2.1.0',
    prepareProbe(agent, run) {
      return { spawn: startProbe(), decoder: createClaudeDecoder(agent, run) };
    },
  },
};
