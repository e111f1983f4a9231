import type { RunEnd, RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { TaskPhaseRow, TaskRow } from '../../storage/task-store.ts';
import { nearest } from '../config/nearest.ts';
import type { Fleet } from '../config/fleet.ts';
import { isDrillAgent } from '../drills/drill.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock } from '../ports.ts';
import { HOLDS_SECRET, holdsSecret } from '../secret-refusal.ts';
import { bold, line, lines, richText, shorten } from '../telegram/cards/words.ts';
import type { Outbox } from '../telegram/outbox.ts';
import { type ClaimView, LEASE_MS, phaseToDo, taskFingerprint, type TaskView } from './task.ts';
import { createTaskAttempts } from './task-attempts.ts';
import { loadTaskView, type TaskReader } from './task-view.ts';
import { wakeForTask } from './task-wake.ts';

/** Open tasks that one agent may have: an orchestrator that runs in a circle is stopped by it. */
const MOST_OPEN_TASKS = 1_000;

/** The run that calls, and its agent. */
export interface TaskCaller {
  readonly run: number;
  readonly agent: string;
}

/** A task as an agent hands it over. */
export interface HandedTask {
  readonly for: string;
  readonly title: string;
  readonly brief: string;
  readonly phases?: readonly string[];
  /** The giver's own name for it: the same key for the same agent is the same task. */
  readonly key?: string;
}

/** What a call of an agent came to; a reason is a sentence for the agent. */
export type TaskResult = { readonly kind: 'done' } | { readonly kind: 'refused'; readonly reason: string };

/** What agents may do with tasks. Each call is one transaction. */
export interface TaskCalls {
  /** `differs`: there is such a task already, and it says something else. */
  add(
    caller: TaskCaller,
    task: HandedTask,
  ):
    | { readonly kind: 'added'; readonly id: number; readonly existing: boolean; readonly differs: boolean }
    | { readonly kind: 'refused'; readonly reason: string };
  /** The agent's oldest task, or the one that this run has; undefined: there is none for this run. */
  claim(caller: TaskCaller, reader: TaskReader): ClaimView | undefined;
  show(id: number, reader: TaskReader): TaskView | undefined;
  /** One phase's output, whole. */
  output(
    id: number,
    phase: string,
  ): { readonly kind: 'output'; readonly output: string } | { readonly kind: 'refused'; readonly reason: string };
  phaseDone(caller: TaskCaller, id: number, output: string): TaskResult;
  done(caller: TaskCaller, id: number): TaskResult;
  fail(caller: TaskCaller, id: number, reason: string): TaskResult;
}

/** The room of tasks: what agents may call, and what runs have to do with them. */
export interface Tasks extends TaskCalls {
  /** Gives a run that is about to start its agent's oldest task; belongs into the transaction that makes the run. */
  assign(runId: number): void;
  /** Gives back what a run had that is over; belongs into the transaction of its end. */
  runEnded(run: RunRow, end: RunEnd): void;
  /** Gives back what runs have that give no sign; gives when the next lease ends. */
  expireLeases(now: number): number | undefined;
}

/** Builds the room of tasks. */
export function createTasks(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly incidents: IncidentRegister;
  readonly outbox: Outbox;
  readonly scrub: (text: string) => string;
}): Tasks {
  const { fleet, storage, clock, scrub } = options;
  const attempts = createTaskAttempts(options);

  function note(id: number, event: string, agent: string, detail: string | null): void {
    storage.journal.add({ at: clock.now(), subject: `task:${id}`, event, actor: `agent:${agent}`, detail });
  }

  function refuseAgent(name: string): { kind: 'refused'; reason: string } {
    const names = [...fleet.agents.keys()].filter((known) => !isDrillAgent(known));
    const meant = nearest(name, names);
    const hint = meant === undefined ? `fleet.yaml has: ${names.join(', ')}` : `did you mean ${meant}?`;
    return refused(`there is no agent ${JSON.stringify(name)}; ${hint}`);
  }

  function isSame(task: TaskRow, handed: HandedTask): boolean {
    const names = storage.tasks.phases(task.id).map(({ name }) => name);
    return (
      task.title === handed.title &&
      storage.tasks.briefOf(task.id) === handed.brief &&
      JSON.stringify(names) === JSON.stringify(handed.phases ?? [])
    );
  }

  function take(task: TaskRow, run: { readonly id: number; readonly agent: string }): boolean {
    const now = clock.now();
    const phase = phaseToDo(storage.tasks.phases(task.id));
    const claim = { runId: run.id, phase: phase?.position ?? null, at: now, leaseUntil: now + LEASE_MS };
    if (!storage.tasks.claim(task.id, claim)) return false;
    const what = phase === undefined ? '' : `, phase ${phase.name}`;
    note(task.id, 'claimed', run.agent, `run ${run.id}${what}, attempt ${task.attempts + 1}`);
    return true;
  }

  /** The task that this run had already, where it lost it. */
  function lostBy(run: RunRow): TaskRow | undefined {
    const task = run.taskId === null ? undefined : storage.tasks.get(run.taskId);
    return task?.state === 'open' && task.agent === run.agent && task.offerAt <= clock.now() ? task : undefined;
  }

  /** Each phase runs in a fresh session: whoever did or had something before, or is no program, gets only what has none. */
  function offeredTo(run: RunRow): TaskRow | undefined {
    if (run.publicationId !== null || storage.tasks.didPhase(run.id)) return undefined;
    const isFresh = run.taskId === null && fleet.agents.get(run.agent)?.runtime === 'command';
    return lostBy(run) ?? storage.tasks.oldestOffered(run.agent, clock.now(), !isFresh);
  }

  /** Why this run may not say anything of this task; undefined: it has it. */
  function whyNot(caller: TaskCaller, task: TaskRow): string | undefined {
    const what = `task #${task.id}`;
    const mine = storage.tasks.phaseBy(task.id, caller.run);
    if (mine !== undefined && (task.state === 'claimed' || task.state === 'open'))
      return phaseIsDone(mine, storage.tasks.phases(task.id));
    switch (task.state) {
      case 'claimed':
        return task.runId === caller.run ? undefined : `run ${task.runId} of ${task.agent} has ${what}`;
      case 'done':
        return `${what} is done already`;
      case 'failed':
        return `${what} has failed already: ${task.reason ?? ''}`;
      case 'open': {
        if (task.agent !== caller.agent) return `${what} is for ${task.agent}, and nobody has it now`;
        const had = storage.runs.get(caller.run)?.taskId === task.id;
        return had
          ? `this run has ${what} no more: ${attempts.lastOf(task.id) ?? 'it was given back'}; claim it again, then hand in what you have`
          : `nobody has ${what}: claim it first`;
      }
    }
  }

  function getsOn(task: TaskRow, caller: TaskCaller, event: string, sentence: string): void {
    storage.runs.progress(caller.run, clock.now(), `task #${task.id}: ${event}`);
    note(task.id, event, caller.agent, null);
    options.incidents.resolve(taskFingerprint(task.id), sentence);
  }

  /** Hands a call the task that it names. */
  function withTask(id: number, act: (task: TaskRow) => TaskResult): TaskResult {
    return storage.transaction(() => {
      const task = storage.tasks.get(id);
      return task === undefined ? refused(`there is no task #${id}`) : act(task);
    });
  }

  function finishPhase(caller: TaskCaller, task: TaskRow, output: string): TaskResult {
    const phases = storage.tasks.phases(task.id);
    const mine = storage.tasks.phaseBy(task.id, caller.run);
    if (mine !== undefined) {
      if (storage.tasks.outputOf(task.id, mine.position) === output) return DONE;
      return refused(phaseIsDone(mine, phases));
    }
    const why = whyNot(caller, task);
    if (why !== undefined) return refused(why);
    const phase = phaseToDo(phases);
    if (phase === undefined) return refused(`task #${task.id} has no phases: \`task done ${task.id}\` ends it`);
    if (holdsSecret([output], scrub)) return refused(SECRET);
    const now = clock.now();
    const { id } = task;
    storage.tasks.finishPhase(id, { position: phase.position, runId: caller.run, at: now, output });
    if (phase.position === phases.length)
      storage.tasks.end(id, { state: 'done', runId: caller.run, at: now, reason: null });
    else {
      storage.tasks.moveOn(id, caller.run, now);
      const agent = fleet.agents.get(task.agent);
      if (agent !== undefined) wakeForTask({ storage, fleet }, agent, now, now);
    }
    getsOn(task, caller, `phase ${phase.name} done`, `Phase ${phase.name} is done.`);
    return DONE;
  }

  return {
    add: (caller, handed) =>
      storage.transaction(() => {
        const agent = fleet.agents.get(handed.for);
        if (agent === undefined || isDrillAgent(agent.name)) return refuseAgent(handed.for);
        const { title, brief, phases = [], key = null } = handed;
        const existing = key === null ? undefined : storage.tasks.byKey(agent.name, key);
        if (existing !== undefined)
          return { kind: 'added', id: existing.id, existing: true, differs: !isSame(existing, handed) };
        if (holdsSecret([title, brief, key ?? '', ...phases], scrub)) return refused(SECRET);
        if (storage.tasks.countOpenOf(agent.name) >= MOST_OPEN_TASKS)
          return refused(`${agent.name} has ${MOST_OPEN_TASKS} open tasks already; it has to do some of them first`);
        const now = clock.now();
        const by = { byAgent: caller.agent, byRun: caller.run };
        const id = storage.tasks.add({ agent: agent.name, title, brief, key, ...by, at: now, phases });
        note(id, 'added', caller.agent, `for ${agent.name}: ${title}`);
        wakeForTask({ storage, fleet }, agent, now, now);
        return { kind: 'added', id, existing: false, differs: false };
      }),

    claim: (caller, reader) =>
      storage.transaction(() => {
        const mine = storage.tasks.claimedBy(caller.run);
        const run = storage.runs.get(caller.run);
        if (run === undefined) return undefined;
        const task = mine ?? offeredTo(run);
        if (task === undefined || (mine === undefined && !take(task, run))) return undefined;
        const { id, title, brief, phases, phase, attempt } = loadTaskView(storage, task, reader);
        return { id, title, brief, phases, phase, attempt };
      }),

    show(id, reader) {
      const task = storage.tasks.get(id);
      return task === undefined ? undefined : loadTaskView(storage, task, reader);
    },

    output(id, name) {
      const phases = storage.tasks.phases(id);
      const phase = phases.find((candidate) => candidate.name === name);
      const names = phases.map((known) => known.name).join(', ');
      if (phase === undefined)
        return refused(`task #${id} has no phase ${JSON.stringify(name)}${names === '' ? '' : `; it has: ${names}`}`);
      const output = storage.tasks.outputOf(id, phase.position);
      return output === null ? refused(`phase ${name} is not done yet`) : { kind: 'output', output };
    },

    phaseDone: (caller, id, output) => withTask(id, (task) => finishPhase(caller, task, output)),

    done: (caller, id) =>
      withTask(id, (task) => {
        if (task.state === 'done' && task.runId === caller.run) return DONE;
        const why = whyNot(caller, task);
        if (why !== undefined) return refused(why);
        const left = storage.tasks.phases(id).filter(({ doneAt }) => doneAt === null);
        if (left.length > 0) {
          const names = left.map(({ name }) => name).join(', ');
          return refused(`task #${id} is not done: ${names} left; \`task phase-done ${id}\` hands in an output`);
        }
        storage.tasks.end(id, { state: 'done', runId: caller.run, at: clock.now(), reason: null });
        getsOn(task, caller, 'done', 'It is done.');
        return DONE;
      }),

    fail: (caller, id, words) =>
      withTask(id, (task) => {
        if (task.state === 'failed' && task.runId === caller.run) return DONE;
        const why = whyNot(caller, task);
        if (why !== undefined) return refused(why);
        const reason = scrub(words);
        storage.tasks.end(id, { state: 'failed', runId: caller.run, at: clock.now(), reason });
        note(id, 'failed', caller.agent, reason);
        options.incidents.resolve(taskFingerprint(id), 'It was given up.');
        options.outbox.send({
          key: `task:${id}:failed`,
          class: 'notice',
          content: {
            kind: 'text',
            body: richText(
              lines(
                bold(`🧩 Task #${id} failed: ${shorten(task.title, 200)}`),
                line(bold(task.agent), `: ${shorten(reason, 1_000)}`),
                `It was handed over by ${task.byAgent}.`,
              ),
            ),
          },
        });
        return DONE;
      }),

    assign(runId) {
      const run = storage.runs.get(runId);
      if (run === undefined) return;
      const before = run.continues === null ? undefined : storage.runs.get(run.continues);
      const task =
        (before === undefined ? undefined : lostBy(before)) ?? storage.tasks.oldestOffered(run.agent, clock.now());
      if (task !== undefined) take(task, run);
    },

    runEnded: attempts.runEnded,
    expireLeases: attempts.expireLeases,
  };
}

const DONE: TaskResult = { kind: 'done' };

/** What a run is told that has done its phase, and wants to say more of the task. */
function phaseIsDone(mine: TaskPhaseRow, phases: readonly TaskPhaseRow[]): string {
  const next = phaseToDo(phases);
  return `phase ${mine.name} is done already; ${next === undefined ? 'it was the last one' : `the next one, ${next.name}, runs in a fresh run: end this one`}`;
}

/** As of drafts: what is refused is in no row. */
const SECRET = `the text ${HOLDS_SECRET}`;

function refused(reason: string): { readonly kind: 'refused'; readonly reason: string } {
  return { kind: 'refused', reason };
}
