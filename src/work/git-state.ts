import type { Clock, Processes } from '../ports.ts';
import { createProgramRunner } from '../run-program.ts';

/** How git sees a workdir. */
export interface GitState {
  /** The branch, and what is changed, a line each. */
  readonly status: readonly string[];
  readonly commits: readonly string[];
}

/** Reads how git sees a folder; never rejects. Undefined where there is no git, no repository, or no answer in time. */
export type ReadGitState = (folder: string) => Promise<GitState | undefined>;

const LIMIT_MS = 3_000;
/** Whoever changed more files is told of by their number. */
const MOST_LINES = 40;
/** Nothing that a repository's own configuration names is run. */
const GIT = [
  'git',
  '--no-optional-locks',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'color.ui=false',
] as const;

/** Builds the reader over real programs. */
export function createGitReader(
  processes: Pick<Processes, 'spawn'>,
  clock: Clock,
  env: Readonly<Record<string, string>>,
): ReadGitState {
  const programs = createProgramRunner(processes, clock);

  async function linesOf(folder: string, ...words: readonly string[]): Promise<readonly string[] | undefined> {
    const request = {
      argv: [...GIT, ...words] as [string, ...string[]],
      cwd: folder,
      env: { ...env, GIT_TERMINAL_PROMPT: '0' },
    };
    const { exit, stdout, timedOut } = await programs.run(request, LIMIT_MS);
    if (timedOut || exit.kind !== 'exited' || exit.code !== 0) return undefined;
    return stdout.split('\n').filter((line) => line !== '');
  }

  return async (folder) => {
    const [status, commits] = await Promise.all([
      linesOf(folder, 'status', '--short', '--branch', '--', '.'),
      linesOf(folder, 'log', '-5', '--oneline', '--no-decorate'),
    ]);
    if (status === undefined) return undefined;
    const more = status.length - MOST_LINES;
    const shown = more > 0 ? [...status.slice(0, MOST_LINES), `… and ${more} more`] : status;
    // A repository without commits has no log.
    return { status: shown, commits: commits ?? [] };
  };
}
