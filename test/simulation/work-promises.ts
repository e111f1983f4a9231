import { SECOND_MS } from './fleets.ts';
import type { WorldPromise } from './promise.ts';
import type { WorldRecord } from './record.ts';

/** TERM, five seconds of grace, and KILL; the simulated timers come up to ten seconds late, and a look may have to come first. */
const STOPPED_MS = 40 * SECOND_MS;

/** What is promised of tasks and contexts. */
export const WORK_PROMISES: readonly WorldPromise[] = [
  { name: 'no phase is lost', broken: lostPhase, isSlow: true },
  { name: 'no phase is done twice without being told', broken: repeatedPhase },
  { name: 'each phase sees what all before it gave', broken: blindPhase },
  { name: 'each phase runs in a fresh session', broken: staleSession },
  { name: 'no session goes on past its end', broken: spentSession },
  { name: 'a fresh session reads what the last one wrote', broken: forgetful },
  { name: 'no more than two write their WORKSTATE.md at once', broken: crowded },
];

function lostPhase({ work, rows }: WorldRecord): string | undefined {
  if (rows === undefined) return undefined;
  for (const { task, phase, output, at, isTaken } of work.handedIn) {
    if (!isTaken || phase === undefined || at >= rows.at) continue;
    const row = rows.phases.find((one) => one.task === task && one.name === phase);
    if (row?.output !== output)
      return `${phase} of task ${task} gave "${output}", and what is kept is "${row?.output}"`;
  }
  for (const { task, name, output } of rows.phases) {
    if (output === null) continue;
    const isHandedIn = work.handedIn.some(
      (one) => one.task === task && one.phase === name && one.output === output && one.at <= rows.at,
    );
    if (!isHandedIn) return `${name} of task ${task} has the output "${output}", which nobody handed in`;
  }
  return undefined;
}

function repeatedPhase({ work }: WorldRecord): string | undefined {
  for (const [index, { task, phase, run, agent, isTold, at }] of work.begun.entries()) {
    const what = `${phase ?? 'all'} of task ${task}`;
    const done = work.handedIn.find(
      (one) => one.isTaken && one.task === task && one.phase === phase && one.at < at && one.run !== run,
    );
    if (done !== undefined) return `run ${run} of ${agent} begins ${what}, which run ${done.run} has done`;
    const before = work.begun.slice(0, index).findLast((one) => one.task === task && one.phase === phase);
    if (before !== undefined && !isTold)
      return `run ${run} of ${agent} begins ${what}, as run ${before.run} did, and is not told so`;
  }
  return undefined;
}

function blindPhase({ work }: WorldRecord): string | undefined {
  for (const { task, phase, run, outputs } of work.begun) {
    const phases = work.tasks.find(({ id }) => id === task)?.phases;
    if (phase === undefined || phases === undefined) continue;
    for (const before of phases.slice(0, phases.indexOf(phase))) {
      const seen = outputs.get(before);
      if (seen === undefined) return `run ${run} does ${phase} of task ${task} without what ${before} gave`;
      if (!work.handedIn.some((one) => one.task === task && one.phase === before && one.output === seen))
        return `run ${run} does ${phase} of task ${task}, and ${before} never gave "${seen}"`;
    }
  }
  return undefined;
}

function staleSession({ work }: WorldRecord): string | undefined {
  const first = new Map<string, { readonly task: number; readonly phase: string | undefined; readonly run: number }>();
  for (const begun of work.begun) {
    if (begun.session === undefined) continue;
    const before = first.get(begun.session) ?? begun;
    if (before.task !== begun.task || before.phase !== begun.phase)
      return `run ${begun.run} does ${begun.phase} of task ${begun.task} in the session in which run ${before.run} did ${before.phase} of task ${before.task}`;
    first.set(begun.session, before);
  }
  return undefined;
}

function spentSession({ work }: WorldRecord): string | undefined {
  const late = work.spent.find(({ wentOnMs }) => wentOnMs > STOPPED_MS);
  return (
    late &&
    `run ${late.run} of ${late.agent} works on ${Math.round(late.wentOnMs / SECOND_MS)} s after its session was spent: ${late.why}`
  );
}

function forgetful({ work }: WorldRecord): string | undefined {
  const bad = work.continuations.find(
    ({ given, written }) =>
      written !== undefined && !given.includes(written.trimEnd()) && !given.includes('Nightdesk wrote it'),
  );
  return bad && `run ${bad.run} of ${bad.agent} goes on without what was written last: ${bad.written?.slice(0, 80)}`;
}

function crowded({ work }: WorldRecord): string | undefined {
  const [first] = work.crowds;
  return first && `runs ${first.runs.join(', ')} write it at the same time`;
}
