import type { Credential } from '../../src/config/fleet.ts';
import type { Vault } from '../../src/credentials/vault.ts';

/** A vault in memory, which a crash of the control plane leaves as it is. */
export interface MemoryVault extends Vault {
  readonly stored: Map<string, string>;
  readonly staged: Map<string, string>;
}

/** Builds an empty vault for these credentials. */
export function createMemoryVault(credentials: ReadonlyMap<string, Credential> = new Map()): MemoryVault {
  const stored = new Map<string, string>();
  const staged = new Map<string, string>();
  return {
    stored,
    staged,
    environmentFor: (names, trying) =>
      Object.fromEntries(
        names.flatMap((name) => {
          const variable = credentials.get(name)?.env;
          const secret = (name === trying ? staged.get(name) : undefined) ?? stored.get(name);
          return variable === undefined || secret === undefined ? [] : [[variable, secret]];
        }),
      ),
    has: (name) => stored.has(name),
    isAwaited: () => false,
    stage: (name, secret) => void staged.set(name, secret),
    hasStaged: (name) => staged.has(name),
    commit(name) {
      const secret = staged.get(name);
      if (secret === undefined) return;
      staged.delete(name);
      stored.set(name, secret);
    },
    discard: (name) => void staged.delete(name),
    refresh: () => Promise.resolve(),
  };
}
