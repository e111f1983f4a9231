import type { HoldRow } from '../../storage/hold-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock, Disk, Log, Machine } from '../ports.ts';
import type { LogKeeper } from '../runs/log-keeper.ts';
import { count, duration } from '../telegram/cards/words.ts';
import { sizeText } from '../telegram/cards/size.ts';
import { createWorker, isPassingStorageTrouble, type Worker } from '../worker.ts';
import { createReserve, RESERVE_BYTES } from './reserve.ts';
import { decideMemoryFloor, enoughBytes, isTooLittle, WAITS_FOR_MEMORY } from './room-left.ts';

/** A look costs microseconds, and a disk can fill up within seconds: its owner is told within five. */
const EVERY_MS = 4_000;
/** Memory comes and goes with every build that an agent starts: only what is still so at the next look counts. */
const LOW_LOOKS = 2;
/** Who waits for memory for so long may never fit beside what else is on this machine: its owner has to know. */
const LONGEST_WAIT_MS = 10 * 60_000;
const WAITING = 'memory:waiting';
/** Fingerprint of the incident that a pretended disk is: a real one is told beside it. */
export const PRETENDED_DISK = 'disk:drill';

type Kind = 'disk' | 'memory';

/** What is told when too little is left. */
interface Shortage {
  readonly leftBytes: number;
  readonly floorBytes: number;
  readonly title: string;
  readonly evidence: string;
  readonly note: string;
  readonly severity: 'critical' | 'warning';
}

/** What is left of the machine, watched. */
export interface MachineWatch extends Worker {
  /** Called before anything is written at a start: on a full disk it gives the reserve back, so that starting is possible at all. */
  recover(): void;
  /** Whether logs may grow: false while the disk has too little room. */
  mayWrite(): boolean;
  /** Something could not be written for want of room: gives the reserve back, and looks. */
  refused(): void;
  /** For a drill: besides the disk the next looks judge this, and only tell. Undefined ends that. */
  pretendDiskLeft(bytes: number | undefined): void;
}

/**
 * Watches the disk and the memory that are left.
 *
 * Each look: 1. asks for what is left, of the disk after the oldest logs made room; 2. gives the reserve back when next to nothing is left
 * and lays it down when there is plenty; 3. holds the fleet and opens an incident when too little is left, or ends both: whether it was too
 * little before is the hold's row, so that a restart goes on from there; 4. tells of who has waited for memory too long.
 */
