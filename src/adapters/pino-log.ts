import { pino } from 'pino';
import type { Log, LogFields } from '../ports.ts';

/** How loud the log is, from everything to failures only. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** How the log is set up; `to` is the file descriptor, stderr unless said otherwise: the control plane's stdout is for `ready` and addresses. */
export interface LogOptions {
  readonly level: LogLevel;
  readonly scrub: (text: string) => string;
  readonly to?: 'stdout' | 'stderr';
}

/** Builds the Log port on pino: one JSON object per line, written before the call returns. */
export function createLog({ level, scrub, to = 'stderr' }: LogOptions): Log {
  const destination = pino.destination({ fd: to === 'stdout' ? 1 : 2, sync: true });
  // Whoever reads the log may go away (EPIPE); the fleet is watched all the same.
  destination.on('error', () => undefined);
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  // Scrubbed before it becomes JSON: escaped quotes and backslashes would hide a known secret.
  function clean(fields: LogFields | undefined): LogFields {
    if (fields === undefined) return {};
    return Object.fromEntries(
      Object.entries(fields).map(([key, value]) => [key, typeof value === 'string' ? scrub(value) : value]),
    );
  }
  return {
    debug: (message, fields) => logger.debug(clean(fields), scrub(message)),
    info: (message, fields) => logger.info(clean(fields), scrub(message)),
    warn: (message, fields) => logger.warn(clean(fields), scrub(message)),
    error: (message, fields) => logger.error(clean(fields), scrub(message)),
  };
}
