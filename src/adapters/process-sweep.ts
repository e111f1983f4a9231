import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import type { ProcessIdentity, Processes, SweepReport, SweepRequest } from '../ports.ts';
import { endCgroup } from './cgroup.ts';
import { sendSignal } from './process-signals.ts';
import type { ProcessRow, ProcessTable } from './process-table.ts';

/**
 * A killed process is gone within milliseconds; one that is not within this time hangs in the kernel, or is somebody else's.
 * The port allows two seconds: the rest is for one last look.
 */
const DEADLINE_MS = 1900;

/** Between two passes: what was killed needs a moment to go. */
const PAUSE_MS = 2;

/**
 * For how long whom we find is only stopped, so that children can still be told by their parents, before all are killed. A tree that
 * still grows after that grows by something that stopping does not reach, or this machine is too busy for patience.
 */
const FREEZING_MS = 150;

/** Who reads about survivors needs a few of them; a storm has thousands. */
const MAX_TOLD = 20;

/**
 * Processes come and go while we look: so often we look again in each pass, as long as somebody came meanwhile or was gone before it could
 * be looked at, but only at the new ones and at those that could not yet be told. Such a look takes a few hundred microseconds, and who
 * forks and ends all the time is seen by every second or third of them. Counted, not timed: a busy machine gives us little of any time.
 */
const MAX_CHASES = 25;

/** For how long an orphan that is ending, and so could be one of those that we look for, does not let a pass count as clean. */
const ENDING_MS = 100;

/**
 * So many sweeps look at once; the others wait for their turn, and their time begins with it. A fleet whose logins die together ends
 * together: a hundred sweeps side by side see each other's dying all around, look again and again, run out of time, and let nothing else
 * have its turn of the loop for seconds, alerts included. More than one, since one that meets a process which hangs takes all its time.
 */
const MOST_AT_ONCE = 3;

/** Tells of a program of ours that has ended that its group was seen alive at that moment: nobody else can have got its number. */
export type OutlivedLeader = (identity: ProcessIdentity) => boolean;

/**
 * Builds the sweep of the Processes port.
 *
 * Each pass: 1. visits all processes, the newest first, and signals at once whoever fits; 2. adds who belongs to them: by group, by
 * session, by parent, and whoever belonged in an earlier pass. The signal is STOP until a pass finds nobody new, and KILL from then on.
 * It ends after two passes in a row that found nobody.
 */
export function createSweep(table: ProcessTable, hasOutlivedLeader: OutlivedLeader): Processes['sweep'] {
  async function sweep(whom: SweepRequest): Promise<SweepReport> {
    const startedAt = performance.now();
    const elapsedMs = () => performance.now() - startedAt;
    const circle = protectOurs(table);
    const cgroup =
      whom.cgroup === undefined
        ? { hadMembers: false, members: [] }
        : await endCgroup(whom.cgroup, (pid) => circle.pids.has(pid), startedAt + DEADLINE_MS);
    const hunt: Hunt = { ...identify(whom, table, hasOutlivedLeader), known: new Map(), circle, table };
    let signal: 'SIGSTOP' | 'SIGKILL' = 'SIGSTOP';
    let left: readonly ProcessRow[] = [];
    for (let cleanPasses = 0; cleanPasses < 2 && elapsedMs() < DEADLINE_MS; ) {
      const knownBefore = hunt.known.size;
      const { members, hasEnding } = await lookFor(hunt, signal);
      const isClean = members.length === 0 && !(hasEnding && elapsedMs() < ENDING_MS);
      cleanPasses = isClean ? cleanPasses + 1 : 0;
      left = members;
      if (signal === 'SIGSTOP' && hunt.known.size > knownBefore && elapsedMs() < FREEZING_MS) continue;
      signal = 'SIGKILL';
      signalMembers(members, signal, hunt);
      if (!isClean) await delay(PAUSE_MS);
    }
    if (left.length > 0) left = (await lookFor(hunt, 'SIGKILL')).members;
    return report([...cgroup.members, ...left.map(({ pid }) => pid)], hunt.known.size > 0 || cgroup.hadMembers, table);
  }

  const takeTurn = createTurns(MOST_AT_ONCE);
  return (whom) => takeTurn(() => sweep(whom));
}

