import { describe, expect, it } from 'vitest';
import { createCryptoRandom } from '../../src/adapters/crypto-random.ts';
import { createControlPlane } from '../../src/app.ts';
import type { Fleet } from '../../src/config/fleet.ts';
import { createProcessGroup } from '../../src/containment/process-group.ts';
import { FIXED_KEYS } from '../../src/reload/decide-reload.ts';
import { createScrubber } from '../../src/secrets.ts';
import { createPrograms, createSilentTelegram, createVirtualClock, voidLog } from '../bench/virtual-world.ts';
import { createFleetFolder } from '../config/fleet-folder.ts';
import { fixedFleetFile } from '../fakes/fixed-fleet-file.ts';
import { openStorage } from '../fakes/open-storage.ts';
import { emptyCopier, kindWeb, noSecretSource, noSupervisor, somebody } from '../fakes/outside.ts';
import { openPlainScreen } from '../fakes/plain-screen.ts';
import { createVoidDisk } from '../fakes/void-disk.ts';

/** The fleet, and the names of its parts that somebody has read so far. */
function listenIn(fleet: Fleet): { readonly fleet: Fleet; readonly read: ReadonlySet<string> } {
  const read = new Set<string>();
  const heard = new Proxy(
    { ...fleet },
    {
      get(target, key) {
        read.add(String(key));
        return target[key as keyof Fleet];
      },
    },
  );
  return { fleet: heard, read };
}

describe('the composition of the control plane', () => {
  it('keeps nothing of fleet.yaml but what needs a restart', () => {
    using folder = createFleetFolder();
    const { fleet, read } = listenIn(folder.loaded('timezone: UTC\ntelegram: { owners: [1] }\n').fleet);
    const clock = createVirtualClock(Date.UTC(2026, 0, 15));
    const { processes } = createPrograms(clock, { lifeMs: 1, line: '', code: 0 });

    createControlPlane({
      fleet,
      fleetFile: fixedFleetFile,
      storage: openStorage().storage,
      clock,
      random: createCryptoRandom(),
      log: voidLog,
      processes,
      containment: createProcessGroup(processes, folder.folder),
      disk: createVoidDisk(),
      machine: { availableMemoryBytes: () => undefined, freeDiskBytes: () => undefined },
      copier: emptyCopier,
      totalMemoryBytes: 8e9,
      supervisor: noSupervisor,
      web: kindWeb,
      self: somebody,
      secretSourceOf: noSecretSource,
      api: createSilentTelegram(clock).api,
      scrub: (text) => text,
      callbackKey: 'key',
      baseEnvironment: {},
      gatewayUrl: 'http://127.0.0.1:1',
      launcherFolder: '/launcher',
      learnSecret: () => {},
      openScreen: openPlainScreen,
      openSecretStream: createScrubber([]).openStream,
    });

    // The path of the file, and with it the folder of the programs, is the command line's.
    const allowed: readonly string[] = ['file', ...FIXED_KEYS];
    expect([...read].filter((key) => !allowed.includes(key))).toEqual([]);
  });
});
