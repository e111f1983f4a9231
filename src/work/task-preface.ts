import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { TaskPhaseRow, TaskRow } from '../../storage/task-store.ts';
import { lastAttemptOf } from './task-attempts.ts';
import { phaseToDo } from './task.ts';
import { shortenOutput } from './task-view.ts';

/** Bytes that the outputs of earlier phases may have together: an eighth of what a model with a small context can read. */
const MOST_OUTPUT_BYTES = 48 * 1024;

/** Builds what an agent CLI reads of the task that its run was started with; empty for a run without one. */
export function createTaskPreface(storage: Storage): (run: RunRow) => string {
  return ({ id }) => {
    // The row may be older than its claim.
    const task = storage.tasks.claimedBy(id);
    return task === undefined ? '' : renderPreface(storage, task);
  };
}

function renderPreface(storage: Storage, task: TaskRow): string {
  const phases = storage.tasks.phases(task.id);
  const phase = phaseToDo(phases);
  return [
    `# Your task in this run: #${task.id} ${task.title}`,
    `${task.byAgent} handed it to you. Do it before anything else; what it says:`,
    storage.tasks.briefOf(task.id).trim() || 'It has no more than this title.',
    ...(phase === undefined ? [] : [renderPhases(phases, phase), ...renderOutputs(storage, task, phases)]),
    renderAttempt(storage, task, phase),
    phase === undefined ? howToEnd(task) : howToEndPhase(task, phases, phase),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function renderPhases(phases: readonly TaskPhaseRow[], current: TaskPhaseRow): string {
  const rows = phases.map(({ position, name, doneAt }) => {
    const state =
      doneAt === null ? (position === current.position ? 'this run does it' : 'later, in a run of its own') : 'done';
    return `${position}. ${name}: ${state}`;
  });
  return `## Its phases\n\n${rows.join('\n')}`;
}

/** The newest are whole as long as there is room; the older ones can be had by themselves. */
function renderOutputs(storage: Storage, task: TaskRow, phases: readonly TaskPhaseRow[]): readonly string[] {
  let leftBytes = MOST_OUTPUT_BYTES;
  return phases
    .filter(({ doneAt }) => doneAt !== null)
    .toReversed()
    .map(({ position, name }) => {
      const output = storage.tasks.outputOf(task.id, position) ?? '';
      leftBytes -= Buffer.byteLength(output);
      const head = `## What phase ${position}, ${name}, gave`;
      if (leftBytes >= 0) return `${head}\n\n${output.trimEnd()}`;
      return `${head} (shortened)\n\n${shortenOutput(output)}\n\nThe whole of it: \`nightdesk task show ${task.id} --phase ${quoted(name)}\`, or the tool \`task\` with action "show", id ${task.id}, phase ${JSON.stringify(name)}.`;
    })
    .toReversed();
}

function renderAttempt(storage: Storage, task: TaskRow, phase: TaskPhaseRow | undefined): string {
  if (task.attempts === 0) return '';
  const how = lastAttemptOf(storage, task.id);
  return `This is attempt ${task.attempts + 1} at ${phase === undefined ? 'it' : `phase ${phase.name}`}${how === undefined ? '' : `; the last one: ${how}`}. Some of it may be done already: look before you do anything twice.`;
}

function howToEnd({ id }: TaskRow): string {
  return `## How to end it\n\nWhen it is done: the tool \`task\` with action "done" and id ${id}, or \`nightdesk task done ${id}\`. If it cannot be done: action "fail" with a reason, or \`nightdesk task fail ${id} REASON\`. Without either it counts as not done, and comes again.`;
}

function howToEndPhase({ id }: TaskRow, phases: readonly TaskPhaseRow[], { position, name }: TaskPhaseRow): string {
  const next = phases[position];
  const then =
    next === undefined
      ? 'With it the task is done: end your turn.'
      : `Then end your turn: ${next.name} begins in a fresh session, which knows the brief, WORKSTATE.md and the outputs, and nothing else of yours.`;
  return `## What to do now\n\nDo phase ${position} of ${phases.length}, ${name}, and no other. Hand in what it gave, whole, since the later phases build on it: the tool \`task\` with action "phase-done", id ${id} and the output, or \`nightdesk task phase-done ${id}\` with the output on stdin. ${then} If the task cannot be done: action "fail" with a reason, or \`nightdesk task fail ${id} REASON\`.`;
}

/** A name as a shell takes it. */
function quoted(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`;
}
