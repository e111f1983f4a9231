import { MINUTE_MS } from './fleets.ts';
import { isOverdue, LATENESS_MS, type WorldPromise } from './promise.ts';
import type { WorldRecord } from './record.ts';

/** TERM, its grace, KILL, and a sweep. */
const ENDED_MS = 2 * MINUTE_MS;

/** What is promised of a fleet.yaml that is taken over while everything runs. */
export const RELOAD_PROMISES: readonly WorldPromise[] = [
  { name: 'who is removed is not started', broken: startedRemoved },
  { name: 'who is removed ends', broken: lingering, isSlow: true },
  { name: 'a reload cuts nobody off who stays', broken: cutOff, isSlow: true },
  { name: 'a file that its owner takes over is in force', broken: unheardFile, isSlow: true },
];

function startedRemoved({ startedRemoved: [first] }: WorldRecord): string | undefined {
  return first && `run ${first.run} of ${first.agent} was started, who is not in the fleet.yaml that is in force`;
}

function lingering({ rows, fleetFile, upSince, now }: WorldRecord): string | undefined {
  if (rows === undefined || upSince === undefined || rows.at !== now) return undefined;
  const { inForce, since, changed } = fleetFile;
  const isLate = now - Math.max(since, upSince) > ENDED_MS + LATENESS_MS;
  // A publisher is left to end by itself.
  const left = rows.runs.find(
    ({ agent, isEnding }) =>
      inForce !== undefined && changed.has(agent) && !inForce.agents.has(agent) && (isLate || isEnding === 0),
  );
  return (
    left && `run ${left.id} of ${left.agent} goes on, who was removed ${Math.round((now - since) / MINUTE_MS)} min ago`
  );
}

function cutOff({ rows, fleetFile }: WorldRecord): string | undefined {
  const cut = rows?.stoppedByLoad.find(({ agent, hash }) => fleetFile.agentsOf(hash)?.has(agent) === true);
  return cut && `run ${cut.run} of ${cut.agent} was stopped by a reload (${cut.reason}), and is in the file`;
}

function unheardFile(record: WorldRecord): string | undefined {
  const { rows, fleetFile } = record;
  if (rows === undefined || rows.at !== record.now) return undefined;
  const yes = rows.confirmations.find(
    ({ command, argument, state, decidedAt }) =>
      command === 'reload' && state === 'confirmed' && argument === fleetFile.hash && decidedAt > fleetFile.writtenAt,
  );
  if (yes === undefined || rows.loadHash === yes.argument || !isOverdue(record, yes.decidedAt, MINUTE_MS))
    return undefined;
  return `its owner has said yes to the fleet.yaml of confirmation ${yes.id}, and another one is in force`;
}
