import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import type { Mark, ProcessRow, ProcessTable } from './process-table.ts';

/** A pass over a thousand processes takes tens of milliseconds: others get their turn after this many. */
const ROWS_PER_TURN = 128;

/** USER_HZ: what /proc counts in is a hundredth of a second on every architecture that Node runs on. */
const TICK_MS = 10;

/** A process without an environment is just being started as long as it is younger; later it has cleared it. */
const YOUNG_MS = 300;

const COMMAND_CHARS = 200;

/** PF_EXITING and PF_KTHREAD of linux/sched.h. */
const FLAG_EXITING = 0x4;
const FLAG_KERNEL_THREAD = 0x200000;

/** Builds the process table of Linux, read from /proc; undefined where there is none. */
export function createProcTable(): ProcessTable | undefined {
  const read = createReader();
  const text = (path: string) => read(path).toString('latin1');
  const bootId = text('/proc/sys/kernel/random/boot_id').trim();
  if (bootId === '') return undefined;
  const stat = (pid: number) => parseStat(pid, text(`/proc/${pid}/stat`));
  const ageOf = ({ startTicks }: ProcessRow) =>
    Number(text('/proc/uptime').split(' ')[0]) * 1000 - Number(startTicks) * TICK_MS;
  const isYoung = (row: ProcessRow) => ageOf(row) < YOUNG_MS;
  return {
    bootId,
    isInstant: true,
    rowsOf: (pids) => pids.map(stat).filter((row) => row !== undefined),
    childrenOf(pid) {
      const children = text(`/proc/${pid}/task/${pid}/children`).trim();
      if (children !== '') return children.split(' ').map(Number);
      // A kernel without CONFIG_PROC_CHILDREN says the same as a process without children.
      return listPids().filter((other) => stat(other)?.parent === pid);
    },
    async look(visit, skipped) {
      const pids = listPids().sort((a, b) => b - a);
      let hasMissed = false;
      let visited = 0;
      for (const pid of pids) {
        if (skipped?.has(pid) === true) continue;
        visited += 1;
        if (visited % ROWS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
        const row = stat(pid);
        if (row === undefined) hasMissed = true;
        else if (!row.isKernelThread) visit(row);
      }
      return { pids, hasMissed };
    },
    isYoung,
    carries(row, mark) {
      const environment = read(`/proc/${row.pid}/environ`);
      if (environment === 'refused') return 'no';
      if (environment.length === 0) return isYoung(row) ? 'untold' : 'no';
      return hasMark(environment, mark) ? 'yes' : 'no';
    },
    tell(pid) {
      const command = read(`/proc/${pid}/cmdline`).toString('utf8').split('\0').join(' ').trim();
      const row = stat(pid);
      return {
        command: (command === '' ? (row?.name ?? '') : command).slice(0, COMMAND_CHARS),
        ageMs: row === undefined ? 0 : Math.max(0, Math.round(ageOf(row))),
      };
    },
  };
}

interface Stat extends ProcessRow {
  readonly name: string;
  readonly isKernelThread: boolean;
}

/** proc_pid_stat(5): pid (comm) state ppid pgrp session … flags is field 9, starttime 22; comm may hold blanks and parentheses. */
function parseStat(pid: number, text: string): Stat | undefined {
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ', 20);
  const [state, parent, group, session] = fields;
  const startTicks = fields[19];
  if (end < 0 || startTicks === undefined) return undefined;
  const flags = Number(fields[6]);
  const hasEnded = state === 'Z' || state === 'X';
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startTicks,
    state: hasEnded ? 'ended' : (flags & FLAG_EXITING) !== 0 ? 'ending' : 'alive',
    name: text.slice(text.indexOf('(') + 1, end),
    isKernelThread: (flags & FLAG_KERNEL_THREAD) !== 0,
  };
}

function hasMark(environment: Buffer, { text, isPrefix }: Mark): boolean {
  for (let at = environment.indexOf(text); at >= 0; at = environment.indexOf(text, at + 1)) {
    const after = at + text.length;
    const begins = at === 0 || environment[at - 1] === 0;
    const ends = isPrefix || after === environment.length || environment[after] === 0;
    if (begins && ends) return true;
  }
  return false;
}

/** Reads whole files into one buffer that each reading reuses; empty when the process is gone, `refused` when it is not ours to read. */
function createReader(): (path: string) => Buffer | 'refused' {
  let buffer = Buffer.allocUnsafe(64 * 1024);
  return (path) => {
    let file: number;
    try {
      file = openSync(path, 'r');
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'refused' : buffer.subarray(0, 0);
    }
    try {
      let length = 0;
      for (;;) {
        if (length === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
        const count = readSync(file, buffer, length, buffer.length - length, null);
        length += count;
        // /proc gives as much as fits: less than there was room for is the end, but for environ, which comes by pages.
        if (count === 0 || (count < 4096 && length < buffer.length)) return buffer.subarray(0, length);
      }
    } catch {
      return buffer.subarray(0, 0);
    } finally {
      closeSync(file);
    }
  };
}

function listPids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}
