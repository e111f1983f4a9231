import type { DueRow } from '../../storage/due-store.ts';
import type { HoldRow } from '../../storage/hold-store.ts';
import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent } from '../config/fleet.ts';

/** Why an agent runs or does not: what holds it, what it waits for, and its last receipts, newest first. */
export interface Explanation {
  readonly agent: Agent;
  readonly running: RunRow | undefined;
  readonly holds: readonly HoldRow[];
  readonly next: DueRow | undefined;
  /** What the newest run said beside its work: warnings of its CLI, failures of its tools; newest first. */
  readonly remarks: readonly string[];
  readonly receipts: readonly { readonly due: DueRow; readonly run: RunRow | undefined }[];
}

/** Reads the explanation from rows alone. */
export function loadExplanation(agent: Agent, storage: Storage, limit: number): Explanation {
  return {
    agent,
    running: storage.runs.aliveOf(agent.name),
    holds: storage.holds.active().filter((hold) => hold.agent === '' || hold.agent === agent.name),
    next: storage.dues.waitingOf(agent.name),
    remarks: loadRemarks(agent, storage),
    receipts: storage.dues
      .receipts(agent.name, limit)
      .map((due) => ({ due, run: due.runId === null ? undefined : storage.runs.get(due.runId) })),
  };
}

/** As many remarks as a person reads. */
const MOST_REMARKS = 3;

function loadRemarks(agent: Agent, storage: Storage): string[] {
  const run = storage.runs.lastOf(agent.name);
  if (run === undefined) return [];
  return storage.journal
    .of(`run:${run.id}`, MOST_REMARKS)
    .map(({ event, detail }) => (detail === null ? `it ${event}` : detail));
}
