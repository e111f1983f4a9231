import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock, Disk, Log, Supervisor, Web } from '../ports.ts';
import { createWorker, isPassingStorageTrouble } from '../worker.ts';
import { createDeadMan } from './dead-man.ts';
import { createProofFile, type Self } from './proof-file.ts';

/** Setting: when a control plane last wrote that it lives (epoch ms). */
export const ALIVE_KEY = 'alive-at';
/** Setting: whether the last control plane ended on purpose, `yes` or `no`. */
export const CLEAN_KEY = 'stopped-cleanly';

/** A long poll takes 25 s, and a slow network a little more; three of them without an answer are silence. */
const HEARD_WITHIN_MS = 90_000;
/** Each look writes a row and the loop ticks every two seconds: a minute forgives what passes, such as a locked database. */
const WROTE_WITHIN_MS = 60_000;
const TICKED_WITHIN_MS = 60_000;
/** A step of the poll loop that is late by more than this will not end any more: every step has a limit of its own. */
const LATE_MS = 30_000;

/** How often the pulse is felt: a third of what somebody waits for, a row's write apart at least, and seconds at most. */
const LONGEST_LOOK_MS = 10_000;
const SHORTEST_LOOK_MS = 1_000;

/** When each part of the pulse was last felt, all by the monotonic clock; undefined: never yet. */
export interface PulseFacts {
  /** A getUpdates completed. */
  readonly heardAt: number | undefined;
  /** A row was written. */
  readonly wroteAt: number | undefined;
  /** The loop ticked, with what it wrote. */
  readonly tickedAt: number | undefined;
  /** The loop tried to tick, whatever the disk said. */
  readonly triedAt: number | undefined;
  /** Until when the poll loop's present step ends at the latest. */
  readonly settlesBy: number | undefined;
}

/** Whether the whole chain from Telegram to the disk works, or what is missing, in words. */
export type PulseState = { readonly kind: 'alive' } | { readonly kind: 'missing'; readonly what: readonly string[] };

/** Decides whether we may say to others that we are alive: heard, written, and ticked, each lately. */
export function decidePulse(facts: PulseFacts, now: number): PulseState {
  const what = [
    missing('no getUpdates has completed', facts.heardAt, HEARD_WITHIN_MS, now),
    missing('no row was written', facts.wroteAt, WROTE_WITHIN_MS, now),
    missing('the loop has not ticked', facts.tickedAt, TICKED_WITHIN_MS, now),
  ].filter((part) => part !== undefined);
  return what.length === 0 ? { kind: 'alive' } : { kind: 'missing', what };
}

function missing(what: string, at: number | undefined, withinMs: number, now: number): string | undefined {
  if (at === undefined) return `${what} yet`;
  return now - at <= withinMs ? undefined : `${what} for ${Math.round((now - at) / 1_000)} s`;
}

/**
 * Decides whether this process still turns, which is what a restart could mend. Telegram that cannot be reached and a full disk are no
 * reason: a restart mends neither, and ends every agent.
 */
export function decideTurning(facts: PulseFacts, now: number): PulseState {
  const what = [
    facts.settlesBy !== undefined && now > facts.settlesBy + LATE_MS ? 'the poll loop hangs' : undefined,
    facts.triedAt !== undefined && now - facts.triedAt > TICKED_WITHIN_MS
      ? 'the loop does not look any more'
      : undefined,
  ].filter((part) => part !== undefined);
  return what.length === 0 ? { kind: 'alive' } : { kind: 'missing', what };
}

/** When the last incarnation was last seen alive (epoch ms), and whether it ended on purpose. */
export interface LastLife {
  readonly aliveAt: number;
  readonly stoppedCleanly: boolean;
}

/** Reads what is known of the last incarnation; undefined on a first start. */
export function loadLastLife(storage: Storage): LastLife | undefined {
  const aliveAt = Number(storage.settings.get(ALIVE_KEY));
  return Number.isFinite(aliveAt) && aliveAt > 0
    ? { aliveAt, stoppedCleanly: storage.settings.get(CLEAN_KEY) === 'yes' }
    : undefined;
}

/** Writes down that this incarnation is alive; belongs into a transaction. */
export function saveAlive(storage: Storage, now: number): void {
  storage.settings.set(ALIVE_KEY, String(now));
}