/** Lets so many tasks run at a time, in the order in which they came; who waits is as many as there are runs to end. */
function createTurns(most: number): <Result>(task: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (task) => {
    if (running < most) running += 1;
    else await new Promise<void>((resolve) => void waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

/** Who is looked for, and what is known so far. */
interface Hunt extends Quarry {
  /** Who was found, by pid, with the start time; grows. */
  readonly known: Map<number, string>;
  readonly circle: Circle;
  readonly table: ProcessTable;
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

/** One pass; whoever is found for the first time gets the signal. */
async function lookFor(
  hunt: Hunt,
  signal: 'SIGSTOP' | 'SIGKILL',
): Promise<{ members: readonly ProcessRow[]; hasEnding: boolean }> {
  const { leader, known, circle, table } = hunt;
  const rows = new Map<number, ProcessRow>();
  const found = new Set<ProcessRow>();
  const untold = new Set<number>();
  const signalledGroups = new Set<number>();
  let isDisproved = false;
  let isMoving = false;
  function visit(row: ProcessRow): void {
    if (circle.pids.has(row.pid)) return;
    rows.set(row.pid, row);
    if (leader !== undefined && row.pid === leader.pid && row.startTicks !== leader.startTicks) isDisproved = true;
    // It may have left a child behind that is not yet among those that we look at.
    if (row.state !== 'alive' && circle.pids.has(row.parent) && table.isYoung(row)) isMoving = true;
    const verdict = judge(row, hunt);
    if (verdict === 'untold') untold.add(row.pid);
    if (verdict !== 'yes') return;
    isMoving = true;
    found.add(row);
    if (!table.isInstant || known.get(row.pid) === row.startTicks) return;
    // At once: by the end of this pass one that forks and leaves would be somebody else.
    if (!signalledGroups.has(row.group)) signalGroup(row.group, signal, circle);
    signalledGroups.add(row.group);
    sendSignal(row.pid, signal);
  }

  let listing = await table.look(visit);
  for (let round = 0; round < MAX_CHASES && table.isInstant; round += 1) {
    if (!isMoving && !listing.hasMissed && untold.size === 0) break;
    // Who is only being started needs a moment; the others must not get one.
    await (isMoving || listing.hasMissed ? nextTurn() : delay(1));
    const settled = new Set(listing.pids.filter((pid) => !untold.has(pid)));
    untold.clear();
    isMoving = false;
    listing = await table.look(visit, settled);
  }

  addKin(
    [...rows.values()],
    found,
    leader !== undefined && hunt.isGroupProven && !isDisproved ? leader.pid : undefined,
    circle,
  );
  const members = [...found].filter(({ state }) => state !== 'ended');
  const added = members.filter((row) => known.get(row.pid) !== row.startTicks);
  for (const row of added) known.set(row.pid, row.startTicks);
  signalMembers(added, signal, hunt);
  return { members, hasEnding: [...rows.values()].some(({ pid, state }) => state === 'ending' && untold.has(pid)) };
}

/** Whether this is one of those that we look for; `untold` when that cannot be said now, but may be in a moment. */
function judge(row: ProcessRow, { mark, leader, isYoungEnough, known, circle, table }: Hunt): 'yes' | 'no' | 'untold' {
  if (known.get(row.pid) === row.startTicks) return 'yes';
  if (leader !== undefined && row.pid === leader.pid && row.startTicks === leader.startTicks) return 'yes';
  if (mark === undefined || row.state === 'ended' || !isYoungEnough(row)) return 'no';
  // Who ends tells nothing any more. It can matter only when it is an orphan: those go to one of those that started us, or to the first.
  if (row.state === 'ending') return circle.pids.has(row.parent) ? 'untold' : 'no';
  return table.carries(row, mark);
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

/** Signals groups and members, once it is clear that each is still who was found. */
function signalMembers(members: readonly ProcessRow[], signal: 'SIGSTOP' | 'SIGKILL', { circle, table }: Hunt): void {
  const there = present(members, table).filter(({ state }) => state !== 'ended');
  for (const group of new Set(there.map((row) => row.group))) signalGroup(group, signal, circle);
  for (const { pid } of there) sendSignal(pid, signal);
}

/** Nobody can fork out of a signal that the kernel gives to a group as a whole. */
function signalGroup(group: number, signal: 'SIGSTOP' | 'SIGKILL', circle: Circle): void {
  if (!circle.groups.has(group)) sendSignal(-group, signal);
}

/** Those of these rows that are still the same process. */
function present(rows: readonly ProcessRow[], table: ProcessTable): readonly ProcessRow[] {
  const ticks = new Map(rows.map((row) => [row.pid, row.startTicks]));
  return table.rowsOf([...ticks.keys()]).filter((row) => ticks.get(row.pid) === row.startTicks);
}

function report(survivors: readonly number[], hasFound: boolean, table: ProcessTable): SweepReport {
  if (survivors.length === 0) return { kind: hasFound ? 'killed' : 'gone', survivors: [] };
  const pids = [...new Set(survivors)];
  const told = pids.slice(0, MAX_TOLD);
  const ticks = new Map(table.rowsOf(told).map((row) => [row.pid, row.startTicks]));
  const { bootId } = table;
  return {
    kind: 'survived',
    survivors: told.map((pid) => ({ pid, startTicks: ticks.get(pid) ?? '', bootId, ...table.tell(pid) })),
    ...(pids.length > told.length ? { unnamed: pids.length - told.length } : {}),
  };
}
