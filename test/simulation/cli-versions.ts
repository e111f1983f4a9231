import type { LocateProgram } from '../../src/config/programs.ts';
import type { Clock } from '../../src/ports.ts';
import { MINUTE_MS, SECOND_MS } from './fleets.ts';
import type { WorldRecord } from './record.ts';

/** The `claude` that is installed on the simulated machine. */
export interface InstalledCli {
  readonly locate: LocateProgram;
  version(): string;
  /** Installs the next version; for `awayMs` there is none. */
  update(awayMs: number): void;
}

/** An update is looked for each minute, its version is read within 20 s, and its probe may take two minutes: twice, where one is cut off. */
const TOLD_WITHIN_MS = 8 * MINUTE_MS;

/** Builds the installation. */
export function createInstalledCli(clock: Clock, record: WorldRecord): InstalledCli {
  let patch = 330;
  let awayUntil = 0;

  const version = (): string => `2.1.${patch}`;

  return {
    version,
    locate: (program) =>
      program === 'claude' && clock.now() >= awayUntil
        ? { kind: 'found', path: '/bin/claude', file: `/bin/claude:${patch}` }
        : { kind: 'missing' },
    update(awayMs) {
      patch += 1;
      awayUntil = Math.max(awayUntil, clock.now() + awayMs);
      const mine = patch;
      record.versions.push(version());
      record.duties.push({
        what: `claude has version ${version()}`,
        since: awayUntil,
        withinMs: TOLD_WITHIN_MS + 30 * SECOND_MS,
        // A newer one may come before this one was read: then that is told instead.
        isTold: ({ showings }) => showings.some(({ text }) => Number(/ → 2\.1\.(\d+)/.exec(text)?.[1] ?? 0) >= mine),
      });
    },
  };
}
