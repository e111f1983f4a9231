import type { RotationRow } from '../../storage/rotation-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Credential, Fleet } from '../config/fleet.ts';
import { createPatientWriter } from '../patient-writer.ts';
import type { Clock, Log, ProcessExit, Processes } from '../ports.ts';
import { createProgramRunner, type ProgramResult } from '../run-program.ts';
import { createWorker, type Worker } from '../worker.ts';
import type { RotationOutcome } from './candidates.ts';
import type { Custodian } from './custodian.ts';
import { COUNTED_ROTATIONS, nextRotationAt, readRotatedSecret } from './rotation.ts';
import type { Vault } from './vault.ts';

/** A rotation that takes longer hangs: its vendor would have answered. */
const ROTATION_TIMEOUT_MS = 10 * 60_000;
/** A new secret that no disk takes is kept in memory this often, five seconds each: the old one may be dead already. */
const MOST_STAGINGS = 720;
const STAGING_PAUSE_MS = 5_000;
/** How long a command may go on while Nightdesk stops. */
const STOP_GRACE_MS = 8_000;
/** A rotation is planned to the minute of a day weeks ahead: half a minute is no delay. */
const EVERY_MS = 30_000;

/** The rotator, with what it has to settle after a crash. */
export interface Rotator extends Worker {
  /** Ends what an earlier incarnation left behind. */
  recover(): Promise<void>;
}

/**
 * The effector of rotations.
 *
 * Each look: 1. plans the next rotation of each credential that has one; 2. starts those that are due, unless a login of the same credential
 * is under way. What the command prints is in no row and no log: its secret is staged, and the rest is in the hands of the check.
 */
