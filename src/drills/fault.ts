import type { DrillFacts, DrillRow } from '../../storage/drill-store.ts';

/** What came of a fault so far. */
export type Finding =
  /** Nothing is decided yet; what is known by now. */
  | { readonly kind: 'going'; readonly facts: DrillFacts }
  | { readonly kind: 'passed'; readonly facts: DrillFacts }
  /** It cannot come any more, and why. */
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * One way in which a drill makes something go wrong.
 *
 * Contract:
 * - `make` and `look` are called inside a transaction, `look` several times a second until it is decided.
 * - `describe` says how far it came, for a drill whose time is over.
 * - `clear` takes back at once what is not in rows; also when nothing was made.
 */
export interface Fault {
  make(drill: DrillRow): DrillFacts;
  look(drill: DrillRow): Finding;
  describe(drill: DrillRow): string;
  clear(): void;
}
