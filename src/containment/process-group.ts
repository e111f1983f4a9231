import type { Processes } from '../ports.ts';
import type { Containment } from './containment.ts';
import { MARK, markOf } from './mark.ts';

/**
 * Builds the layer that works everywhere: each program leads a process group of its own (Processes.spawn sees to that), and a mark in the
 * environment proves those that left the group. `home` is what tells this state folder from all others on the machine.
 */
export function createProcessGroup(processes: Pick<Processes, 'sweep'>, home: string): Containment {
  return {
    name: 'process group',
    describe: () =>
      'a process group, and a sweep by environment mark: finds also who moved to a session of its own, but not a daemon that cleared ' +
      'its environment; when Nightdesk itself is killed, all live on until its next start',
    wrap: (request, runId) => ({ ...request, env: { ...request.env, [MARK]: markOf(home, runId) } }),
    sweep: ({ id, identity }) =>
      processes.sweep({
        mark: { text: `${MARK}=${markOf(home, id)}`, isPrefix: false },
        ...(identity === undefined ? {} : { identity }),
      }),
    sweepAll: () => processes.sweep({ mark: { text: `${MARK}=${home}-`, isPrefix: true } }),
  };
}
