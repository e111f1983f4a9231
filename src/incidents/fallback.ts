import type { FallbackRow } from '../../storage/fallback-store.ts';
import type { Storage } from '../../storage/storage.ts';
import { createPatientWriter } from '../patient-writer.ts';
import type { Clock, Log, Processes } from '../ports.ts';
import { createProgramRunner, explainExit, type ProgramResult } from '../run-program.ts';
import { duration, shorten } from '../telegram/cards/words.ts';
import { createWorker, type Worker } from '../worker.ts';
import type { IncidentRegister } from './register.ts';

/** A program that sends one text and takes longer hangs. */
const TIMEOUT_MS = 30_000;
/** Pauses before the second and the third try; after the third the text is given up: the next repeat brings a newer one. */
const PAUSES_MS = [10_000, 60_000] as const;
/** What a text is worth after a restart: older ones speak of another night. */
const STALE_MS = 3_600_000;
const BROKEN = 'fallback:route';

/** The second route, with what it has to settle after a crash. */
export interface FallbackRoute extends Worker {
  recover(): void;
}

/**
 * The effector of the fallback: hands each text to the owner's program on its stdin, one at a time.
 *
 * Each look: 1. takes the oldest text that is due; 2. runs the program, 30 s at most; 3. writes down what came of it. A text whose sending
 * was cut off is sent again: a double is harmless, silence is not.
 */
export function createFallbackRoute(options: {
  /** `alerts.fallback`, read at each use; undefined: there is no second route. */
  readonly argv: readonly [string, ...string[]] | undefined;
  readonly fleetFolder: string;
  readonly storage: Storage;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly log: Log;
  readonly incidents: IncidentRegister;
  readonly env: Readonly<Record<string, string>>;
  readonly scrub: (text: string) => string;
  readonly onFatal: (error: unknown) => void;
}): FallbackRoute {
  const { storage, clock, log, incidents } = options;
  const writer = createPatientWriter({ name: 'fallback', clock, log });
  const programs = createProgramRunner(options.processes, clock);
  let flight: Promise<void> = Promise.resolve();
  let isBusy = false;
  let stopping = false;

  async function deliver(row: FallbackRow, program: readonly [string, ...string[]]): Promise<void> {
    const request = { argv: program, cwd: options.fleetFolder, env: options.env, stdin: row.text };
    const result = await programs.run(request, TIMEOUT_MS);
    if (stopping) return;
    const trouble = explain(result, options.scrub(result.output));
    log.info('fallback', { key: row.key, trouble: trouble ?? null });
    await writer.write(() => storage.transaction(() => settle(row, trouble, program[0])));
  }

  function settle(row: FallbackRow, trouble: string | undefined, program: string): void {
    const now = clock.now();
    if (trouble === undefined) {
      storage.fallbacks.end(row.id, 'sent', null, now);
      incidents.resolve(BROKEN, 'A text went through.');
      return;
    }
    const pause = PAUSES_MS[row.attempts];
    if (pause !== undefined) return storage.fallbacks.retry(row.id, now + pause, trouble);
    storage.fallbacks.end(row.id, 'failed', trouble, now);
    incidents.report({
      kind: 'fallback',
      fingerprint: BROKEN,
      subject: 'fallback',
      severity: 'warning',
      title: 'The fallback does not work',
      evidence: trouble,
      agents: [],
      note: `Should Telegram fail, nobody would hear of it. Try alerts.fallback by hand: echo test | ${shorten(program, 200)}`,
    });
  }

  function look(): number | undefined {
    const { argv } = options;
    if (argv === undefined || isBusy) return undefined;
    const now = clock.now();
    const row = storage.fallbacks.due(now);
    if (row === undefined) {
      const next = storage.fallbacks.nextAt();
      return next === undefined ? undefined : Math.max(1, next - now);
    }
    if (!storage.transaction(() => storage.fallbacks.claim(row.id))) return undefined;
    isBusy = true;
    flight = deliver(row, argv)
      .catch(options.onFatal)
      .finally(() => {
        isBusy = false;
        worker.nudge();
      });
    return undefined;
  }

  const worker = createWorker({
    name: 'fallback',
    clock,
    log,
    everyMs: 5_000,
    stepsAside: true,
    look,
    onFatal: options.onFatal,
  });

  return {
    ...worker,
    recover: () =>
      storage.transaction(() => {
        const { argv } = options;
        const now = clock.now();
        for (const row of storage.fallbacks.sending()) storage.fallbacks.retry(row.id, now, 'cut off by a restart');
        for (let row = storage.fallbacks.due(now); row !== undefined; row = storage.fallbacks.due(now)) {
          if (argv !== undefined && now - row.createdAt < STALE_MS) break;
          storage.fallbacks.end(row.id, 'failed', argv === undefined ? 'no fallback is configured' : 'too old', now);
        }
      }),
    async stop() {
      stopping = true;
      writer.stop();
      await worker.stop();
      programs.kill();
      await flight;
    },
  };
}

/** Why a text did not go through; undefined: it did. */
function explain({ exit, timedOut }: ProgramResult, output: string): string | undefined {
  const last = output.trim().split('\n').at(-1)?.trim().slice(0, 300);
  const said = last ? `: ${last}` : '';
  if (timedOut) return `it did not end within ${duration(TIMEOUT_MS)} and was stopped${said}`;
  return exit.kind === 'exited' && exit.code === 0 ? undefined : `${explainExit(exit)}${said}`;
}
