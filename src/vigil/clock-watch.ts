import type { HoldRow } from '../../storage/hold-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import { dateAndTime } from '../loop/wall-clock.ts';
import type { Clock, Log } from '../ports.ts';
import { count, duration } from '../telegram/cards/words.ts';
import { createWorker, type Worker } from '../worker.ts';
import { saveAlive } from './pulse.ts';
import type { Resetting } from './set-back.ts';

/** How often the two clocks are compared; whoever judges by the clock on the wall has them compared first. */
const EVERY_MS = 5_000;
/** Clocks are set right by less than this all the time. */
const JUMP_MS = 30_000;
/** As many holds as one message names. */
const NAMED_HOLDS = 5;
const JUMP_KEY = 'clock-jump';
const FINGERPRINT = 'clock';

/** A jump of the clock on the wall. */
export interface ClockJump {
  /** What the clock shows after it (epoch ms), when it was noticed. */
  readonly at: number;
  /** How far it jumped; negative: back. */
  readonly byMs: number;
}

/** The watch over the clock on the wall. */
export interface ClockWatch extends Worker {
  /** Compares the clocks now; gives the last jump of this life, if there was one. */
  compare(): ClockJump | undefined;
  /** Whether what the clock shows may be written down as the time that it is: no jump back is still to be told. */
  isSettled(): boolean;
  /** At a start: tells of a clock that shows less than it did when we were last alive (epoch ms), and moves back what has to be. */
  recover(lastAliveAt: number | undefined): void;
}

/** The last jump that was noticed, also of an earlier life; for /why. */
export function loadLastJump(storage: Storage): ClockJump | undefined {
  const stored = storage.settings.get(JUMP_KEY);
  return stored === undefined ? undefined : (JSON.parse(stored) as ClockJump);
}

/**
 * Compares the clock on the wall with the one that never jumps.
 *
 * Each look: 1. compares them, as does whoever judges by the wall; 2. tells of the jumps that were noticed, each once. With a clock that was
 * set back, what was written down in the wrong time is moved back in the transaction that tells of it.
 */
export function createClockWatch(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly incidents: IncidentRegister;
  readonly timezone: string;
  readonly resetting: Resetting;
  /** The clock was set back: what is kept in memory must not be later than now. */
  readonly onSetBack: (now: number) => void;
  readonly onFatal: (error: unknown) => void;
}): ClockWatch {
  const { storage, clock } = options;
  let offset = clock.now() - clock.monotonic();
  let comparedAtMs = clock.monotonic();
  let last: ClockJump | undefined;
  /** Jumps that are still to be told, with the time that has really passed since the look before. */
  let untold: (ClockJump & { readonly withinMs: number })[] = [];

  function compare(): ClockJump | undefined {
    const [now, monotonic] = [clock.now(), clock.monotonic()];
    const byMs = now - monotonic - offset;
    const withinMs = monotonic - comparedAtMs;
    [offset, comparedAtMs] = [now - monotonic, monotonic];
    if (Math.abs(byMs) <= JUMP_MS) return last;
    last = { at: now, byMs: Math.round(byMs) };
    untold.push({ ...last, withinMs });
    if (byMs < 0) options.onSetBack(now);
    worker.nudge();
    return last;
  }

  function tell(jump: ClockJump & { readonly withinMs: number }): void {
    storage.settings.set(JUMP_KEY, JSON.stringify({ at: jump.at, byMs: jump.byMs }));
    const moved = jump.byMs < 0 ? moveBack(-jump.byMs) : '';
    options.incidents.report({
      kind: 'clock',
      fingerprint: FINGERPRINT,
      subject: 'fleet',
      severity: 'warning',
      title: `The clock jumped ${duration(Math.abs(jump.byMs))} ${jump.byMs > 0 ? 'ahead' : 'back'}`,
      evidence: '',
      agents: [],
      note: jump.byMs > 0 ? describeAhead(jump) : describeBack(moved),
    });
    options.incidents.close(FINGERPRINT);
  }

  function moveBack(byMs: number): string {
    const now = clock.now();
    // From here on the time of the right clock counts, also for the next start.
    saveAlive(storage, now);
    return options.resetting.setBack({ now, byMs });
  }

  /** Who runs because of it: what is due now, and what was started since the jump. */
  function describeAhead(jump: ClockJump & { readonly withinMs: number }): string {
    const jumpedAt = jump.at - jump.withinMs;
    const due = storage.dues.waiting().filter(({ dueAt }) => dueAt <= clock.now());
    const begun = storage.runs.alive().filter(({ wantedAt }) => wantedAt >= jumpedAt);
    const agents = new Set([...due, ...begun].map(({ agent }) => agent)).size;
    const caughtUp =
      agents === 0 ? 'No agent was due meanwhile.' : `${count(agents, 'agent runs', 'agents run')} once to catch up.`;
    return `This machine slept, or its clock was set. ${caughtUp} What is watched is watched anew from here on.`;
  }

  function describeBack(moved: string): string {
    const holds = storage.holds.active().filter(({ until }) => until !== null && until > clock.now());
    const left = holds.length === 0 ? '' : ` Held now: ${nameHolds(holds)}.`;
    const shifted = moved === '' ? '' : ` What was begun in the wrong time is moved back with it: ${moved}.`;
    return `It was set back. Due times that lay too far ahead are planned anew; what is watched is watched anew from here on.${shifted}${left}`;
  }

  function nameHolds(holds: readonly HoldRow[]): string {
    const now = clock.now();
    const named = holds
      .slice(0, NAMED_HOLDS)
      .map(({ agent, until }) => `${agent || 'all agents'} until ${dateAndTime(until ?? now, options.timezone, now)}`);
    return [...named, ...(holds.length > NAMED_HOLDS ? [`and ${holds.length - NAMED_HOLDS} more`] : [])].join(', ');
  }

  const worker = createWorker({
    name: 'clock watch',
    clock,
    log: options.log,
    everyMs: EVERY_MS,
    onFatal: options.onFatal,
    look() {
      compare();
      tellAll();
      return undefined;
    },
  });

  function tellAll(): void {
    for (let [next] = untold; next !== undefined; [next] = untold) {
      const jump = next;
      storage.transaction(() => tell(jump));
      untold = untold.slice(1);
      options.log.warn('the clock jumped', { byMs: jump.byMs });
    }
  }

  return {
    ...worker,
    compare,
    isSettled() {
      compare();
      return untold.every(({ byMs }) => byMs > 0);
    },
    recover(lastAliveAt = 0) {
      const now = clock.now();
      if (lastAliveAt - now <= JUMP_MS) return;
      last = { at: now, byMs: now - lastAliveAt };
      untold.push({ ...last, withinMs: 0 });
      tellAll();
    },
  };
}
