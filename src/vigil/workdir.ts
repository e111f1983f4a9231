import { basename, join, sep } from 'node:path';
import type { Agent, Fleet } from '../config/fleet.ts';

/** As many files of a workdir as are looked at; a tree of more shows its work near its top, or says so by `progress`. */
const MOST_FILES = 5_000;

/** Folders whose changes are no work of an agent: what tools keep for themselves. */
const NO_WORK: ReadonlySet<string> = new Set([
  '.git',
  '.hg',
  '.svn',
  'node_modules',
  '.claude',
  '.codex',
  '.gemini',
  '.cache',
  '.npm',
  '__pycache__',
]);

/** Written by us as well: what is in it is a checkpoint, which has a clock of its own. */
const OWN_FILE = 'WORKSTATE.md';

/** What is looked for in a folder. */
export interface WorkSearch {
  readonly folder: string;
  readonly mostFiles: number;
  /** What is passed over, with all that is in it. */
  readonly isNoWork: (path: string) => boolean;
  /** Files that were changed later than that are passed over: their time says nothing. */
  readonly notAfter: number;
}

/**
 * Finds the newest change in a folder.
 *
 * Contract: reads names and times only, follows no links, never rejects; undefined when nothing is found.
 */
export type FindNewestWork = (
  search: WorkSearch,
) => Promise<{ readonly path: string; readonly at: number } | undefined>;

/** A file system's clock may be a little ahead of ours. */
const AHEAD_MS = 2_000;

/** What to look for to see an agent's work: nothing of ours, of its tools, or of other agents that live in the same tree. */
export function workSearchOf(agent: Agent, fleet: Fleet, now: number): WorkSearch {
  const own = ['logs', 'secrets', 'backup'].map((name) => join(fleet.home, name));
  const others = [...fleet.agents.values()]
    .map(({ workdir }) => workdir)
    .filter((workdir) => workdir !== agent.workdir && workdir.startsWith(agent.workdir + sep));
  const passedOver = new Set([...own, ...others]);
  const database = join(fleet.home, 'nightdesk.db');
  return {
    folder: agent.workdir,
    mostFiles: MOST_FILES,
    notAfter: now + AHEAD_MS,
    isNoWork: (path) =>
      NO_WORK.has(basename(path)) ||
      basename(path).startsWith(OWN_FILE) ||
      passedOver.has(path) ||
      path.startsWith(database),
  };
}
