import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import type { HostFacts, HostProbe, Probed } from '../checklist/facts.ts';
import { createProgramLocator } from '../config/programs.ts';
import { probeContainment } from '../containment/probe.ts';
import type { Clock, Machine, Processes } from '../ports.ts';
import { createProgramRunner } from '../run-program.ts';
import { readContainmentOffers } from './containment-offers.ts';
import { type BotAccess, probeBot } from './host-bot.ts';
import { probeConfiguration, probeDisk, probeFiles, probeLogs, probeOverrides, probeSwap } from './host-files.ts';
import { type Ask, probeClock, probeJournal, probeLinger, probeService } from './host-service.ts';
import { loadTotalMemoryBytes } from './system-machine.ts';

/** One question to the system: what does not answer by then is unknown. */
const ASK_MS = 2_000;

/** Builds the look at this machine. */
export function createHostProbe(options: {
  readonly processes: Processes;
  readonly clock: Clock;
  readonly machine: Machine;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly access: BotAccess;
  /** Tries the layers of containment anew; not beside a control plane, which has them in use. */
  readonly triesContainment: boolean;
}): HostProbe {
  const { processes, clock, machine, env } = options;
  const runner = createProgramRunner(processes, clock);
  const uid = process.getuid?.() ?? 0;
  const now = (): number => clock.now();
  const locate = createProgramLocator(env['PATH']);
  const asked = {
    PATH: env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: env['HOME'] ?? homedir(),
    LC_ALL: 'C',
    // What the user's own systemd is reached by, also from a shell that does not say.
    XDG_RUNTIME_DIR: env['XDG_RUNTIME_DIR'] ?? `/run/user/${uid}`,
    ...(env['DBUS_SESSION_BUS_ADDRESS'] === undefined
      ? {}
      : { DBUS_SESSION_BUS_ADDRESS: env['DBUS_SESSION_BUS_ADDRESS'] }),
  };

  const ask: Ask = async (...argv) => {
    const { exit, stdout } = await runner.run({ argv, cwd: '/', env: asked }, ASK_MS);
    return exit.kind === 'exited' && exit.code === 0 ? stdout : undefined;
  };

  function probeMemory(): HostFacts['memory'] {
    const availableBytes = machine.availableMemoryBytes();
    return availableBytes === undefined
      ? { kind: 'not-here', at: now(), reason: 'this system does not tell what is left' }
      : { kind: 'known', at: now(), value: { availableBytes, totalBytes: loadTotalMemoryBytes() } };
  }

  return async ({ fleet, pid, cliPaths }) => {
    const user = accountName(uid);
    const [service, linger, clockFacts, bot, containment] = await Promise.all([
      probeService(ask, pid, now),
      probeLinger(ask, user, now),
      probeClock(ask, now),
      probeBot(options.access, now),
      tryContainment(),
    ]);
    return {
      platform: process.platform,
      user,
      service,
      linger,
      journal: probeJournal(now),
      clock: clockFacts,
      bot,
      disk: probeDisk(fleet.home, now),
      logs: probeLogs(fleet.home, now),
      memory: probeMemory(),
      swap: probeSwap(now),
      files: probeFiles(fleet, now),
      overrides: probeOverrides(fleet, asked.HOME, now),
      clis: {
        kind: 'known',
        at: now(),
        value: cliPaths.map((path) => {
          const sight = locate(path, '/');
          return { path, file: sight.kind === 'found' ? sight.file : null };
        }),
      },
      configuration: probeConfiguration(fleet.file, now),
      containment,
    };

    async function tryContainment(): Promise<Probed<{ readonly name: string; readonly better: readonly string[] }>> {
      if (!options.triesContainment) return { kind: 'unknown', at: now(), reason: 'it is tried at each start' };
      const late = Promise.withResolvers<undefined>();
      const cancel = clock.after(ASK_MS, () => late.resolve(undefined));
      const choice = await Promise.race([
        probeContainment({
          processes,
          clock,
          // Not the fleet's own: a look must not touch what the control plane started.
          home: `${fleet.home} (doctor)`,
          wanted: fleet.containment,
          offers: readContainmentOffers(asked.PATH),
        }),
        late.promise,
      ]);
      cancel();
      if (choice === undefined)
        return { kind: 'unknown', at: now(), reason: `the layers were not tried within ${ASK_MS / 1_000} s` };
      const better = choice.passedOver.map(({ name, reason }) => `not ${name}: ${reason}`);
      return { kind: 'known', at: now(), value: { name: choice.chosen.name, better } };
    }
  };
}

/** The account of this uid; where there is none, as in a container, its number. */
function accountName(uid: number): string {
  try {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((text) => text.split(':')[2] === String(uid));
    return line?.split(':')[0] ?? String(uid);
  } catch {
    return String(uid);
  }
}
