import { claudeRuntime } from './claude/claude.ts';
import { codexRuntime } from './codex/codex.ts';
import { commandRuntime } from './command.ts';
import { geminiRuntime } from './gemini/gemini.ts';
import type { Runtime } from './runtime.ts';

/** All kinds of agents, by the name that fleet.yaml gives them. */
export const RUNTIMES: ReadonlyMap<string, Runtime> = new Map(
  [commandRuntime, claudeRuntime, codexRuntime, geminiRuntime].map((runtime) => [runtime.name, runtime]),
);
