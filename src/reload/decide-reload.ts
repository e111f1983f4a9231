import { type Change, type ComparedFile, diffFleets } from '../config/fleet-diff.ts';
import type { Fleet } from '../config/fleet.ts';
import type { FleetReading, ValidReading } from './reading.ts';

/** What is to be done with a file that was read anew. */
export type ReloadDecision =
  | Extract<FleetReading, { readonly kind: 'bad' }>
  /** These keys cannot change while the program runs. */
  | { readonly kind: 'fixed'; readonly keys: readonly string[] }
  /** It says what is in force. */
  | { readonly kind: 'same' }
  /** It is another file than the one that was asked about. */
  | { readonly kind: 'stale' }
  /** It takes something away: its owner has to say so once more. */
  | { readonly kind: 'ask'; readonly hash: string; readonly changes: readonly Change[] }
  | { readonly kind: 'take'; readonly reading: ValidReading; readonly changes: readonly Change[] };

/**
 * Keys that no running program can take over: the database, the lock, the logs and the secrets are under `home`; the layer of
 * `containment` was proved at the start, and what runs is swept by it; runs have their `timezone` in their environment, and the days and
 * months of the ledger are its days and months.
 */
export const FIXED_KEYS = ['home', 'containment', 'timezone'] as const satisfies readonly (keyof Fleet)[];

/** Decides about a file. `confirmed`: the hash of the file that its owner said yes to; undefined: nobody was asked. */
export function decideReload(
  running: ComparedFile,
  reading: FleetReading,
  confirmed: string | undefined,
): ReloadDecision {
  if (reading.kind === 'bad') return reading;
  const keys = [...FIXED_KEYS.filter((key) => running.fleet[key] !== reading.fleet[key]), ...reading.fixed];
  if (keys.length > 0) return { kind: 'fixed', keys };
  if (confirmed !== undefined && confirmed !== reading.hash) return { kind: 'stale' };
  const changes = diffFleets(running, reading);
  if (changes.length === 0) return { kind: 'same' };
  const isAsked = confirmed === undefined && changes.some(({ takesAway }) => takesAway);
  return isAsked ? { kind: 'ask', hash: reading.hash, changes } : { kind: 'take', reading, changes };
}
