import type { RunRow } from '../../storage/run-store.ts';

/** A time at which a run got something done, and what. */
export interface Proof {
  readonly at: number;
  readonly by: 'its start' | 'work in its folder' | 'its own word';
}

/** The newest proof of progress of a run: its own token's, or what its folder shows; output is none. */
export function lastProgressOf(run: RunRow, now: number): Proof {
  const proofs: readonly (readonly [Proof['by'], number | null])[] = [
    ['its start', run.startedAt ?? run.wantedAt],
    ['work in its folder', run.workedAt],
    ['its own word', run.progressAt],
  ];
  return proofs
    .map(([by, at]): Proof => ({ by, at: Math.min(at ?? 0, now) }))
    .reduce((newest, proof) => (proof.at >= newest.at ? proof : newest));
}

/** Whether progress is missing, once its folder has been looked at. */
export type ProgressVerdict =
  | { readonly kind: 'fine'; readonly nextAt: number }
  | { readonly kind: 'missing'; readonly idleMs: number };

/** Decides about one run; `owedSince` as for heartbeats. */
export function decideProgress(facts: {
  readonly now: number;
  readonly longestMs: number;
  readonly proofAt: number;
  readonly owedSince: number;
}): ProgressVerdict {
  const missingAt = Math.max(facts.proofAt, facts.owedSince) + facts.longestMs;
  return facts.now >= missingAt
    ? { kind: 'missing', idleMs: facts.now - facts.proofAt }
    : { kind: 'fine', nextAt: missingAt };
}
