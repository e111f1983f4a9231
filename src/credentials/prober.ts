import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Clock, Log, ProcessExit, Processes, RunningProcess } from '../ports.ts';
import { createPatientWriter } from '../patient-writer.ts';
import { createWorker, type Worker } from '../worker.ts';
import { decideCheck, listCredentials } from './credential.ts';
import type { Custodian } from './custodian.ts';
import type { Vault } from './vault.ts';

/** A check that takes longer has not answered: it proves nothing. */
const CHECK_TIMEOUT_MS = 60_000;
/** Output of a check that is looked at; it says what matters in a few lines. */
const MAX_OUTPUT_CHARS = 64 * 1024;

/**
 * The effector of credentials: runs the checks whose rows ask for it, never two at once for one credential.
 *
 * Each look starts the checks that are due, or a trial run where there is no check.
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
  readonly vault: Vault;
  readonly env: Readonly<Record<string, string>>;
  readonly scrub: (text: string) => string;
  readonly onFatal: (error: unknown) => void;
}): Worker {
  const { storage, clock, log, custodian, vault } = options;
  const credentials = new Map(listCredentials(options.fleet).map((credential) => [credential.name, credential]));
  const busy = new Set<string>();
  const flights = new Set<Promise<void>>();
  const running = new Set<RunningProcess>();
  const writer = createPatientWriter({ name: 'prober', clock, log });
  let stopping = false;

  async function runProgram(
    argv: readonly [string, ...string[]],
    timeoutMs: number,
    env: Readonly<Record<string, string>>,
  ): Promise<{ readonly output: string; readonly exit: ProcessExit; readonly timedOut: boolean }> {
    const decoder = new TextDecoder();
    let output = '';
    let timedOut = false;
    const process = options.processes.spawn({ argv, cwd: options.fleetFolder, env }, (chunk) => {
      if (output.length < MAX_OUTPUT_CHARS) output += decoder.decode(chunk, { stream: true });
    });
    running.add(process);
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
    await vault.refresh();
    const isTrying = custodian.isTrying(name);
    const secrets = vault.environmentFor([name], isTrying ? name : undefined);
    const { output, exit, timedOut } = await runProgram(argv, CHECK_TIMEOUT_MS, { ...options.env, ...secrets });
    if (stopping) return;
    const verdict = decideCheck(
      output,
      exit.kind === 'exited' ? { code: exit.code } : { trouble: describeExit(exit, timedOut) },
    );
    log.info('credential checked', { credential: name, verdict: verdict.kind });
    await writer.write(() => custodian.checked(name, verdict, isTrying));
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
    for (const row of storage.credentials.checksDue(now)) {
      const credential = credentials.get(row.name);
      if (credential === undefined || busy.has(row.name)) continue;
      // While its secret is being changed, a refusal would say nothing; the rotation's end asks again.
      if (storage.rotations.openOf(row.name)?.state === 'running') continue;
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
