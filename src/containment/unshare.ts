import type { Processes } from '../ports.ts';
import type { Containment } from './containment.ts';
import { createLayer } from './layer.ts';

/**
 * The namespace's first process. An agent in its place would not get a TERM that it does not handle, so it is a shell that waits for the
 * agent and reaps orphans; it keeps its own words, such as `Terminated`, out of the agent's stderr.
 */
const INIT = 'exec 3>&2 2>/dev/null; (exec 2>&3 3>&-; exec "$@"); exit $?';

/** The programs of util-linux, by full path; without setpriv the namespace outlives a killed Nightdesk. */
export interface UnsharePrograms {
  readonly unshare: string;
  readonly setpriv: string | undefined;
}

/** Builds the layer with a pid namespace by util-linux; who is not root needs unprivileged user namespaces for it. */
export function createUnshare(
  processes: Pick<Processes, 'sweep'>,
  home: string,
  { unshare, setpriv }: UnsharePrograms,
  isRoot: boolean,
): Containment {
  const isTied = setpriv !== undefined;
  return createLayer({
    name: 'unshare',
    description:
      'a pid namespace (unshare): nobody can leave it, and all in it end with the agent, ' +
      (isTied
        ? 'also when Nightdesk itself is killed; '
        : 'but when Nightdesk itself is killed, they live on until its next start; ') +
      'an agent sees only its own processes' +
      (isRoot ? '' : ', and sudo does not work in it'),
    processes,
    home,
    wrapper: () => ({
      argv: [
        // unshare ties the namespace to itself, this ties unshare to us.
        ...(isTied ? ([setpriv, '--pdeathsig', 'KILL', '--', unshare] as const) : ([unshare] as const)),
        ...(isRoot ? [] : ['--user', '--map-current-user']),
        '--pid',
        '--fork',
        '--kill-child',
        '--mount-proc',
        '--',
        '/bin/sh',
        '-c',
        INIT,
        'sh',
      ],
      // unshare itself ignores TERM, and so does the first process of a namespace.
      termTo: 'group',
    }),
  });
}
