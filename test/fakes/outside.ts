import type { DatabaseCopier } from '../../src/backups/copier.ts';
import type { Supervisor, Web } from '../../src/ports.ts';
import type { Self } from '../../src/vigil/proof-file.ts';

/** A start without any supervisor. */
export const noSupervisor: Supervisor = {
  watchdogMs: undefined,
  ready: () => undefined,
  alive: () => undefined,
  stopping: () => undefined,
};

/** A web in which every call goes well. */
export const kindWeb: Web = { call: () => Promise.resolve({ kind: 'ok' }) };

/** A process that no machine knows. */
export const somebody: Self = { version: '0', pid: 1, startTicks: '', bootId: '', host: 'somewhere' };

/** No secret is kept by anybody but us. */
export const noSecretSource = (): undefined => undefined;

/** Copies of a database that nobody reads. */
export const emptyCopier: DatabaseCopier = {
  sizeBytes: () => undefined,
  copyTo: () => Promise.resolve({ kind: 'made', sizeBytes: 0 }),
  stop: () => Promise.resolve(),
};