export function createMachineWatch(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly disk: Disk;
  readonly machine: Machine;
  readonly incidents: IncidentRegister;
  readonly fleet: Fleet;
  readonly logKeeper: Pick<LogKeeper, 'makeRoom'>;
  /** All memory that we may use, in bytes. */
  readonly totalMemoryBytes: number;
  readonly onFatal: (error: unknown) => void;
}): MachineWatch {
  const { storage, clock, log, machine, incidents, fleet } = options;
  const memoryFloor = decideMemoryFloor(options.totalMemoryBytes);
  const reserve = createReserve({ home: fleet.home, disk: options.disk, clock, log });
  /** What was last told to be left: an incident is told anew each time that only half of it is left. */
  const told = new Map<Kind, number>();
  let isDiskLow = false;
  let lowLooks = 0;
  let pretendedBytes: number | undefined;

  function holdOf(kind: Kind): HoldRow | undefined {
    return storage.holds.active().find((hold) => hold.agent === '' && hold.kind === kind);
  }

  function lookAtDisk(): void {
    const hold = holdOf('disk');
    const found = machine.freeDiskBytes(fleet.home);
    const isShort = found !== undefined && found < fleet.logs.keepFreeBytes;
    const removed = isShort ? options.logKeeper.makeRoom(fleet.logs.keepFreeBytes - found) : { files: 0, bytes: 0 };
    // Some file systems show only later what was removed.
    const left =
      removed.bytes > 0 ? Math.max(machine.freeDiskBytes(fleet.home) ?? 0, (found ?? 0) + removed.bytes) : found;
    isDiskLow = isTooLittle(left, fleet.logs.keepFreeBytes, hold !== undefined);
    if (left !== undefined && left < RESERVE_BYTES) reserve.giveBack();
    else if (left !== undefined && !isDiskLow && left >= fleet.logs.keepFreeBytes + RESERVE_BYTES) {
      reserve.layDown();
      storage.spareRoom.keep();
    }
    if (isDiskLow && left !== undefined) write(() => tell('disk', hold, describeDisk(left)));
    else if (hold !== undefined) write(() => end('disk', hold, left, 'The disk has room again'));
  }

  function lookAtPretendedDisk(): void {
    if (pretendedBytes === undefined || !isTooLittle(pretendedBytes, fleet.logs.keepFreeBytes, false)) return;
    if (storage.incidents.unresolved(PRETENDED_DISK) !== undefined) return;
    const { title, evidence, severity } = describeDisk(pretendedBytes);
    const note = 'Nothing is held, and nothing is removed: the disk is as it was.';
    const about = { kind: 'disk', fingerprint: PRETENDED_DISK, subject: 'machine', agents: [], isDrill: true } as const;
    write(() => incidents.report({ ...about, severity, title, evidence, note }));
  }

  function lookAtMemory(): void {
    const hold = holdOf('memory');
    const left = machine.availableMemoryBytes();
    const isLow = isTooLittle(left, memoryFloor, hold !== undefined);
    lowLooks = isLow ? lowLooks + 1 : 0;
    if (isLow && left !== undefined && (hold !== undefined || lowLooks >= LOW_LOOKS))
      write(() => tell('memory', hold, describeMemory(left)));
    else if (!isLow && hold !== undefined) write(() => end('memory', hold, left, 'There is enough memory again'));
  }

  /** There may be enough to go on, and yet never enough for one more run of an agent. */
  function lookAtWaiting(): void {
    const now = clock.now();
    const waiting = storage.dues
      .waiting()
      .filter(({ dueAt, reason }) => reason?.startsWith(WAITS_FOR_MEMORY) === true && now - dueAt >= LONGEST_WAIT_MS);
    const isOpen = storage.incidents.unresolved(WAITING) !== undefined;
    if (waiting.length === 0) {
      if (isOpen) write(() => incidents.resolve(WAITING, 'Nobody waits for it any more.'));
      return;
    }
    if (isOpen) return;
    write(() =>
      incidents.report({
        kind: 'memory',
        fingerprint: WAITING,
        subject: 'machine',
        severity: 'warning',
        title: `${count(waiting.length, 'agent')} cannot start for want of memory`,
        evidence: waiting
          .map(({ agent, dueAt, reason }) => `${agent}, for ${duration(now - dueAt)}: ${reason}`)
          .join('\n'),
        agents: waiting.map(({ agent }) => agent),
        note: 'What needs less goes on. Please stop something else on this machine, or lower concurrency in fleet.yaml.',
      }),
    );
  }

  /** Writes at once what has to be told; on a disk that was filled up this very moment, with the room of the reserve. */
  function write(change: () => void): void {
    try {
      storage.transaction(change);
    } catch (error) {
      if (!isPassingStorageTrouble(error) || !reserve.giveBack()) throw error;
      storage.transaction(change);
    }
  }

  function describeDisk(leftBytes: number): Shortage {
    return {
      leftBytes,
      floorBytes: fleet.logs.keepFreeBytes,
      severity: 'critical',
      title: `The disk is nearly full: ${sizeText(leftBytes)} left`,
      evidence: `${sizeText(leftBytes)} free under ${fleet.home}; logs.keep_free is ${sizeText(fleet.logs.keepFreeBytes)}`,
      note: `No new run starts until ${sizeText(enoughBytes(fleet.logs.keepFreeBytes, true))} are free. Drafts, decisions and all other state are safe. The logs of closed runs are gone already, those of living ones keep only the last words. Please make room on the host: du -xh / | sort -h | tail shows what is large. I notice by myself.`,
    };
  }

  function describeMemory(leftBytes: number): Shortage {
    return {
      leftBytes,
      floorBytes: memoryFloor,
      severity: 'warning',
      title: `Memory is nearly used up: ${sizeText(leftBytes)} left`,
      evidence: `${sizeText(leftBytes)} available of ${sizeText(options.totalMemoryBytes)}; ${sizeText(memoryFloor)} have to stay free`,
      note: `No new run starts until ${sizeText(enoughBytes(memoryFloor, true))} are free. What runs goes on; if it grows further, the system may kill it. /pause AGENT now ends one; a lower concurrency in fleet.yaml keeps this from coming back.`,
    };
  }

  function tell(kind: Kind, hold: HoldRow | undefined, shortage: Shortage): void {
    const { leftBytes, title, evidence, note, severity } = shortage;
    const before = told.get(kind);
    if (hold !== undefined && before === undefined) told.set(kind, leftBytes);
    if (hold !== undefined && (before === undefined || leftBytes >= before / 2)) return;
    storage.holds.place({
      agent: '',
      kind,
      subject: '',
      reason: `${kind === 'disk' ? 'the disk is nearly full' : 'memory is nearly used up'}: ${sizeText(leftBytes)} left`,
      since: clock.now(),
      until: null,
    });
    incidents.report({ kind, fingerprint: kind, subject: 'machine', severity, title, evidence, agents: [], note });
    told.set(kind, leftBytes);
    log.error(title, { kind, left: leftBytes });
  }

  function end(kind: Kind, hold: HoldRow, leftBytes: number | undefined, title: string): void {
    const now = clock.now();
    storage.holds.release('', kind, '', now);
    const missed = [...fleet.agents.keys()].filter((agent) => storage.dues.lostSince(agent, hold.since) > 0);
    for (const agent of missed) storage.dues.wait(agent, now, 'resumed');
    const incident = storage.incidents.unresolved(kind);
    if (incident !== undefined) storage.incidents.rewrite(incident.id, { title, severity: incident.severity });
    incidents.resolve(
      kind,
      `${leftBytes === undefined ? 'I cannot see any more how much is left.' : `${sizeText(leftBytes)} are free.`} New runs were held for ${duration(now - hold.since)}${missed.length === 0 ? '' : `; ${count(missed.length, 'agent')} that missed a due time ${missed.length === 1 ? 'is' : 'are'} next`}.`,
    );
    told.delete(kind);
    log.info(title, { kind, left: leftBytes ?? null });
  }

  const worker = createWorker({
    name: 'machine watch',
    clock,
    log,
    everyMs: EVERY_MS,
    look() {
      lookAtDisk();
      lookAtPretendedDisk();
      lookAtMemory();
      lookAtWaiting();
      return undefined;
    },
    onFatal: options.onFatal,
  });
  return {
    ...worker,
    recover() {
      const left = machine.freeDiskBytes(fleet.home);
      if (left !== undefined && left < RESERVE_BYTES) reserve.giveBack();
    },
    mayWrite: () => !isDiskLow,
    pretendDiskLeft: (bytes) => void (pretendedBytes = bytes),
    refused() {
      reserve.giveBack();
      worker.nudge();
    },
  };
}
