import type { WorkstateSource } from './workstate.ts';

/**
 * The WORKSTATE.md files in the agents' workdirs.
 *
 * Contract:
 * - `mark` changes whenever the file does, and costs one look at its entry; undefined: there is nothing of that name.
 * - `read` reads a regular file that lies in the workdir, at most one byte more than may be kept; never throws, and never waits.
 * - `write` replaces the file as a whole, also where a link stands in its place; it throws what the file system says.
 */
export interface WorkstateFiles {
  mark(workdir: string): string | undefined;
  read(workdir: string): WorkstateSource;
  write(workdir: string, text: string): void;
}
