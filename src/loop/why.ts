import type { DueRow } from '../../storage/due-store.ts';
import type { HoldRow } from '../../storage/hold-store.ts';
import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { TaskRow } from '../../storage/task-store.ts';
import type { IncidentRow } from '../../storage/incident-store.ts';
import type { Agent } from '../config/fleet.ts';
import { type ClockJump, loadLastJump } from '../vigil/clock-watch.ts';
import { describePlace } from '../work/task.ts';

/** Why an agent runs or does not: what holds it, what it waits for, and its last receipts, newest first. */
export interface Explanation {
  readonly agent: Agent;
  readonly running: RunRow | undefined;
  readonly holds: readonly HoldRow[];
  readonly next: DueRow | undefined;
  /** What is wrong with it right now, oldest first. */
  readonly troubles: readonly IncidentRow[];
  /** Work that it has or that waits for it, oldest first; each with how far it is. */
  readonly tasks: readonly { readonly task: TaskRow; readonly place: string | undefined }[];
  /** The last jump of the clock, where it came after the oldest of these receipts. */
  readonly jump: ClockJump | undefined;
  /** What the newest run said beside its work: warnings of its CLI, failures of its tools; newest first. */
  readonly remarks: readonly string[];
  readonly receipts: readonly { readonly due: DueRow; readonly run: RunRow | undefined }[];
}

/** Reads the explanation from rows alone. */
export function loadExplanation(agent: Agent, storage: Storage, limit: number): Explanation {
  const receipts = storage.dues.receipts(agent.name, limit);
  const jump = loadLastJump(storage);
  return {
    agent,
    troubles: storage.incidents
      .listUnresolved()
      .filter(({ kind, subject }) => subject === agent.name && VIGIL_KINDS.has(kind)),
    jump: jump !== undefined && jump.at >= (receipts.at(-1)?.dueAt ?? Infinity) ? jump : undefined,
    tasks: storage.tasks
      .openOf(agent.name, MOST_TASKS)
      .map((task) => ({ task, place: describePlace(storage.tasks.phases(task.id)) })),
    running: storage.runs.aliveOf(agent.name),
    holds: storage.holds.active().filter((hold) => hold.agent === '' || hold.agent === agent.name),
    next: storage.dues.waitingOf(agent.name),
    remarks: loadRemarks(agent, storage),
    receipts: receipts.map((due) => ({ due, run: due.runId === null ? undefined : storage.runs.get(due.runId) })),
  };
}

/** What is told of an agent that does not do what it should. */
const VIGIL_KINDS: ReadonlySet<string> = new Set(['heartbeat', 'stuck', 'schedule']);

/** As many open tasks as a person reads. */
const MOST_TASKS = 3;
/** As many remarks as a person reads. */
const MOST_REMARKS = 3;

function loadRemarks(agent: Agent, storage: Storage): string[] {
  const run = storage.runs.lastOf(agent.name);
  if (run === undefined) return [];
  return storage.journal
    .of(`run:${run.id}`, MOST_REMARKS)
    .map(({ event, detail }) => (detail === null ? `it ${event}` : detail));
}
