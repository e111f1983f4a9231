import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../storage/database.ts';
import { createStorage } from '../../storage/storage.ts';
import { createCryptoRandom } from '../../src/adapters/crypto-random.ts';
import { createControlPlane } from '../../src/app.ts';
import { loadFleet } from '../../src/config/load.ts';
import { createProcessGroup } from '../../src/containment/process-group.ts';
import { openPlainScreen } from '../fakes/plain-screen.ts';
import { createVoidDisk } from '../fakes/void-disk.ts';
import { createPrograms, createSilentTelegram, createVirtualClock, voidLog } from './virtual-world.ts';
import type { Row } from './row.ts';
import { createScrubber } from '../../src/secrets.ts';
import { kindWeb, noSecretSource, noSupervisor, somebody } from '../fakes/outside.ts';

const HOURS = 9;

/**
 * A night on a dead endpoint, in virtual time: an agent that runs without a pause, is refused three seconds into each run,
 * and takes it for a passing trouble. Nobody wakes up. The same with seven agents.
 */
export async function measureNineHours(): Promise<readonly Row[]> {
  const one = await live(1);
  const seven = await live(7);
  return [
    {
      what: `dead endpoint, ${HOURS} virtual hours`,
      measured: `${one.calls} calls; ${one.alerts} ${one.alerts === 1 ? 'alert' : 'alerts'} (7 agents: ${seven.calls}; ${seven.alerts})`,
      toReach: '≤ 15; 1',
      met: one.calls <= 15 && one.alerts === 1,
      others: 'the story: 1,557; 0. PM2 9,720; systemd 8,100',
      how: 'schedule continuous, no check, default backoff, nobody reacts; the real control plane over virtual ports; calls are the first one and the trial runs, alerts are messages that make a sound',
      numbers: { calls: one.calls, alerts: one.alerts, callsOfSeven: seven.calls, alertsOfSeven: seven.alerts },
    },
  ];
}

async function live(agents: number): Promise<{ readonly calls: number; readonly alerts: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'nightdesk-bench-'));
  const file = join(folder, 'fleet.yaml');
  const names = Array.from({ length: agents }, (_, index) => `agent-${index + 1}`);
  writeFileSync(
    file,
    `timezone: Etc/UTC
home: ./state
telegram: { owners: [4242] }
credentials: { shared-login: {} }
agents:
${names.map((name) => `  ${name}: { runtime: command, command: ["true"], schedule: continuous, credentials: [shared-login] }`).join('\n')}
`,
  );
  const loaded = loadFleet(file, {});
  if (loaded.kind === 'invalid') throw new Error(JSON.stringify(loaded.problems));
  const database = openDatabase(join(folder, 'night.db'), () => join(folder, 'backup.db'));
  // Nothing is proved about crashes here: a night without waiting for the disk takes seconds.
  database.pragma('synchronous = OFF');
  const clock = createVirtualClock(Date.UTC(2026, 0, 15, 22));
  const programs = createPrograms(clock, {
    lifeMs: 3_000,
    line: 'HTTP 401 Unauthorized: the token has expired',
    code: 0,
  });
  const telegram = createSilentTelegram(clock);
  const controlPlane = createControlPlane({
    fleet: loaded.fleet,
    storage: createStorage(database),
    clock,
    random: createCryptoRandom(),
    log: voidLog,
    processes: programs.processes,
    containment: createProcessGroup(programs.processes, folder),
    disk: createVoidDisk(),
    machine: { availableMemoryBytes: () => undefined, freeDiskBytes: () => undefined },
    totalMemoryBytes: 8e9,
    supervisor: noSupervisor,
    web: kindWeb,
    self: somebody,
    secretSourceOf: noSecretSource,
    api: telegram.api,
    scrub: (text) => text,
    callbackKey: 'bench',
    baseEnvironment: {},
    gatewayUrl: 'http://127.0.0.1:1',
    launcherFolder: '/launcher',
    learnSecret: () => {},
    openScreen: openPlainScreen,
    openSecretStream: createScrubber([]).openStream,
  });
  void controlPlane.ended.then((ending) => {
    throw new Error(`the control plane ended: ${JSON.stringify(ending)}`);
  });
  await controlPlane.start();
  await clock.liveUntil(clock.now() + HOURS * 3_600_000);
  const result = { calls: programs.started(), alerts: telegram.sent.length };
  const stopped = controlPlane.stop();
  await clock.liveUntil(clock.now() + 60_000);
  await stopped;
  database.close();
  rmSync(folder, { recursive: true, force: true });
  return result;
}
