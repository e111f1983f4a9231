import type { Log } from './ports.ts';

/** Something that was started, by its name in the log. */
export interface RunningPart {
  readonly name: string;
  readonly stop: () => Promise<void> | void;
}

/** Stops the parts, one after the other. Never rejects: a part that cannot stop must not keep the others running. */
export async function stopInOrder(parts: readonly RunningPart[], log: Log): Promise<void> {
  for (const { name, stop } of parts) {
    log.debug('stopping', { part: name });
    try {
      await stop();
    } catch (error) {
      log.error('a part did not stop cleanly', {
        part: name,
        reason: error instanceof Error ? error.message : 'unknown',
      });
    }
  }
}
