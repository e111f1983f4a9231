import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** User and system time of all threads of a process so far, in milliseconds; Linux only. */
export function readCpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Fields 14 and 15, in clock ticks; the name before them may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1_000;
}

/** What a process has of the memory, in megabytes (10^6 bytes): resident, its share (PSS), and the most it ever had resident. */
export function readMemory(pid: number): { readonly rss: number; readonly pss: number; readonly peak: number } {
  return {
    rss: megabytes(pid, 'status', 'VmRSS'),
    pss: megabytes(pid, 'smaps_rollup', 'Pss'),
    peak: megabytes(pid, 'status', 'VmHWM'),
  };
}

/** Bytes that a process has read so far, of pipes, sockets and files; Linux only. */
export function readBytesRead(pid: number): number {
  return Number(/^rchar: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
}

/** Bytes of all files below a folder; what goes while we look does not count. */
export function sizeOfFolder(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => lstatSync(join(folder, name), { throwIfNoEntry: false }))
    .reduce((sum, stats) => sum + (stats?.isFile() === true ? stats.size : 0), 0);
}

/** A line such as `VmRSS:   81234 kB`, which counts in 1024 bytes. */
function megabytes(pid: number, file: string, key: string): number {
  const line = new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'));
  return (Number(line?.[1]) * 1_024) / 1e6;
}