/** The control plane's own pulse, end to end: it feeds the supervisor, the dead-man address, and the sentinel's proof. */
export interface Pulse {
  start(): void;
  /** Asks for a look at once: something of it has just come to life. */
  nudge(): void;
  /** fleet.yaml was taken over anew: the sentinel has to know it, and the next look may be due sooner. */
  settingsChanged(): void;
  stop(): Promise<void>;
  /** Says that this end is on purpose, or not, or that another process takes our place; called last. */
  farewell(by: 'asked' | 'itself' | 'restart'): void;
  /** What is missing right now. */
  state(): PulseState;
  /**
   * For a drill: until then the sentinel's proof looks as old as `dark_after`, and nothing else is changed; a time that is over ends it at
   * once. False when that cannot be written.
   */
  pretendDark(untilMs: number): boolean;
}

/**
 * Builds the pulse.
 *
 * Each look: 1. writes the row; 2. tells the supervisor when the process turns; 3. when all of the pulse is there, touches the proof
 * and calls the dead-man address when it is time to. What fails on the way is logged when it begins and when it is over.
 */
export function createPulse(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly disk: Disk;
  readonly supervisor: Supervisor;
  readonly web: Web;
  readonly incidents: IncidentRegister;
  readonly self: Self;
  /** A time of before a jump that is still to be told is kept: the next start has to see it, should this one end now. */
  readonly clockWatch: { isSettled(): boolean };
  readonly poller: { lastCompletedAt(): number | undefined; settlesBy(): number | undefined };
  readonly loop: { lastTickAt(): number | undefined; lastTryAt(): number | undefined };
  readonly onFatal: (error: unknown) => void;
}): Pulse {
  const { fleet, storage, clock, log, supervisor, poller, loop } = options;
  const proof = createProofFile(options);
  const deadMan = createDeadMan({
    ...options,
    get deadMan() {
      return fleet.alerts.deadMan;
    },
  });
  let wroteAt: number | undefined;
  let complaint = '';

  function feel(): PulseFacts {
    return {
      heardAt: poller.lastCompletedAt(),
      wroteAt,
      tickedAt: loop.lastTickAt(),
      triedAt: loop.lastTryAt(),
      settlesBy: poller.settlesBy(),
    };
  }

  function write(clean: 'yes' | 'no'): void {
    storage.transaction(() => {
      if (options.clockWatch.isSettled()) saveAlive(storage, clock.now());
      storage.settings.set(CLEAN_KEY, clean);
    });
    wroteAt = clock.monotonic();
  }

  function complain(states: readonly PulseState[]): void {
    const what = [...new Set(states.flatMap((state) => (state.kind === 'alive' ? [] : state.what)))];
    // Ages change with each look: what is missing is the same.
    const now = what.join('; ').replaceAll(/ for \d+ s/g, '');
    if (now === complaint) return;
    complaint = now;
    if (now === '') log.info('the pulse is there again');
    else log.warn('the pulse is not there', { missing: what.join('; ') });
  }

  function look(): void {
    try {
      write('no');
    } catch (error) {
      if (!isPassingStorageTrouble(error)) throw error;
    }
    const facts = feel();
    const now = clock.monotonic();
    const turning = decideTurning(facts, now);
    const pulse = decidePulse(facts, now);
    if (turning.kind === 'alive') supervisor.alive();
    if (pulse.kind === 'alive') proof.prove();
    // Until the first answer of Telegram there is nothing to complain of that the poller does not say.
    if (facts.heardAt !== undefined) complain([turning, pulse]);
    deadMan.look(pulse.kind === 'alive');
  }

  const worker = createWorker({
    name: 'pulse',
    clock,
    log,
    everyMs: LONGEST_LOOK_MS,
    // At the start the first getUpdates goes out before a row waits for the disk.
    stepsAside: true,
    look() {
      look();
      return lookEvery(fleet, supervisor.watchdogMs);
    },
    onFatal: options.onFatal,
  });

  return {
    start() {
      proof.begin();
      worker.start();
    },
    nudge: worker.nudge,
    stop: worker.stop,
    settingsChanged() {
      proof.leaveCopy();
      worker.nudge();
    },
    farewell(by) {
      // Whoever looks from outside finds the same process, and misses it only when it does not come back.
      if (by !== 'restart') proof.end(by);
      write(by === 'itself' ? 'no' : 'yes');
    },
    state: () => decidePulse(feel(), clock.monotonic()),
    pretendDark(untilMs) {
      const isWritten = proof.pretendDark(untilMs);
      worker.nudge();
      return isWritten;
    },
  };
}

function lookEvery({ alerts }: Fleet, watchdogMs = Number.POSITIVE_INFINITY): number {
  const wanted = Math.min(
    LONGEST_LOOK_MS,
    alerts.darkAfterMs / 3,
    watchdogMs / 3,
    alerts.deadMan?.everyMs ?? LONGEST_LOOK_MS,
  );
  return Math.max(SHORTEST_LOOK_MS, wanted);
}
