import { parentPort, workerData } from 'node:worker_threads';
import { copyDatabase } from '../../storage/database-copy.ts';

// The thread of one copy: made of workerData, told to its parent, and over.
const { from, to } = workerData as { readonly from: string; readonly to: string };
parentPort?.postMessage(await copyDatabase(from, to));
