import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import type { Fleet } from './fleet.ts';
import { type KeyPath, valueAt } from './key-path.ts';

/** Whether a program can be started from a folder; `path` is the PATH of whoever is started, where it has one of its own. */
export type FindProgram = (program: string, cwd: string, path?: string) => boolean;

/** A program that fleet.yaml names, with the place where it names it. */
export interface NamedProgram {
  readonly key: KeyPath;
  readonly program: string;
  readonly cwd: string;
  readonly path: string | undefined;
}

/** What stands where a program would be started. */
export type ProgramSight =
  /** `file` changes whenever the program is replaced: its real path, size and time. */
  | { readonly kind: 'found'; readonly path: string; readonly file: string }
  | { readonly kind: 'not-executable'; readonly path: string }
  | { readonly kind: 'missing' };

/** Finds the file that starting a program would start; the arguments are those of FindProgram. */
export type LocateProgram = (program: string, cwd: string, path?: string) => ProgramSight;

/** Looks for programs as starting them would: a name with a slash from the folder, a bare one on the PATH. */
export function createProgramFinder(ownPath: string | undefined): FindProgram {
  return (program, cwd, path = ownPath) => candidates(program, cwd, path).some(isExecutable);
}

/** Looks for programs as the finder does, and tells which file it is; links are followed. */
export function createProgramLocator(ownPath: string | undefined): LocateProgram {
  return (program, cwd, path = ownPath) => {
    const places = candidates(program, cwd, path);
    const found = places.find(isExecutable);
    const file = found === undefined ? undefined : identityOf(found);
    if (found !== undefined && file !== undefined) return { kind: 'found', path: found, file };
    const standing = places.find((place) => identityOf(place) !== undefined);
    return standing === undefined ? { kind: 'missing' } : { kind: 'not-executable', path: standing };
  };
}

function candidates(program: string, cwd: string, path: string | undefined): string[] {
  if (program.includes('/')) return [resolve(cwd, program)];
  const folders = (path ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => resolve(cwd, folder, program));
}

/** Every program that the fleet will start, in no particular order; `raw` tells which keys are written where. */
export function programsOf(fleet: Fleet, folder: string, raw: unknown): NamedProgram[] {
  const named = (key: KeyPath, argv: readonly string[] | undefined): NamedProgram[] => {
    const program = argv?.[0];
    return program === undefined ? [] : [{ key: [...key, 0], program, cwd: folder, path: undefined }];
  };
  const credentials = [...fleet.credentials.values()].flatMap(({ name, check, login, rotate }) => [
    ...named(['credentials', name, 'check'], check),
    ...named(['credentials', name, 'login'], login === 'paste' ? undefined : login),
    ...named(['credentials', name, 'rotate', 'command'], rotate?.command),
  ]);
  const agents = [...fleet.agents.values()].map((agent): NamedProgram => {
    const key = agent.runtime === 'command' ? ['command'] : ['runtime'];
    const holder = valueAt(raw, ['agents', agent.name, ...key]) === undefined ? ['defaults'] : ['agents', agent.name];
    return {
      key: [...holder, ...key, ...(agent.runtime === 'command' ? [0] : [])],
      program: agent.runtime === 'command' ? (agent.command[0] ?? '') : agent.runtime,
      cwd: agent.workdir,
      path: agent.env['PATH'],
    };
  });
  return [...named(['alerts', 'fallback'], fleet.alerts.fallback), ...credentials, ...agents];
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Undefined where there is no file that this user can look at. */
function identityOf(path: string): string | undefined {
  try {
    const stats = statSync(path);
    return stats.isFile() ? `${realpathSync(path)}:${stats.size}:${Math.round(stats.mtimeMs)}` : undefined;
  } catch {
    return undefined;
  }
}
