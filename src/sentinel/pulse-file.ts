import { join } from 'node:path';

/**
 * What the control plane leaves at HOME/pulse: who it is. The time of its last proof of life is the file's own time of change, unless
 * `provedAt` says otherwise: setting a file's time works on a full disk.
 */
export interface PulseFile {
  readonly version: string;
  readonly pid: number;
  /** Kernel start time of the process, so that a reused pid is never taken for it; empty where the system does not tell. */
  readonly startTicks: string;
  /** Changes with every boot of the machine; empty where the system does not tell. */
  readonly bootId: string;
  readonly host: string;
  readonly startedAt: number;
  /** It has not proved anything yet: since when it tries, also over starts that failed. */
  readonly tryingSince?: number;
  /** The last proof, where the file was changed by something else than a proof; null: there never was one. */
  readonly provedAt?: number | null;
  readonly stoppedAt?: number;
  /** `asked`: somebody told it to stop. */
  readonly stoppedBy?: 'asked' | 'itself';
  /** Until when it plays dead, for a drill. */
  readonly drillUntil?: number;
}

/** What is read of a pulse file at most: it has some hundred bytes. */
export const MAX_PULSE_BYTES = 16_384;

/** Where the proof of life is. */
export function pulsePath(home: string): string {
  return join(home, 'pulse');
}

/** Reads the text of a pulse file; undefined when it is none, whatever it holds. */
export function parsePulse(text: string): PulseFile | undefined {
  const raw = parseObject(text);
  if (raw === undefined) return undefined;
  const number = (key: string): number | undefined => (Number.isFinite(raw[key]) ? (raw[key] as number) : undefined);
  const string = (key: string): string => (typeof raw[key] === 'string' ? raw[key] : '');
  const pid = number('pid');
  const startedAt = number('startedAt');
  if (pid === undefined || startedAt === undefined) return undefined;
  const tryingSince = number('tryingSince');
  const provedAt = raw['provedAt'] === null ? null : number('provedAt');
  const stoppedAt = number('stoppedAt');
  const drillUntil = number('drillUntil');
  return {
    version: string('version'),
    pid,
    startTicks: string('startTicks'),
    bootId: string('bootId'),
    host: string('host'),
    startedAt,
    ...(tryingSince === undefined ? {} : { tryingSince }),
    ...(provedAt === undefined ? {} : { provedAt }),
    ...(stoppedAt === undefined ? {} : { stoppedAt }),
    ...(stoppedAt === undefined ? {} : { stoppedBy: raw['stoppedBy'] === 'asked' ? 'asked' : 'itself' }),
    ...(drillUntil === undefined ? {} : { drillUntil }),
  };
}

/** When life was last proved; undefined: never. */
export function provedAt(file: PulseFile | undefined, modifiedAt: number): number | undefined {
  return file?.provedAt === undefined ? modifiedAt : (file.provedAt ?? undefined);
}

/** The map in a JSON text; undefined when there is none. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const raw: unknown = JSON.parse(text);
    return typeof raw === 'object' && raw !== null && !Array.isArray(raw)
      ? (raw as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
