import type { Processes } from '../ports.ts';
import type { Containment } from './containment.ts';
import { createLayer } from './layer.ts';

/**
 * Builds the layer with a pid namespace by bubblewrap: when its first process ends, the kernel ends all in it; and that ends with the
 * agent, with bubblewrap, or with Nightdesk (--die-with-parent). Everything else is the machine's own: `/` is bound as it stands.
 *
 * `program` is the full path of bwrap: an agent's PATH need not lead to it.
 */
export function createBubblewrap(processes: Pick<Processes, 'sweep'>, home: string, program: string): Containment {
  return createLayer({
    name: 'bubblewrap',
    description:
      'a pid namespace (bubblewrap): nobody can leave it, and all in it end with the agent, also when Nightdesk itself is killed; ' +
      'an agent sees only its own processes, and sudo does not work in it',
    processes,
    home,
    wrapper: () => ({
      // The session of its own makes bubblewrap's init lead the agent's group: a TERM that reached the outer bwrap would end all at once.
      argv: [
        program,
        '--die-with-parent',
        '--unshare-pid',
        '--new-session',
        '--dev-bind',
        '/',
        '/',
        '--proc',
        '/proc',
        '--',
      ],
      termTo: 'child-group',
    }),
  });
}
