import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Who a process is, so that another one under its number is never taken for it. */
export interface ProcessTrace {
  readonly pid: number;
  readonly startTicks: string;
  readonly bootId: string;
  readonly host: string;
}

/** What there is to know about the process that asks. */
export function describeSelf(): ProcessTrace {
  return { pid: process.pid, startTicks: startTicksOf(process.pid), bootId: readBootId(), host: hostname() };
}

/** Changes with every boot of the machine; empty where the system does not tell. */
export function readBootId(): string {
  return readOr('/proc/sys/kernel/random/boot_id').trim();
}

/** Whether a process is still there; `unknown` when it belongs to another host. */
export function findProcess(trace: ProcessTrace): 'there' | 'gone' | 'unknown' {
  if (trace.host !== '' && trace.host !== hostname()) return 'unknown';
  if (trace.bootId !== readBootId()) return 'gone';
  if (trace.startTicks !== '') return startTicksOf(trace.pid) === trace.startTicks ? 'there' : 'gone';
  try {
    process.kill(trace.pid, 0);
    return 'there';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? 'there' : 'gone';
  }
}

/** Field 22 of proc_pid_stat(5); the name in field 2 may hold blanks and parentheses. Empty when it has ended, or there is no /proc. */
function startTicksOf(pid: number): string {
  const text = readOr(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const hasEnded = fields[0] === 'Z' || fields[0] === 'X';
  return hasEnded ? '' : (fields[19] ?? '');
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