export function createRotator(options: {
  readonly fleet: Fleet;
  readonly fleetFolder: string;
  readonly storage: Storage;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly log: Log;
  readonly custodian: Pick<Custodian, 'rotationEnded'>;
  readonly vault: Vault;
  readonly env: Readonly<Record<string, string>>;
  readonly learnSecret: (secret: string) => void;
  readonly scrub: (text: string) => string;
  readonly onFatal: (error: unknown) => void;
}): Rotator {
  const { fleet, storage, clock, log, custodian, vault } = options;
  const flights = new Set<Promise<void>>();
  const programs = createProgramRunner(options.processes, clock);
  const writer = createPatientWriter({ name: 'rotator', clock, log });
  let stopping = false;

  function runCommand(row: RotationRow, argv: readonly [string, ...string[]]): Promise<ProgramResult> {
    const env = { ...options.env, ...vault.environmentFor([row.credential]) };
    return programs.run({ argv, cwd: options.fleetFolder, env }, ROTATION_TIMEOUT_MS, (identity) => {
      void writer
        .write(() => storage.transaction(() => storage.rotations.started(row.id, identity)))
        .catch(options.onFatal);
    });
  }

  async function rotate(row: RotationRow, argv: readonly [string, ...string[]]): Promise<void> {
    log.info('rotation started', { credential: row.credential });
    const { stdout, stderr, exit, timedOut } = await runCommand(row, argv);
    const rotated = readRotatedSecret(stdout);
    if (rotated.kind === 'secret') options.learnSecret(rotated.secret);
    const isGood = exit.kind === 'exited' && exit.code === 0;
    const last = options.scrub(stderr.trim().split('\n').at(-1)?.trim() ?? '').slice(0, 300);
    const reason = describe(exit, timedOut, last);
    const outcome: RotationOutcome = !isGood
      ? { kind: 'failed', reason }
      : rotated.kind === 'unusable'
        ? { kind: 'failed', reason: rotated.reason }
        : rotated.kind === 'secret'
          ? await stage(row.credential, rotated.secret)
          : { kind: 'changed' };
    log.info('rotation ended', { credential: row.credential, outcome: outcome.kind });
    // Where we cut it off ourselves, the next start says so.
    if (!stopping || isGood) await writer.write(() => custodian.rotationEnded(row, outcome));
  }

  async function stage(name: string, secret: string): Promise<RotationOutcome> {
    for (let tries = 1; ; tries += 1) {
      try {
        vault.stage(name, secret);
        return { kind: 'changed' };
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // What has no code is no trouble of the disk: this secret is never taken.
        const why =
          code === undefined ? (error instanceof Error ? error.message : 'no reason') : `the disk says ${code}`;
        const reason = options.scrub(`the new secret could not be kept: ${why}`);
        if (code === undefined || tries >= MOST_STAGINGS || stopping) return { kind: 'failed', reason };
        log.error('rotator: the new secret cannot be written down right now; trying again', { credential: name, code });
        await pause();
      }
    }
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => void clock.after(STAGING_PAUSE_MS, resolve));
  }

  function plan(credential: Credential): void {
    const row = storage.credentials.get(credential.name);
    if (credential.rotate === undefined || row === undefined) return;
    const ended = storage.rotations.ended(credential.name, COUNTED_ROTATIONS);
    const firstSeenAt = row.firstSeenAt ?? row.since;
    const dueAt = nextRotationAt(credential.rotate, { firstSeenAt, renewedAt: row.renewedAt, ended }, fleet.timezone);
    if (storage.rotations.openOf(credential.name)?.dueAt !== dueAt) storage.rotations.plan(credential.name, dueAt);
  }

  /** Claims a rotation, unless a login is changing the same secret. */
  function begin(row: RotationRow): boolean {
    const isLoggingIn =
      storage.credentials.get(row.credential)?.state === 'logging-in' ||
      storage.logins.open().some((login) => login.credential === row.credential);
    if (isLoggingIn) return false;
    // One of before that nobody asks for any more must not pass for this one's.
    vault.discard(row.credential);
    return storage.rotations.claim(row.id, clock.now());
  }

  function look(): number | undefined {
    const open = storage.transaction(() => {
      for (const credential of fleet.credentials.values()) plan(credential);
      for (const row of storage.rotations.open())
        if (fleet.credentials.get(row.credential)?.rotate === undefined) storage.rotations.drop(row.id);
      return storage.rotations.open();
    });
    const waits: number[] = [];
    for (const row of open.filter(({ state }) => state === 'waiting')) {
      const argv = fleet.credentials.get(row.credential)?.rotate?.command;
      if (row.dueAt > clock.now()) waits.push(row.dueAt - clock.now());
      else if (argv !== undefined && storage.transaction(() => begin(row))) launch(rotate(row, argv));
    }
    return waits.length === 0 ? undefined : Math.min(...waits);
  }

  function launch(flight: Promise<void>): void {
    const settled = flight.catch(options.onFatal).finally(() => {
      flights.delete(settled);
      worker.nudge();
    });
    flights.add(settled);
  }

  const worker = createWorker({
    name: 'rotator',
    clock,
    log,
    everyMs: EVERY_MS,
    stepsAside: true,
    look,
    onFatal: options.onFatal,
  });
  storage.onChange('credentials', worker.nudge);

  return {
    ...worker,
    async recover() {
      for (const row of storage.rotations.open()) {
        if (row.state !== 'running') continue;
        if (row.pid !== null)
          await options.processes.sweep({
            identity: { pid: row.pid, startTicks: row.startTicks ?? '', bootId: row.bootId ?? '' },
          });
        // What was staged is the new secret, and the old one may be dead: its check is all that was missing.
        custodian.rotationEnded(
          row,
          vault.hasStaged(row.credential)
            ? { kind: 'changed' }
            : { kind: 'failed', reason: 'Nightdesk was restarted in the middle of it' },
        );
      }
    },
    async stop() {
      stopping = true;
      writer.stop();
      await worker.stop();
      // A command that is cut off may have changed the secret and never told us: it has a moment to end by itself.
      clock.after(STOP_GRACE_MS, programs.kill);
      await Promise.all(flights);
    },
  };
}

function describe(exit: ProcessExit, timedOut: boolean, last: string): string {
  if (timedOut) return `the command gave no answer within ${ROTATION_TIMEOUT_MS / 60_000} min and was stopped`;
  switch (exit.kind) {
    case 'exited':
      return `the command ended with exit ${exit.code}${last === '' ? '' : `: ${last}`}`;
    case 'signalled':
      return `the command was ended by ${exit.signal}`;
    case 'not-started':
      return exit.reason;
  }
}
