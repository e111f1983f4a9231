import type { SelfRestartRow } from '../../storage/self-restart-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Clock, Log } from '../ports.ts';
import { CONTROL_PLANE_STOPPED } from '../runs/session-choice.ts';
import type { CallbackData } from '../telegram/callback-data.ts';
import type { Content, Outbox } from '../telegram/outbox.ts';
import { createWorker, type Worker } from '../worker.ts';
import {
  decideRestart,
  describeRefusal,
  describeReturn,
  DRAIN_MS,
  renderDraining,
  renderEnded,
  RESTARTING,
} from './restart.ts';

/** Runs that end wake nobody here: so late is it noticed. */
const LOOK_MS = 500;
/** What a lost nudge costs. */
const EVERY_MS = 2_000;

/** How this process can be replaced by a new one. */
export interface SelfReplacement {
  /** Whether a new process would come up, tried without harm: what stands in the way, in words, or undefined. It ends at once with `signal`. */
  check(signal: AbortSignal): Promise<string | undefined>;
}

/** Restarts Nightdesk itself. */
export interface Restarter extends Worker {
  /** Asks for a restart, or hurries the one that is asked for; gives what is to be shown. */
  ask(wanted: {
    readonly by: string;
    readonly messageKey: string;
    readonly isNow: boolean;
    readonly now: number;
  }): Content;
  /** Why nothing new may start; undefined: it may. */
  holds(): string | undefined;
  /** Goes at once; what came of the press, for its owner. */
  hurry(id: number, by: string): string;
  /** Does not restart; what came of the press, for its owner. */
  drop(id: number, by: string): string;
  /** At a start: whatever was asked for is done. True: this process was awaited. */
  recover(): boolean;
}

/**
 * The effector of restarts.
 *
 * Each look: 1. shows who still runs; 2. when nobody does, or at the deadline, tries whether a new process would come up; 3. writes down that
 * it goes, and has this one ended. What would not come up is not tried for real: the restart is dropped, and its owner told.
 */
