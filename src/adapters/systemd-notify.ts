import { execa } from 'execa';
import type { Log, Supervisor } from '../ports.ts';

/** Comes with systemd. */
const PROGRAM = 'systemd-notify';

/** The program is done in milliseconds; one that hangs must not pile up. */
const NOTIFY_MS = 5_000;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Builds the Supervisor port on systemd's notifications, sd_notify(3); without a NOTIFY_SOCKET it does nothing.
 *
 * Node has no datagram sockets in the file system, so that each notification is a short run of `systemd-notify`. It comes from a process of
 * its own: the unit needs NotifyAccess=all.
 */
export function createSystemdNotify(env: Environment, log: Pick<Log, 'warn'>): Supervisor {
  const socket = env['NOTIFY_SOCKET'];
  const watchdogMs = socket === undefined ? undefined : readWatchdog(env);
  let isBusy = false;
  let hasComplained = false;

  async function notify(state: string): Promise<void> {
    if (socket === undefined) return;
    const { failed, code, exitCode } = await execa(PROGRAM, [state], {
      env: { PATH: env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin', NOTIFY_SOCKET: socket },
      extendEnv: false,
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'ignore',
      reject: false,
      timeout: NOTIFY_MS,
      // The last word, STOPPING=1, must get out though we end.
      cleanup: false,
    });
    if (!failed || hasComplained) return;
    hasComplained = true;
    log.warn(`systemd cannot be told how we are: is ${PROGRAM} installed?`, { state, code: code ?? exitCode });
  }

  return {
    watchdogMs,
    ready: () => void notify('READY=1'),
    alive() {
      if (watchdogMs === undefined || isBusy) return;
      isBusy = true;
      void notify('WATCHDOG=1').finally(() => {
        isBusy = false;
      });
    },
    stopping: () => void notify('STOPPING=1'),
  };
}

/** sd_watchdog_enabled(3): meant for us, or for the launcher that started us under the pinned Node. */
function readWatchdog(env: Environment): number | undefined {
  const micros = Number(env['WATCHDOG_USEC']);
  const pid = env['WATCHDOG_PID'];
  if (!(micros > 0)) return undefined;
  return pid === undefined || [process.pid, process.ppid].includes(Number(pid)) ? micros / 1_000 : undefined;
}
