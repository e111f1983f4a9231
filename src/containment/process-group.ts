import type { Processes } from '../ports.ts';
import type { Containment } from './containment.ts';
import { createLayer } from './layer.ts';

/**
 * Builds the layer that works everywhere: a process group, and a mark in the environment that proves those that left the group.
 * `home` is what tells this state folder from all others on the machine.
 */
export function createProcessGroup(processes: Pick<Processes, 'sweep'>, home: string): Containment {
  return createLayer({
    name: 'process group',
    description:
      'a process group, and a sweep by environment mark: finds also who moved to a session of its own, but not a daemon that cleared ' +
      'its environment; when Nightdesk itself is killed, all live on until its next start',
    processes,
    home,
  });
}
