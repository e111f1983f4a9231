import type { Clock } from '../ports.ts';
import type { SecretStream } from '../secret-stream.ts';
import type { Spool } from './spool.ts';

/** What is held back is shown after this time, whatever follows: a log that is looked at lacks nothing for longer. */
const HELD_MS = 1_000;

/**
 * Builds a spool that lets no known secret into another one: neither file nor memory ever has it, so that no cut between head and tail, and
 * no tail of whatever length, can show a part of it. Both streams of the program are looked through each by itself, since a secret in one
 * may be cut by words in the other.
 */
export function createScrubbedSpool(
  spool: Spool,
  options: { readonly clock: Clock; readonly openStream: () => SecretStream },
): Spool {
  const streams = { stdout: options.openStream(), stderr: options.openStream() };
  let cancelFlush: (() => void) | undefined;

  function append(shown: Uint8Array): void {
    spool.append(shown);
  }

  function flush(): void {
    cancelFlush?.();
    cancelFlush = undefined;
    for (const stream of [streams.stdout, streams.stderr]) if (stream.isHolding) spool.append(stream.flush());
  }

  return {
    append(chunk, name = 'stdout') {
      const stream = streams[name];
      stream.push(chunk, append);
      if (stream.isHolding) cancelFlush ??= options.clock.after(HELD_MS, flush);
    },
    tail(maxBytes) {
      flush();
      return spool.tail(maxBytes);
    },
    close() {
      flush();
      spool.close();
    },
  };
}
