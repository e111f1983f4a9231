import type { RunEnd, RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { TaskRow } from '../../storage/task-store.ts';
import type { Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock } from '../ports.ts';
import { isContextStop } from '../runs/context-stops.ts';
import { duration, shorten } from '../telegram/cards/words.ts';
import {
  decideAttemptEnd,
  describePlace,
  describeRunEnd,
  isOutside,
  lastSignAt,
  LEASE_MS,
  taskFingerprint,
} from './task.ts';
import { wakeForTask } from './task-wake.ts';

/** What the journal calls an attempt that ended without a result. */
const ATTEMPT_ENDED = 'attempt ended';
/** Newest rows of a task's journal among which its last attempt is looked for. */
const LOOKED_AT = 20;

/** Attempts at tasks that end without a result: counted, told, and offered again. */
export interface TaskAttempts {
  runEnded(run: RunRow, end: RunEnd): void;
  expireLeases(now: number): number | undefined;
  /** How the last attempt ended, in words. */
  lastOf(taskId: number): string | undefined;
}

/** How an attempt ended. */
interface Ending {
  readonly how: string;
  readonly isOutside: boolean;
  readonly wasClaimed: boolean;
}

/** How the last attempt at a task ended, in words; undefined: none did, as far as the journal goes. */
export function lastAttemptOf(storage: Storage, taskId: number): string | undefined {
  return (
    storage.journal.of(`task:${taskId}`, LOOKED_AT).find(({ event }) => event === ATTEMPT_ENDED)?.detail ?? undefined
  );
}

/** Builds what counts attempts. */
export function createTaskAttempts(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly incidents: IncidentRegister;
}): TaskAttempts {
  const { fleet, storage, clock } = options;

  function note(task: TaskRow, event: string, detail: string): void {
    storage.journal.add({ at: clock.now(), subject: `task:${task.id}`, event, actor: 'nightdesk', detail });
  }

  function wake(task: TaskRow, offerAt: number): void {
    const agent = fleet.agents.get(task.agent);
    if (agent !== undefined) wakeForTask({ storage, fleet }, agent, offerAt, clock.now());
  }

  /** Counts the attempt and tells of it; gives from when on the task may be claimed again. */
  function count(task: TaskRow, ending: Ending): number {
    const attempts = task.attempts + 1;
    const { pauseMs, isTold } = decideAttemptEnd(attempts, ending.wasClaimed, ending.isOutside);
    storage.tasks.countAttempt(task.id);
    note(task, ATTEMPT_ENDED, ending.how);
    if (isTold) tell(task, attempts, ending.how, pauseMs);
    return clock.now() + pauseMs;
  }

  function tell(task: TaskRow, attempts: number, how: string, pauseMs: number): void {
    const place = describePlace(storage.tasks.phases(task.id));
    options.incidents.report({
      kind: 'task',
      fingerprint: taskFingerprint(task.id),
      subject: task.agent,
      severity: 'critical',
      title: `Task #${task.id} makes no headway`,
      evidence: how,
      agents: [task.agent],
      note: `${shorten(task.title, 120)}${place === undefined ? '' : `, ${place}`}: ${attempts} attempts ended without a result. ${task.agent} is offered it again in ${duration(pauseMs)}.`,
    });
  }

  function giveBack(task: TaskRow, runId: number, ending: Ending): void {
    const offerAt = count(task, ending);
    storage.tasks.giveBack(task.id, runId, offerAt);
    wake(task, offerAt);
  }

  /** It goes on in a fresh session, with what this one wrote down: that is no attempt that failed. */
  function handOn(task: TaskRow, run: RunRow): void {
    const now = clock.now();
    storage.tasks.giveBack(task.id, run.id, now);
    note(task, 'handed on', `run ${run.id} filled its context; a fresh one goes on`);
    wake(task, now);
  }

  /** A program that was woken for a task and did not ask for it would be woken at once for ever. */
  function leftAlone(run: RunRow): void {
    const task = storage.tasks.oldestOffered(run.agent, run.startedAt ?? run.wantedAt);
    if (task === undefined) return;
    const how = `run ${run.id} was woken for it, ended well, and claimed nothing: \`nightdesk task claim\` gives it the task`;
    const offerAt = count(task, { how, isOutside: false, wasClaimed: false });
    storage.tasks.postpone(run.agent, offerAt);
    wake(task, offerAt);
  }

  function silent(task: TaskRow, now: number): void {
    const run = task.runId === null ? undefined : storage.runs.get(task.runId);
    const isAlive = run !== undefined && (run.state === 'starting' || run.state === 'running');
    const isAsking = run !== undefined && storage.questions.openOf(run.id).length > 0;
    const until = isAlive ? (isAsking ? now : lastSignAt(run)) + LEASE_MS : now;
    if (until > now) return storage.tasks.extend(task.id, until);
    const how = `run ${task.runId} gave no sign for ${duration(LEASE_MS)}`;
    giveBack(task, task.runId ?? 0, { how, isOutside: false, wasClaimed: true });
  }

  return {
    lastOf: (taskId) => lastAttemptOf(storage, taskId),

    runEnded(run, end) {
      const task = storage.tasks.claimedBy(run.id);
      if (task === undefined) {
        const isIdle = end.state === 'done' && run.cause === 'task' && storage.runs.get(run.id)?.taskId === null;
        return isIdle ? leftAlone(run) : undefined;
      }
      if (end.state === 'stopped' && isContextStop(run)) return handOn(task, run);
      giveBack(task, run.id, { how: describeRunEnd(run, end), isOutside: isOutside(end), wasClaimed: true });
    },

    expireLeases(now) {
      for (const task of storage.tasks.overdue(now)) silent(task, now);
      return storage.tasks.nextLeaseEnd();
    },
  };
}
