import type { Processes } from '../ports.ts';
import type { Containment } from './containment.ts';

/**
 * Builds the layer that works everywhere: each program leads a process group of its own (Processes.spawn sees to that), and the run's
 * NIGHTDESK_RUN variable proves a group whose leader is gone.
 */
export function createProcessGroup(processes: Pick<Processes, 'killLeftover'>): Containment {
  return {
    name: 'process group',
    describe: () =>
      'a process group: ends the program and its plain children; not those that move to a session or group of their own ' +
      '(setsid, daemons, the tool calls of agent CLIs) nor those that fork faster than they are killed; ' +
      'when Nightdesk itself is killed, all live on until its next start',
    wrap: (request) => request,
    sweep: (run) => processes.killLeftover(run.identity, `NIGHTDESK_RUN=${run.id}`),
  };
}
