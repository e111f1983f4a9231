import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import { perFile } from '../config/live-fleet.ts';
import { createPatientWriter } from '../patient-writer.ts';
import type { Clock, Log, Processes } from '../ports.ts';
import { createProgramRunner, explainExit } from '../run-program.ts';
import { createWorker, type Worker } from '../worker.ts';
import { decideCheck, listCredentials } from './credential.ts';
import type { Custodian } from './custodian.ts';
import type { Vault } from './vault.ts';

/** A check that takes longer has not answered: it proves nothing. */
const CHECK_TIMEOUT_MS = 60_000;

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
  const credentials = perFile(
    options.fleet,
    (fleet) => new Map(listCredentials(fleet).map((credential) => [credential.name, credential])),
  );
  const busy = new Set<string>();
  const flights = new Set<Promise<void>>();
  const programs = createProgramRunner(options.processes, clock);
  const writer = createPatientWriter({ name: 'prober', clock, log });
  let stopping = false;

  async function check(name: string, argv: readonly [string, ...string[]]): Promise<void> {
    await vault.refresh();
    const isTrying = custodian.isTrying(name);
    const secrets = vault.environmentFor([name], isTrying ? name : undefined);
    const request = { argv, cwd: options.fleetFolder, env: { ...options.env, ...secrets } };
    const { output, exit, timedOut } = await programs.run(request, CHECK_TIMEOUT_MS);
    if (stopping) return;
    const trouble = timedOut ? 'it gave no answer in time and was stopped' : explainExit(exit);
    const verdict = decideCheck(options.scrub(output), exit.kind === 'exited' ? { code: exit.code } : { trouble });
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
      const credential = credentials().get(row.name);
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
      programs.kill();
      await Promise.all(flights);
    },
  };
}
