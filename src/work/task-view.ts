import type { Storage } from '../../storage/storage.ts';
import type { TaskPhaseRow, TaskRow } from '../../storage/task-store.ts';
import { type PhaseView, phaseToDo, type TaskView } from './task.ts';

/**
 * Bytes that the outputs of a task may have in one answer, as JSON spells them: what a command prints, and what a model can read at once.
 * Fifty of the largest outputs are beyond both; each of them can be had by itself.
 */
const MOST_OUTPUT_BYTES = { command: 16 * 1024 * 1024, tool: 48 * 1024 } as const;

/** Who reads a task: a program, or a model with its context. */
export type TaskReader = keyof typeof MOST_OUTPUT_BYTES;

/** Characters that are left of an output that does not fit. */
const LEFT_CHARS = 200;

/** Loads a task as agents see it; outputs that are too much together are shortened, oldest first. */
export function loadTaskView(storage: Storage, task: TaskRow, reader: TaskReader): TaskView {
  const phases = storage.tasks.phases(task.id);
  const isOver = task.state === 'done' || task.state === 'failed';
  const { id, title, state, agent, byAgent, reason, attempts } = task;
  return {
    id,
    title,
    brief: storage.tasks.briefOf(id),
    phases: viewPhases(storage, task, phases, MOST_OUTPUT_BYTES[reader]),
    phase: isOver ? null : (phaseToDo(phases)?.name ?? null),
    attempt: attempts + 1,
    state,
    agent,
    by: byAgent,
    reason,
    attempts,
  };
}

function viewPhases(
  storage: Storage,
  task: TaskRow,
  phases: readonly TaskPhaseRow[],
  mostBytes: number,
): readonly PhaseView[] {
  let leftBytes = mostBytes;
  return phases
    .toReversed()
    .map(({ position, name }): PhaseView => {
      const output = storage.tasks.outputOf(task.id, position);
      if (output === null) return { name, output };
      leftBytes -= Buffer.byteLength(JSON.stringify(output));
      return leftBytes >= 0 ? { name, output } : { name, output: shortenOutput(output), shortened: true };
    })
    .toReversed();
}

/** The beginning of an output that does not fit. */
export function shortenOutput(output: string): string {
  return output.length <= LEFT_CHARS ? output : `${output.slice(0, LEFT_CHARS).toWellFormed()}…`;
}
