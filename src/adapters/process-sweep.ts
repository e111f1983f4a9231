import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessIdentity, Processes, SweepReport, SweepRequest } from '../ports.ts';
import { endCgroup } from './cgroup.ts';
import { sendSignal } from './process-signals.ts';
import type { ProcessRow, ProcessTable } from './process-table.ts';

/** A killed process is gone within milliseconds; one that is not within this time hangs in the kernel, or is somebody else's. */
const DEADLINE_MS = 2000;

/** Between two passes: what was killed needs a moment to go. */
const PAUSE_MS = 2;

/**
 * How many passes may only stop whom they find, so that children can still be told by their parents, before all are killed.
 * A tree that still grows after as many grows by something that stopping does not reach: then killing has to do.
 */
const FREEZING_PASSES = 6;

/** How long we wait for processes that are just ending and tell nothing any more, and so could be of those that we look for. */
const ENDING_MS = 200;

/** Tells of a program of ours that has ended that its group was seen alive at that moment: nobody else can have got its number. */
export type OutlivedLeader = (identity: ProcessIdentity) => boolean;

/**
 * Builds the sweep of the Processes port.
 *
 * Each pass: 1. visits all processes, the newest first, and stops at once whoever fits; 2. adds who belongs to them: by group, by
 * session, by parent, and whoever belonged in an earlier pass; 3. once a pass finds nobody new, kills them all. It ends after two passes
 * in a row that found nobody.
 */
export function createSweep(table: ProcessTable, hasOutlivedLeader: OutlivedLeader): Processes['sweep'] {
  return async (whom) => {
    const startedAt = performance.now();
    const deadline = startedAt + DEADLINE_MS;
    const circle = protectOurs(table);
    const cgroup =
      whom.cgroup === undefined
        ? { hadMembers: false, members: [] }
        : await endCgroup(whom.cgroup, (pid) => circle.pids.has(pid), deadline);
    const known = new Map<number, string>();
    const quarry = identify(whom, table, hasOutlivedLeader);
    let freezes = 0;
    let cleanPasses = 0;
    while (cleanPasses < 2) {
      const knownBefore = known.size;
      const { members, hasUntold } = await lookFor(quarry, known, circle, table);
      const hasFound = known.size > 0 || cgroup.hadMembers;
      const left = [...cgroup.members, ...members.map(({ pid }) => pid)];
      if (performance.now() >= deadline) return report(left, hasFound, table);
      const isClean = members.length === 0 && !(hasUntold && performance.now() < startedAt + ENDING_MS);
      cleanPasses = isClean ? cleanPasses + 1 : 0;
      freezes = known.size > knownBefore ? freezes + 1 : 0;
      if (freezes > 0 && freezes <= FREEZING_PASSES) continue;
      if (members.length > 0) signalMembers(members, 'SIGKILL', circle, table);
      if (!isClean) await delay(PAUSE_MS);
    }
    return report(cgroup.members, known.size > 0 || cgroup.hadMembers, table);
  };
}

/** Whom to look for, once it is clear how it can be proven. */
interface Quarry {
  readonly mark: SweepRequest['mark'];
  /** The leader, when it is of this boot. */
  readonly leader: ProcessIdentity | undefined;
  readonly isGroupProven: boolean;
  /** No process of a run is older than its first one. */
  isYoungEnough(row: ProcessRow): boolean;
}

function identify({ identity, mark }: SweepRequest, table: ProcessTable, hasOutlivedLeader: OutlivedLeader): Quarry {
  const isOfThisBoot = identity !== undefined && table.bootId !== '' && identity.bootId === table.bootId;
  const leader = isOfThisBoot && identity.startTicks !== '' ? identity : undefined;
  const bornAt = Number(leader?.startTicks);
  return {
    mark,
    leader,
    isGroupProven: leader !== undefined && hasOutlivedLeader(leader),
    isYoungEnough: ({ startTicks }) =>
      Number.isNaN(bornAt) || Number.isNaN(Number(startTicks)) || Number(startTicks) >= bornAt,
  };
}

/** Those that no sweep may touch: ourselves, who started us, and the groups and sessions that we and they are in. */
interface Circle {
  readonly pids: ReadonlySet<number>;
  readonly groups: ReadonlySet<number>;
  readonly sessions: ReadonlySet<number>;
}