export function createRestarter(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly outbox: Outbox;
  readonly callbackData: CallbackData;
  readonly version: string;
  /** Undefined: this program cannot be replaced, as that of the demo, which holds the phone as well. */
  readonly replacement: SelfReplacement | undefined;
  /** Has this process ended and another one take its place. */
  readonly onGo: () => void;
  readonly onFatal: (error: unknown) => void;
}): Restarter {
  const { fleet, storage, clock, outbox, callbackData } = options;

  let stopping = new AbortController();

  function running(): readonly string[] {
    const rotations = storage.rotations.open().filter(({ state }) => state !== 'waiting');
    return [
      ...storage.runs.alive().map(({ agent }) => agent),
      // A login or a rotation that is cut off leaves nobody knows which secret behind.
      ...rotations.map(({ credential }) => `the rotation of ${credential}`),
      ...storage.logins.open().map(({ credential }) => `the login to ${credential}`),
    ];
  }

  function render(row: SelfRestartRow): Content {
    return renderDraining(row, running(), { callbackData, timezone: fleet.timezone, now: clock.now() });
  }

  function journal(id: number, event: string, actor: string): void {
    storage.journal.add({ at: clock.now(), subject: `restart:${id}`, event, actor, detail: null });
  }

  /** A message of its own as well: nobody looks at an edited one. */
  function tell(row: SelfRestartRow, content: Content, more: { key: string; isSilent: boolean }): void {
    const chatId = storage.outbox.get(row.messageKey)?.chatId;
    outbox.send({
      key: more.key,
      class: 'reply',
      content,
      replyToKey: row.messageKey,
      ...(typeof chatId === 'number' ? { chatId } : {}),
      ...(more.isSilent ? { sound: 'never' as const } : {}),
    });
  }

  function refuse(row: SelfRestartRow, problem: string): void {
    storage.transaction(() => {
      if (!storage.selfRestarts.end(row.id, 'dropped', clock.now())) return;
      journal(row.id, 'refused', 'system');
      outbox.edit(row.messageKey, renderEnded('🔁 Not restarted.'));
      tell(row, renderEnded(describeRefusal(problem)), { key: `restart:${row.id}:refused`, isSilent: false });
    });
    options.log.warn('not restarted: a new process would not come up', { problem });
  }

  /** Whoever was stopped for the restart was in the middle of something: it goes on at once, and not when it is due next. */
  function resumeStopped(row: SelfRestartRow, now: number): void {
    if (row.state !== 'going') return;
    for (const { name, schedule } of fleet.agents.values()) {
      const last = storage.runs.lastOf(name);
      const wasCutOff = last?.state === 'stopped' && last.stopReason === CONTROL_PLANE_STOPPED;
      // A draft or a task wakes its agent by itself.
      const isDue = schedule.kind === 'every' || schedule.kind === 'cron';
      if (isDue && wasCutOff && (last.endedAt ?? 0) >= row.deadlineAt) storage.dues.wait(name, now, 'resumed');
    }
  }

  async function look(): Promise<number | undefined> {
    const row = storage.selfRestarts.open();
    if (row?.state !== 'draining') return undefined;
    const shown = storage.outbox.get(row.messageKey);
    const isTold = shown !== undefined && (shown.messageId !== null || shown.state === 'refused');
    const step = decideRestart(row, { now: clock.now(), running: running().length, isTold });
    storage.transaction(() => outbox.edit(row.messageKey, render(row)));
    if (step.kind === 'wait') return Math.min(step.forMs, LOOK_MS);
    const problem = await options.replacement?.check(stopping.signal);
    if (stopping.signal.aborted) return undefined;
    if (problem !== undefined) {
      refuse(row, problem);
      return undefined;
    }
    const isGoing = storage.transaction(() => {
      if (!storage.selfRestarts.go(row.id, clock.now())) return false;
      journal(row.id, 'going', row.askedBy);
      return true;
    });
    if (!isGoing) return undefined;
    options.log.info('restarting', { by: row.askedBy });
    options.onGo();
    return undefined;
  }

  const worker = createWorker({
    name: 'restarter',
    clock,
    log: options.log,
    everyMs: EVERY_MS,
    look,
    onFatal: options.onFatal,
  });
  storage.onChange('restarts', worker.nudge);

  return {
    ...worker,

    start() {
      stopping = new AbortController();
      worker.start();
    },

    async stop() {
      stopping.abort();
      await worker.stop();
    },

    ask: ({ by, messageKey, isNow, now }) =>
      storage.transaction(() => {
        if (options.replacement === undefined)
          return renderEnded('I cannot restart myself here: stop me, and start me again.');
        const asked = { askedBy: by, askedAt: now, deadlineAt: isNow ? now : now + DRAIN_MS, messageKey };
        if (storage.selfRestarts.begin(asked)) {
          const row = storage.selfRestarts.open();
          if (row === undefined) throw new Error('the restart is gone');
          journal(row.id, isNow ? 'asked for at once' : 'asked for', by);
          return render(row);
        }
        // The same command, handled again after a crash that was its end: another restart would be one without end.
        if (storage.selfRestarts.byKey(messageKey)?.endedAt) return renderEnded('🔁 Restarted.');
        const open = storage.selfRestarts.open();
        if (open === undefined) return renderEnded('🔁 Restarted.');
        if (isNow) storage.selfRestarts.hurry(open.id, now);
        return render(storage.selfRestarts.open() ?? open);
      }),

    holds: () => (storage.selfRestarts.open() === undefined ? undefined : RESTARTING),

    hurry: (id, by) =>
      storage.transaction(() => {
        if (!storage.selfRestarts.hurry(id, clock.now())) return 'That restart is over, or goes already.';
        journal(id, 'hurried', by);
        return 'Restarting now…';
      }),

    drop: (id, by) =>
      storage.transaction(() => {
        const row = storage.selfRestarts.get(id);
        if (row === undefined || !storage.selfRestarts.end(id, 'dropped', clock.now()))
          return row?.state === 'going' ? 'Too late: I am restarting.' : 'That restart is over already.';
        journal(id, 'dropped', by);
        outbox.edit(row.messageKey, renderEnded('🔁 Left as it was: no restart.'));
        return 'Left as it was.';
      }),

    recover: () =>
      storage.transaction(() => {
        const row = storage.selfRestarts.open();
        if (row === undefined) return false;
        const now = clock.now();
        storage.selfRestarts.end(row.id, 'back', now);
        journal(row.id, 'back', 'system');
        outbox.edit(row.messageKey, renderEnded('🔁 Restarted.'));
        resumeStopped(row, now);
        const content = renderEnded(describeReturn(row, options.version, now));
        tell(row, content, { key: `restart:${row.id}:back`, isSilent: true });
        return row.state === 'going';
      }),
  };
}
