import type { Supervisor, Web } from '../../src/ports.ts';

/** A start without any supervisor. */
export const noSupervisor: Supervisor = {
  watchdogMs: undefined,
  ready: () => undefined,
  alive: () => undefined,
  stopping: () => undefined,
};

/** A web in which every call goes well. */
export const kindWeb: Web = { call: () => Promise.resolve({ kind: 'ok' }) };

/** No secret is kept by anybody but us. */
export const noSecretSource = (): undefined => undefined;
