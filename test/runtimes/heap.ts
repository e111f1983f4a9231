import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What is alive on the heap, after a collection of what is not. */
export function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
