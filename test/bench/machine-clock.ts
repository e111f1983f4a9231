/**
 * One clock over processes: the machine's monotonic one, in milliseconds.
 *
 * `process.hrtime` reads it alike in every process of this machine, while `performance.now()` counts from each process's own
 * start: what the sandbox reads is shifted by a distance that never changes.
 */
export function machineNow(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Converts what `performance.now()` gave in this process. */
export function toMachineTime(performanceNow: number): number {
  return performanceNow + (machineNow() - performance.now());
}

/** Converts milliseconds since 1970, as another program read them, to this clock: `Date.now` is exact in the moment when it changes. */
export function wallToMachine(wallMs: number): number {
  const until = machineNow() + 5;
  let distance = -Infinity;
  while (machineNow() < until) distance = Math.max(distance, Date.now() - machineNow());
  return wallMs - distance;
}
