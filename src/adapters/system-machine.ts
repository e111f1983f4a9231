import { readFileSync, statfsSync } from 'node:fs';
import { totalmem } from 'node:os';
import type { Machine } from '../ports.ts';

const CGROUPS = '/sys/fs/cgroup';

/** Builds the Machine port on what the kernel tells. */
export function createSystemMachine(): Machine {
  return { availableMemoryBytes, freeDiskBytes };
}

/** All memory that we may use, in bytes: the machine's, or what our cgroup allows. */
export function loadTotalMemoryBytes(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Infinity);
}

function freeDiskBytes(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/**
 * On Linux this is MemAvailable, or what our cgroup has left. Elsewhere libuv gives the pages that nobody uses at all, hardly any on a
 * healthy Mac: that says nothing.
 */
function availableMemoryBytes(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const available = process.availableMemory();
  const isLimited = process.constrainedMemory() > 0 && process.constrainedMemory() < totalmem();
  // A cgroup counts files that were read as used; the kernel drops those that lie idle as soon as somebody needs the memory.
  return isLimited ? available + idleFileBytes() : available === 0 ? undefined : available;
}

/** Idle page cache of our own cgroup (version 2, then 1); 0 where it is not told. */
function idleFileBytes(): number {
  const groups = read('/proc/self/cgroup');
  const unified = /^0::(.*)$/m.exec(groups)?.[1] ?? '';
  const memory = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1] ?? '';
  // Inside a container the path may be the host's, while our own group is mounted as the root.
  for (const folder of [`${CGROUPS}${unified}`, CGROUPS, `${CGROUPS}/memory${memory}`, `${CGROUPS}/memory`]) {
    const bytes = /^(?:total_)?inactive_file (\d+)$/m.exec(read(`${folder}/memory.stat`))?.[1];
    if (bytes !== undefined) return Number(bytes);
  }
  return 0;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
