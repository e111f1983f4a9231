import { readdirSync, readFileSync } from 'node:fs';

/**
 * What the kernel says about processes, read from /proc (Linux). Where there is no /proc, every answer is empty:
 * then a leftover can be seen, but never proven to be ours.
 */
export interface ProcessTable {
  /** Changes with every boot; empty where the system does not tell. */
  readonly bootId: string;
  /** Start time of a process in clock ticks since boot, also of one that waits to be reaped; empty when there is none. */
  startTicks(pid: number): string;
  /** Pids of the living members of a process group; those that only wait to be reaped are not among them. */
  groupMembers(group: number): number[];
  /** True when the environment that a process was started with has this `NAME=value`. */
  carries(pid: number, mark: string): boolean;
}

/** Builds the process table of this machine. */
export function createProcessTable(): ProcessTable {
  return {
    bootId: readProc('/proc/sys/kernel/random/boot_id').trim(),
    startTicks: (pid) => parseStat(readProc(`/proc/${pid}/stat`))?.startTicks ?? '',
    groupMembers(group) {
      return listPids().filter((pid) => {
        const stat = parseStat(readProc(`/proc/${pid}/stat`));
        return stat !== undefined && stat.group === group && stat.state !== 'Z' && stat.state !== 'X';
      });
    },
    carries: (pid, mark) => readProc(`/proc/${pid}/environ`).split('\0').includes(mark),
  };
}

interface Stat {
  readonly state: string;
  readonly group: number;
  readonly startTicks: string;
}

/** proc_pid_stat(5): pid (comm) state ppid pgrp … starttime is field 22; comm may hold blanks and parentheses. */
function parseStat(text: string): Stat | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, , group] = fields;
  const startTicks = fields[19];
  if (state === undefined || group === undefined || startTicks === undefined) return undefined;
  return { state, group: Number(group), startTicks };
}

/** Empty when the process is gone, is not ours to read, or the system has no /proc: all mean "nothing can be said". */
function readProc(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function listPids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return []; // No /proc: not Linux.
  }
}
