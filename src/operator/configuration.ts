import { dirname } from 'node:path';
import { type LoadedFleet, loadFleet } from '../config/load.ts';
import { renderProblem } from '../config/problem.ts';
import { loadEnvironment } from './token.ts';
import type { Terminal } from './terminal.ts';

/** A valid configuration with the environment that it was read in. */
export interface Configuration {
  readonly loaded: LoadedFleet;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Reads fleet.yaml; undefined when it is not valid, and every problem has been said. */
export function loadConfiguration(file: string, terminal: Terminal): Configuration | undefined {
  const env = loadEnvironment(dirname(file), terminal.env);
  const loaded = loadFleet(file, env);
  if (loaded.kind === 'loaded') return { loaded, env };
  for (const problem of loaded.problems) terminal.complain(renderProblem(problem));
  if (loaded.omitted > 0) terminal.complain(`… and ${loaded.omitted} more`);
  return undefined;
}
