import type { LocateProgram } from '../../src/config/programs.ts';
import type { Clock } from '../../src/ports.ts';
import { MINUTE_MS, SECOND_MS } from './fleets.ts';
import type { WorldRecord } from './record.ts';

/** The `claude` that is installed on the simulated machine. */
export interface InstalledCli {
  readonly locate: LocateProgram;
  version(): string;
  /** Installs the next version; for `awayMs` there is none. Its file may change once more, `againMs` after it is there. */
  update(awayMs: number, againMs: number | undefined): void;
}

/** An update is looked for each minute, its version is read within 20 s, and its probe may take two minutes: twice, where one is cut off. */
const TOLD_WITHIN_MS = 8 * MINUTE_MS;

/** The patch of the newest version that a text tells a change to. */
function newestIn(text: string): number {
  return Math.max(0, ...[...text.matchAll(/ → 2\.1\.(\d+)/g)].map(([, patch]) => Number(patch)));
}

/** Builds the installation. */
export function createInstalledCli(clock: Clock, record: WorldRecord): InstalledCli {
  let patch = 330;
  let awayUntil = 0;
  let files = 0;

  const version = (): string => `2.1.${patch}`;

  return {
    version,
    locate: (program) =>
      program === 'claude' && clock.now() >= awayUntil
        ? { kind: 'found', path: '/bin/claude', file: `/bin/claude:${patch}:${files}` }
        : { kind: 'missing' },
    update(awayMs, againMs) {
      patch += 1;
      awayUntil = Math.max(awayUntil, clock.now() + awayMs);
      if (againMs !== undefined) clock.after(awayMs + againMs, () => (files += 1));
      const mine = patch;
      record.versions.push(version());
      record.duties.push({
        what: `claude has version ${version()}`,
        since: awayUntil,
        withinMs: TOLD_WITHIN_MS + 30 * SECOND_MS,
        // A newer one may come before this one was read: then that is told instead; one that does not answer may be told among others.
        isTold: ({ showings, messages }) => [...showings, ...messages].some(({ text }) => newestIn(text) >= mine),
      });
    },
  };
}
