/** Takes the lock named by the first argument, says so, and holds it until it is killed. */
import { acquireLock } from '../../storage/lock.ts';

const result = acquireLock(process.argv[2] ?? '');
process.stdout.write(`${result.kind}\n`);
setInterval(() => {}, 1_000);
