import type { ContainmentName } from '../config/fleet.ts';
import type { Clock, ProcessExit, Processes, SpawnRequest } from '../ports.ts';
import { createBubblewrap } from './bubblewrap.ts';
import { cgroupFolderName, createCgroup } from './cgroup.ts';
import type { Containment } from './containment.ts';
import { createProcessGroup } from './process-group.ts';
import { createUnshare } from './unshare.ts';

/** A layer starts its program within milliseconds; what takes this long does not work. */
const TRIAL_MS = 3_000;

/** No run has this id. */
const TRIAL_RUN = 0;

const STDERR_CHARS = 2_000;

const CGROUP_HINT = '; a systemd unit with Delegate=yes may have cgroups of its own';

/** What the machine offers. */
export interface ContainmentOffers {
  readonly isLinux: boolean;
  readonly isRoot: boolean;
  /** PATH of the trials. */
  readonly path: string;
  /** Full path of a program on the PATH. */
  findProgram(name: string): string | undefined;
  /** The cgroup (v2) that we are in, as a folder. */
  readonly ownCgroup: string | undefined;
  /** Folders of this name anywhere among the cgroups. */
  findCgroups(name: string): readonly string[];
}

/** The layer to use, and why not a better one. */
export interface ContainmentChoice {
  readonly chosen: Containment;
  readonly passedOver: readonly { readonly name: string; readonly reason: string }[];
}

type Candidate = { readonly name: string } & ({ readonly layer: Containment } | { readonly reason: string });

/** Tries each layer once, the best first, by starting and ending programs in it, and takes the first that holds. */
export async function probeContainment(options: {
  readonly processes: Processes;
  readonly clock: Pick<Clock, 'after'>;
  readonly home: string;
  /** `best`, or the only layer to try before the process group. */
  readonly wanted: ContainmentName;
  readonly offers: ContainmentOffers;
}): Promise<ContainmentChoice> {
  const passedOver: { name: string; reason: string }[] = [];
  for (const candidate of listCandidates(options)) {
    if (options.wanted !== 'best' && options.wanted !== candidate.name) {
      passedOver.push({ name: candidate.name, reason: `fleet.yaml wants containment: ${options.wanted}` });
      continue;
    }
    const reason = 'reason' in candidate ? candidate.reason : await tryLayer(candidate.layer, options);
    if (reason === undefined && 'layer' in candidate) return { chosen: candidate.layer, passedOver };
    const hint = candidate.name === 'cgroup' && 'layer' in candidate ? CGROUP_HINT : '';
    passedOver.push({ name: candidate.name, reason: `${reason ?? ''}${hint}` });
  }
  return { chosen: createProcessGroup(options.processes, options.home), passedOver };
}

function listCandidates({ processes, home, offers }: Parameters<typeof probeContainment>[0]): readonly Candidate[] {
  if (!offers.isLinux)
    return ['bubblewrap', 'cgroup', 'unshare'].map((name) => ({ name, reason: 'only Linux has it' }));
  const bwrap = offers.findProgram('bwrap');
  const unshare = offers.findProgram('unshare');
  const { ownCgroup } = offers;
  return [
    bwrap === undefined
      ? { name: 'bubblewrap', reason: 'bwrap is not on the PATH: install the package bubblewrap' }
      : { name: 'bubblewrap', layer: createBubblewrap(processes, home, bwrap) },
    ownCgroup === undefined
      ? { name: 'cgroup', reason: 'this machine tells of no cgroup (v2) that Nightdesk is in' }
      : {
          name: 'cgroup',
          layer: createCgroup(processes, home, ownCgroup, offers.findCgroups(cgroupFolderName(home))),
        },
    unshare === undefined
      ? { name: 'unshare', reason: 'unshare is not on the PATH: install the package util-linux' }
      : {
          name: 'unshare',
          layer: createUnshare(processes, home, { unshare, setpriv: offers.findProgram('setpriv') }, offers.isRoot),
        },
  ];
}

/** Why this layer does not hold here; undefined when it does. */
async function tryLayer(
  layer: Containment,
  { processes, clock, offers }: Parameters<typeof probeContainment>[0],
): Promise<string | undefined> {
  const request = (...argv: SpawnRequest['argv']) =>
    layer.wrap({ argv, cwd: '/', env: { PATH: offers.path } }, TRIAL_RUN);

  const quick = await trial(request('true'), undefined, processes, clock);
  if (quick.exit?.kind !== 'exited' || quick.exit.code !== 0) return explain('`true` did not run in it', quick);

  // TERM must reach the program itself, and its child must not outlive it.
  const waiting = request('sh', '-c', 'sleep 60 >/dev/null 2>&1 & echo ready; wait');
  const ended = await trial(waiting, 'ready', processes, clock);
  const swept = await layer.sweep({ id: TRIAL_RUN, identity: ended.identity });
  if (ended.exit?.kind !== 'signalled' || ended.exit.signal !== 'SIGTERM')
    return explain('SIGTERM did not end a shell in it', ended);
  return swept.kind === 'survived' ? 'a process in it could not be ended' : undefined;
}

interface Trial {
  readonly identity: ReturnType<Processes['spawn']>['identity'];
  /** Undefined when it took too long. */
  readonly exit: ProcessExit | undefined;
  readonly stderr: string;
}

/** Runs a program to its end; one that says `termAfter` is sent a TERM then. */
async function trial(
  request: SpawnRequest,
  termAfter: string | undefined,
  processes: Processes,
  clock: Pick<Clock, 'after'>,
): Promise<Trial> {
  let stdout = '';
  let stderr = '';
  const text = new TextDecoder();
  const running = processes.spawn(request, (chunk, stream) => {
    if (stream === 'stderr') stderr = (stderr + text.decode(chunk)).slice(0, STDERR_CHARS);
    else stdout = (stdout + text.decode(chunk)).slice(0, STDERR_CHARS);
    if (termAfter !== undefined && stdout.startsWith(termAfter)) running.signal('SIGTERM');
  });
  const timeout = Promise.withResolvers<undefined>();
  const cancel = clock.after(TRIAL_MS, () => timeout.resolve(undefined));
  const exit = await Promise.race([running.exit, timeout.promise]);
  cancel();
  if (exit === undefined) running.signal('SIGKILL');
  return { identity: running.identity, exit, stderr };
}

function explain(what: string, { exit, stderr }: Trial): string {
  const [said = ''] = stderr.split('\n').filter((line) => line.trim() !== '');
  if (said !== '') return `${what}: ${said.trim()}`;
  switch (exit?.kind) {
    case undefined:
      return `${what} within ${TRIAL_MS / 1000} s`;
    case 'not-started':
      return `${what}: ${exit.reason}`;
    case 'signalled':
      return `${what}: ended by ${exit.signal}`;
    case 'exited':
      return `${what}: it ended with code ${exit.code}`;
  }
}
