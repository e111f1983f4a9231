import { dirname } from 'node:path';
import { type LoadedFleet, loadFleet } from '../config/load.ts';
import { renderProblem } from '../config/problem.ts';
import { loadEnvironment } from './token.ts';
import type { Terminal } from './terminal.ts';

/** A valid configuration with the environment it was read in; or nothing, and every problem has been said. */
export function loadConfiguration(
  file: string,
  terminal: Terminal,
): { readonly loaded: LoadedFleet; readonly env: Readonly<Record<string, string | undefined>> } | undefined {
  const env = loadEnvironment(dirname(file), terminal.env);
  const loaded = loadFleet(file, env);
  if (loaded.kind === 'loaded') return { loaded, env };
  for (const problem of loaded.problems) terminal.complain(renderProblem(problem));
  if (loaded.omitted > 0) terminal.complain(`… and ${loaded.omitted} more`);
  return undefined;
}
