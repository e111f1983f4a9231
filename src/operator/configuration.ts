import { dirname } from 'node:path';
import { type LoadedFleet, loadFleet } from '../config/load.ts';
import { renderProblem } from '../config/problem.ts';
import { EnvironmentFileError, loadEnvironment } from './token.ts';
import type { Terminal } from './terminal.ts';

/** A valid configuration with the environment that it was read in. */
export interface Configuration {
  readonly loaded: LoadedFleet;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Reads fleet.yaml; undefined when it is not valid, and every problem has been said. */
export function loadConfiguration(file: string, terminal: Terminal): Configuration | undefined {
  const env = tryEnvironment(dirname(file), terminal);
  if (env === undefined) return undefined;
  const loaded = loadFleet(file, env);
  if (loaded.kind === 'loaded') return { loaded, env };
  for (const problem of loaded.problems) terminal.complain(renderProblem(problem));
  if (loaded.omitted > 0) terminal.complain(`… and ${loaded.omitted} more`);
  return undefined;
}

function tryEnvironment(folder: string, terminal: Terminal): Configuration['env'] | undefined {
  try {
    return loadEnvironment(folder, terminal.env);
  } catch (error) {
    if (!(error instanceof EnvironmentFileError)) throw error;
    terminal.complain(error.message);
    return undefined;
  }
}
