import type { LoginRow } from '../../storage/credential-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Clock, Log, ProcessExit, Processes, RunningProcess } from '../ports.ts';
import { createPatientWriter } from '../patient-writer.ts';
import { createWorker, type Worker } from '../worker.ts';
import { decideCheck, listCredentials } from './credential.ts';
import type { Custodian } from './custodian.ts';

/** A check that takes longer has not answered: it proves nothing. */
const CHECK_TIMEOUT_MS = 60_000;
/** A login that needs no question answered is through by then; one that asks comes to nothing. */
const LOGIN_TIMEOUT_MS = 5 * 60_000;
/** Output of a check or a login that is looked at; both say what matters in a few lines. */
const MAX_OUTPUT_CHARS = 64 * 1024;

/** The prober, with what it has to settle after a crash. */
export interface Prober extends Worker {
  /** Ends logins that an earlier incarnation left behind. */
  recover(): Promise<void>;
}

/**
 * The effector of credentials: runs the checks and logins whose rows ask for it, never two at once for one credential.
 *
 * Each look: 1. starts the logins that are wanted; 2. starts the checks that are due, or a trial run where there is no check.
 * A check's row stays due until its result is written, so that a crash in between repeats the check.
 */
export function createProber(options: {
  readonly fleet: Fleet;
  readonly fleetFolder: string;
  readonly storage: Storage;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly log: Log;
  readonly custodian: Custodian;
  readonly env: Readonly<Record<string, string>>;
  readonly scrub: (text: string) => string;
  readonly onFatal: (error: unknown) => void;
}): Prober {
  const { storage, clock, log, custodian } = options;
  const credentials = new Map(listCredentials(options.fleet).map((credential) => [credential.name, credential]));
  const busy = new Set<string>();
  const flights = new Set<Promise<void>>();
  const running = new Set<RunningProcess>();
  const writer = createPatientWriter({ name: 'prober', clock, log });
  let stopping = false;

  async function runProgram(
    argv: readonly [string, ...string[]],
    timeoutMs: number,
    onStarted?: (process: RunningProcess) => void,
  ): Promise<{ readonly output: string; readonly exit: ProcessExit; readonly timedOut: boolean }> {
    const decoder = new TextDecoder();
    let output = '';
    let timedOut = false;
    const process = options.processes.spawn({ argv, cwd: options.fleetFolder, env: options.env }, (chunk) => {
      if (output.length < MAX_OUTPUT_CHARS) output += decoder.decode(chunk, { stream: true });
    });
    running.add(process);
    onStarted?.(process);
    const cancel = clock.after(timeoutMs, () => {
      timedOut = true;
      process.signal('SIGKILL');
    });
    const exit = await process.exit;
    cancel();
    process.signal('SIGKILL');
    running.delete(process);
    return { output: options.scrub(output), exit, timedOut };
  }

  async function check(name: string, argv: readonly [string, ...string[]]): Promise<void> {
    const { output, exit, timedOut } = await runProgram(argv, CHECK_TIMEOUT_MS);
    if (stopping) return;
    const verdict = decideCheck(
      output,
      exit.kind === 'exited' ? { code: exit.code } : { trouble: describeExit(exit, timedOut) },
    );
    log.info('credential checked', { credential: name, verdict: verdict.kind });
    await writer.write(() => custodian.checked(name, verdict));
  }

  async function login(row: LoginRow, argv: readonly [string, ...string[]]): Promise<void> {
    const { output, exit, timedOut } = await runProgram(argv, LOGIN_TIMEOUT_MS, ({ identity }) => {
      if (identity !== undefined)
        void writer
          .write(() => storage.transaction(() => storage.credentials.loginStarted(row.id, identity)))
          .catch(options.onFatal);
    });
    if (stopping) return;
    const good = exit.kind === 'exited' && exit.code === 0;
    const last = output.trim().split('\n').at(-1)?.trim().slice(0, 300);
    const how = exit.kind === 'exited' ? `exit ${exit.code}${last ? `: ${last}` : ''}` : describeExit(exit, timedOut);
    log.info('login ended', { credential: row.credential, good });
    await writer.write(() => custodian.loginEnded(row, good ? { kind: 'done' } : { kind: 'failed', reason: how }));
  }

  function launch(name: string, flight: Promise<void>): void {
    busy.add(name);
    const settled = flight.catch(options.onFatal).finally(() => {
      busy.delete(name);
      flights.delete(settled);
      worker.nudge();
    });
    flights.add(settled);
  }

  function look(): number | undefined {
    const now = clock.now();
    for (const row of storage.credentials.openLogins()) {
      const argv = credentials.get(row.credential)?.login;
      if (busy.has(row.credential) || row.state !== 'wanted') continue;
      if (argv === undefined || argv === 'paste') {
        custodian.loginEnded(row, { kind: 'failed', reason: 'fleet.yaml names no login program for it' });
      } else if (storage.transaction(() => storage.credentials.claimLogin(row.id))) {
        launch(row.credential, login(row, argv));
      }
    }
    for (const row of storage.credentials.checksDue(now)) {
      const credential = credentials.get(row.name);
      if (credential === undefined || busy.has(row.name)) continue;
      if (credential.check === undefined) custodian.startTrial(row.name);
      else launch(row.name, check(row.name, credential.check));
    }
    const next = storage.credentials.nextCheckAt();
    return next === undefined || next <= now ? undefined : next - now;
  }

  const worker = createWorker({
    name: 'prober',
    clock,
    log,
    everyMs: 5_000,
    stepsAside: true,
    look,
    onFatal: options.onFatal,
  });
  storage.onChange('credentials', worker.nudge);

  return {
    ...worker,
    async recover() {
      for (const row of storage.credentials.openLogins()) {
        if (row.state !== 'running') continue;
        if (row.pid !== null)
          await options.processes.sweep({
            identity: { pid: row.pid, startTicks: row.startTicks ?? '', bootId: row.bootId ?? '' },
          });
        custodian.loginEnded(row, { kind: 'failed', reason: 'Nightdesk was restarted in the middle of it' });
      }
    },
    async stop() {
      stopping = true;
      writer.stop();
      await worker.stop();
      for (const process of running) process.signal('SIGKILL');
      await Promise.all(flights);
    },
  };
}

function describeExit(exit: ProcessExit, timedOut: boolean): string {
  if (timedOut) return 'it gave no answer in time and was stopped';
  switch (exit.kind) {
    case 'exited':
      return `exit ${exit.code}`;
    case 'signalled':
      return `it was ended by ${exit.signal}`;
    case 'not-started':
      return exit.reason;
  }
}
