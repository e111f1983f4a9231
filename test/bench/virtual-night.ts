import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../storage/database.ts';
import { createStorage } from '../../storage/storage.ts';
import { createCryptoRandom } from '../../src/adapters/crypto-random.ts';
import { createControlPlane } from '../../src/app.ts';
import { loadFleet } from '../../src/config/load.ts';
import { createProcessGroup } from '../../src/containment/process-group.ts';
import { createScrubber } from '../../src/secrets.ts';
import { fixedFleetFile } from '../fakes/fixed-fleet-file.ts';
import { emptyCopier, kindWeb, noSecretSource, noSupervisor, somebody } from '../fakes/outside.ts';
import { openPlainScreen } from '../fakes/plain-screen.ts';
import { createVoidDisk } from '../fakes/void-disk.ts';
import { createPrograms, createSilentTelegram, createVirtualClock, voidLog } from './virtual-world.ts';

/** What came of a night. */
export interface Night {
  /** How often an agent was started, and so the endpoint called. */
  readonly calls: number;
  /** New messages: those that make a sound, and those that do not. */
  readonly loud: number;
  readonly silent: number;
}

/**
 * A night in virtual time, of the real control plane over virtual ports: agents of one login run without a pause, are refused three seconds
 * into each run, and take it for a passing trouble. No check could tell before, and nobody wakes up.
 */
export async function liveNight(agents: number, forMs: number): Promise<Night> {
  const folder = mkdtempSync(join(tmpdir(), 'nightdesk-bench-'));
  const file = join(folder, 'fleet.yaml');
  const names = Array.from({ length: agents }, (_, index) => `agent-${index + 1}`);
  writeFileSync(
    file,
    `timezone: Etc/UTC
home: ./state
telegram: { owners: [4242] }
alerts: { repeat: 30m }
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
    fleetFile: fixedFleetFile,
    storage: createStorage(database),
    clock,
    random: createCryptoRandom(),
    log: voidLog,
    processes: programs.processes,
    containment: createProcessGroup(programs.processes, folder),
    disk: createVoidDisk(),
    machine: { availableMemoryBytes: () => undefined, freeDiskBytes: () => undefined },
    copier: emptyCopier,
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
  await clock.liveUntil(clock.now() + forMs);
  const night = { calls: programs.started(), loud: telegram.loud.length, silent: telegram.silent.length };
  const stopped = controlPlane.stop();
  await clock.liveUntil(clock.now() + 60_000);
  await stopped;
  database.close();
  rmSync(folder, { recursive: true, force: true });
  return night;
}
