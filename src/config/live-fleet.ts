import type { Fleet } from './fleet.ts';

/** The fleet of a running program, whose file may be taken over anew. */
export interface LiveFleet {
  /** Always what the newest file says: whoever keeps a part of it keeps an old one. */
  readonly fleet: Fleet;
  /** What the newest file says, as it is now: unlike `fleet` it never changes. */
  current(): Fleet;
  replace(next: Fleet): void;
  /** Calls `listener` after each replacement. */
  onChange(listener: () => void): void;
}

/** Builds the live fleet on the file that the program was started with. */
export function createLiveFleet(initial: Fleet): LiveFleet {
  let current = initial;
  const listeners: (() => void)[] = [];
  return {
    fleet: viewOf(() => current),
    current: () => current,
    replace(next) {
      current = next;
      for (const listener of listeners) listener();
    },
    onChange: (listener) => void listeners.push(listener),
  };
}

/** A fleet whose every part is read when it is asked for. */
export function viewOf(read: () => Fleet): Fleet {
  return {
    get file() {
      return read().file;
    },
    get timezone() {
      return read().timezone;
    },
    get home() {
      return read().home;
    },
    get concurrency() {
      return read().concurrency;
    },
    get containment() {
      return read().containment;
    },
    get telegram() {
      return read().telegram;
    },
    get budget() {
      return read().budget;
    },
    get prices() {
      return read().prices;
    },
    get logs() {
      return read().logs;
    },
    get digest() {
      return read().digest;
    },
    get backup() {
      return read().backup;
    },
    get alerts() {
      return read().alerts;
    },
    get credentials() {
      return read().credentials;
    },
    get agents() {
      return read().agents;
    },
    get drafts() {
      return read().drafts;
    },
  };
}

/** What follows from the fleet and is dear to find out: found out once for each file. */
export function perFile<Part extends Partial<Fleet>, Found>(fleet: Part, find: (fleet: Part) => Found): () => Found {
  let seen: readonly unknown[] | undefined;
  let found: Found;
  return () => {
    const parts = [fleet.agents, fleet.credentials, fleet.drafts, fleet.budget];
    if (seen === undefined || parts.some((part, index) => part !== seen?.[index])) {
      seen = parts;
      found = find(fleet);
    }
    return found;
  };
}