function protectOurs(table: ProcessTable): Circle {
  const circle = { pids: new Set([0, 1]), groups: new Set([0, 1]), sessions: new Set([0, 1]) };
  for (let pid = process.pid; !circle.pids.has(pid); ) {
    circle.pids.add(pid);
    const [row] = table.rowsOf([pid]);
    if (row === undefined) break;
    circle.groups.add(row.group);
    circle.sessions.add(row.session);
    pid = row.parent;
  }
  return circle;
}

/** One pass; `known` holds who was found so far, and grows. */
async function lookFor(
  quarry: Quarry,
  known: Map<number, string>,
  circle: Circle,
  table: ProcessTable,
): Promise<{ members: readonly ProcessRow[]; hasUntold: boolean }> {
  const rows: ProcessRow[] = [];
  const found = new Set<ProcessRow>();
  const { leader } = quarry;
  let isDisproved = false;
  await table.look((row) => {
    if (circle.pids.has(row.pid)) return;
    rows.push(row);
    if (leader !== undefined && row.pid === leader.pid && row.startTicks !== leader.startTicks) isDisproved = true;
    if (!isProven(row, quarry, known, table)) return;
    found.add(row);
    // At once: by the end of this pass one that forks and leaves would be somebody else.
    if (table.isInstant && !known.has(row.pid)) stop(row, circle);
  });
  addKin(rows, found, leader !== undefined && quarry.isGroupProven && !isDisproved ? leader.pid : undefined, circle);

  const members = [...found].filter(({ state }) => state !== 'ended');
  const added = members.filter((row) => known.get(row.pid) !== row.startTicks);
  for (const row of added) known.set(row.pid, row.startTicks);
  if (added.length > 0) signalMembers(added, 'SIGSTOP', circle, table);
  // An orphan goes to one of those that started us, mostly to the first process.
  const isUntold = (row: ProcessRow) =>
    row.state === 'ending' && circle.pids.has(row.parent) && quarry.isYoungEnough(row);
  return { members, hasUntold: rows.some(isUntold) };
}

function isProven(
  row: ProcessRow,
  { mark, leader, isYoungEnough }: Quarry,
  known: ReadonlyMap<number, string>,
  table: ProcessTable,
) {
  if (known.get(row.pid) === row.startTicks) return true;
  if (leader !== undefined && row.pid === leader.pid && row.startTicks === leader.startTicks) return true;
  return mark !== undefined && row.state === 'alive' && isYoungEnough(row) && table.carries(row, mark);
}

/** Adds who shares a group or a session with one that was found, or has one for a parent, until nobody is left to add. */
function addKin(
  rows: readonly ProcessRow[],
  found: Set<ProcessRow>,
  provenGroup: number | undefined,
  circle: Circle,
): void {
  const pids = new Set<number>();
  const groups = new Set<number>();
  const sessions = new Set<number>();
  const join = ({ pid, group, session }: ProcessRow) => {
    pids.add(pid);
    if (!circle.groups.has(group)) groups.add(group);
    if (!circle.sessions.has(session)) sessions.add(session);
  };
  if (provenGroup !== undefined) {
    groups.add(provenGroup);
    sessions.add(provenGroup);
  }
  for (const row of found) join(row);
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const row of rows) {
      if (found.has(row) || !(pids.has(row.parent) || groups.has(row.group) || sessions.has(row.session))) continue;
      found.add(row);
      join(row);
    }
  }
}

/** The group first: nobody can fork out of a signal that the kernel gives to a group as a whole. */
function stop({ pid, group }: ProcessRow, circle: Circle): void {
  if (!circle.groups.has(group)) sendSignal(-group, 'SIGSTOP');
  sendSignal(pid, 'SIGSTOP');
}

/** Signals groups and members, once it is clear that each is still who was found. */
function signalMembers(
  members: readonly ProcessRow[],
  signal: 'SIGSTOP' | 'SIGKILL',
  circle: Circle,
  table: ProcessTable,
): void {
  const ticks = new Map(members.map((row) => [row.pid, row.startTicks]));
  const present = table.rowsOf([...ticks.keys()]).filter((row) => ticks.get(row.pid) === row.startTicks);
  const groups = new Set(present.filter(({ state }) => state !== 'ended').map(({ group }) => group));
  for (const group of groups) if (!circle.groups.has(group)) sendSignal(-group, signal);
  for (const { pid } of present) sendSignal(pid, signal);
}

function report(survivors: readonly number[], hasFound: boolean, table: ProcessTable): SweepReport {
  if (survivors.length === 0) return { kind: hasFound ? 'killed' : 'gone', survivors: [] };
  return { kind: 'survived', survivors: survivors.map((pid) => ({ pid, ...table.tell(pid) })) };
}
