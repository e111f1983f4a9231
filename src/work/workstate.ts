import { join } from 'node:path';
import type { Agent } from '../config/fleet.ts';
import type { Disk } from '../ports.ts';

/** The file in which an agent keeps what it is at, in its own workdir. */
const WORKSTATE_FILE = 'WORKSTATE.md';
/** More than this is no summary any more; the rest is not read. */
const MAX_BYTES = 256 * 1024;

/** The agent's WORKSTATE.md as it stands, with the time (epoch ms) of its last change; undefined when there is none. */
export function loadWorkstate(
  agent: Agent,
  disk: Disk,
): { readonly text: string; readonly modifiedAt: number } | undefined {
  return disk.readText(join(agent.workdir, WORKSTATE_FILE), MAX_BYTES);
}
