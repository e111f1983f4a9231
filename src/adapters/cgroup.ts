import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sendSignal } from './process-signals.ts';

/** A killed cgroup is empty within a millisecond or two, unless its members give back much memory. */
const POLL_MS = 2;

/** How deep a cgroup's folders may be nested: what an agent makes within its own is swept, too. */
const MAX_DEPTH = 8;

/** The cgroup (v2) that we are in, as a folder; undefined where there is none, or it is not told. */
export function ownCgroup(): string | undefined {
  // cgroups(7): `0::/path` is the entry of v2. proc_pid_mountinfo(5): root and mount point are fields 4 and 5, the type follows ` - `.
  const path = /^0::(\/.*)$/m.exec(readText('/proc/self/cgroup'))?.[1];
  if (path === undefined) return undefined;
  for (const line of readText('/proc/self/mountinfo').split('\n')) {
    const [mount = '', kind = ''] = line.split(' - ');
    const [, , , root = '', point = ''] = mount.split(' ');
    if (!kind.startsWith('cgroup2 ')) continue;
    const below = relative(unescape(root), path);
    if (!below.startsWith('..')) return join(unescape(point), below);
  }
  return undefined;
}

/** Every folder of this name below the cgroup file system that `folder` is in: what we were started in may have changed since. */
export function findCgroups(folder: string, name: string): readonly string[] {
  let top = folder;
  while (existsSync(join(top, '..', 'cgroup.procs'))) top = join(top, '..');
  const found: string[] = [];
  const visit = (at: string, depth: number) => {
    for (const child of folders(at)) {
      if (child.endsWith(`/${name}`)) found.push(child);
      else if (depth < MAX_DEPTH) visit(child, depth + 1);
    }
  };
  visit(top, 0);
  return found;
}

/** What became of a cgroup. */
export interface CgroupEnd {
  /** True when somebody was in it. */
  readonly hadMembers: boolean;
  /** Who could not be ended in time. */
  readonly members: readonly number[];
}

/**
 * Ends all in a cgroup and what is nested in it, and removes the folders. A folder that holds ourselves, or that is no cgroup of its
 * own (the root has no `cgroup.type`), is left alone.
 */
export async function endCgroup(
  folder: string,
  isProtected: (pid: number) => boolean,
  deadline: number,
): Promise<CgroupEnd> {
  const members = () => (existsSync(join(folder, 'cgroup.type')) ? membersOf(folder, 0) : []);
  let left = members();
  const hadMembers = left.length > 0;
  for (;;) {
    if (left.some(isProtected)) return { hadMembers, members: [] };
    if (left.length === 0 && removeFolders(folder, 0)) return { hadMembers, members: [] };
    if (performance.now() >= deadline) return { hadMembers, members: left };
    if (left.length > 0 && !writeText(join(folder, 'cgroup.kill'), '1')) killByLoop(folder);
    left = members();
    if (left.length > 0) {
      await delay(POLL_MS);
      left = members();
    }
  }
}

/** Before Linux 5.14 there is no cgroup.kill: as long as there is somebody, whoever forks loses a member for each that it wins. */
function killByLoop(folder: string): void {
  writeText(join(folder, 'cgroup.freeze'), '1');
  for (const pid of membersOf(folder, 0)) sendSignal(pid, 'SIGKILL');
  writeText(join(folder, 'cgroup.freeze'), '0');
}

/** A process of another pid namespace is told as 0. */
function membersOf(folder: string, depth: number): number[] {
  const own = readText(join(folder, 'cgroup.procs'))
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0);
  return depth < MAX_DEPTH ? [...own, ...folders(folder).flatMap((child) => membersOf(child, depth + 1))] : own;
}

/** False when one of them is still in use. */
function removeFolders(folder: string, depth: number): boolean {
  if (depth < MAX_DEPTH) for (const child of folders(folder)) removeFolders(child, depth + 1);
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EBUSY';
  }
}

function folders(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(folder, entry.name));
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function writeText(path: string, text: string): boolean {
  if (!existsSync(path)) return false;
  try {
    writeFileSync(path, text);
    return true;
  } catch {
    return false;
  }
}

/** Blanks and backslashes in mountinfo are octal escapes. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
