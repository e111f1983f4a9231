import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Collects all garbage now and gives it back to the system: after a start that is some ten megabytes, which V8 would keep for as long as
 * nothing presses it. Takes some 30 ms, in which nothing else happens.
 */
export function releaseMemory(): void {
  // Node offers no other way to ask for it than this flag, and only a context that is made while it is set has the function.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  collect();
}
