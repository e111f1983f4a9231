import type { ContainmentOffers } from '../containment/probe.ts';
import { findCgroups, ownCgroup } from './cgroup.ts';
import { findProgram } from './start-checks.ts';

/** Reads what this machine offers to contain processes; `path` is where its programs are looked for. */
export function readContainmentOffers(path: string): ContainmentOffers {
  const own = ownCgroup();
  return {
    isLinux: process.platform === 'linux',
    isRoot: process.getuid?.() === 0,
    path,
    findProgram: (name) => findProgram(name, path),
    ownCgroup: own,
    findCgroups: (name) => (own === undefined ? [] : findCgroups(own, name)),
  };
}
