import type { Disk } from '../ports.ts';
import { MAX_PULSE_BYTES, parsePulse, provedAt, pulsePath } from '../sentinel/pulse-file.ts';
import { loadSentinelTrace } from '../sentinel/trace.ts';
import type { LifeFacts } from './facts.ts';

/** Reads what the control plane and its sentinel left in HOME; whether it runs only its lock tells. */
export function loadLife(home: string, disk: Pick<Disk, 'readText'>, isRunning: boolean): LifeFacts {
  const file = disk.readText(pulsePath(home), MAX_PULSE_BYTES);
  const pulse = file === undefined ? undefined : parsePulse(file.text);
  const { lookedAt, cause } = loadSentinelTrace(home, disk);
  return {
    isRunning,
    startedAt: pulse?.startedAt ?? null,
    provedAt: file === undefined ? null : (provedAt(pulse, file.modifiedAt) ?? null),
    sentinel: lookedAt === undefined ? null : { lookedAt, cause: cause ?? null },
  };
}
