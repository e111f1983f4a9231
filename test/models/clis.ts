/**
 * The real agent CLIs, where they are installed: CI does so, and `npm install --prefix .clis --no-save` with the packages of `.ci/run`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** The executables that were found, as absolute paths. */
export interface InstalledClis {
  readonly claude?: string;
  readonly codex?: string;
  readonly gemini?: string;
}

/** The name of an agent CLI that the tests know. */
export type CliName = keyof InstalledClis;

/** Looks for the CLIs in the folder that NIGHTDESK_TEST_CLIS names, else in `.clis` of the repository; a missing one is left out. */
export function findClis(environment: Readonly<Record<string, string | undefined>>): InstalledClis {
  const folder = environment['NIGHTDESK_TEST_CLIS'] ?? join(REPOSITORY, '.clis');
  const names: readonly CliName[] = ['claude', 'codex', 'gemini'];
  const found = names.map((name) => [name, join(folder, 'node_modules', '.bin', name)] as const);
  return Object.fromEntries(found.filter(([, path]) => existsSync(path)));
}
