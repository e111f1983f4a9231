import type { Log, LogFields } from '../../src/ports.ts';

/** A log that a test reads. */
export interface MemoryLog extends Log {
  readonly lines: string[];
}

/** Builds a log that keeps its lines. */
export function createMemoryLog(): MemoryLog {
  const lines: string[] = [];
  const write =
    (level: string) =>
    (message: string, fields: LogFields = {}): void =>
      void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  return { lines, debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
