import type { Processes } from '../ports.ts';
import type { Containment } from './containment.ts';
import { createLayer } from './layer.ts';
import { homeKey } from './mark.ts';

/** Moves itself into the run's cgroup, then becomes the agent: whatever that forks is born there. */
const JOIN = 'mkdir -p "$0" && echo $$ > "$0/cgroup.procs" || exit 125; exec "$@"';

/** The folder that holds the cgroups of a home's runs. */
export function cgroupFolderName(home: string): string {
  return `nightdesk-${homeKey(home)}`;
}

/**
 * Builds the layer with a cgroup (v2) for each run, below the one that Nightdesk is in (`own`), which must be delegated to it.
 * `earlier` are folders of this home below other cgroups, from starts elsewhere: they are swept, too.
 */
export function createCgroup(
  processes: Pick<Processes, 'sweep'>,
  home: string,
  own: string,
  earlier: readonly string[],
): Containment {
  const folder = `${own === '/' ? '' : own}/${cgroupFolderName(home)}`;
  const ofRun = (runId: number) => `${folder}/run-${runId}`;
  return createLayer({
    name: 'cgroup',
    description:
      'a cgroup for each run: nobody can leave it, and all in it end with the agent; when Nightdesk itself is killed, they live on until ' +
      'its next start',
    processes,
    home,
    wrapper: (runId) => ({ argv: ['/bin/sh', '-c', JOIN, ofRun(runId)], termTo: 'group' }),
    cgroups: { ofRun, all: [...new Set([folder, ...earlier])] },
  });
}
