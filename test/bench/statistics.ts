/** The spread of repeated measurements, in the unit of the samples. */
export interface Spread {
  readonly count: number;
  readonly median: number;
  readonly p99: number;
  readonly worst: number;
}

/** Summarises samples by nearest rank; with fewer than a hundred, p99 is the worst one. Throws when there is none. */
export function summarise(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = (percent: number): number => {
    const value = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
    if (value === undefined) throw new Error('nothing was measured');
    return value;
  };
  return { count: sorted.length, median: rank(50), p99: rank(99), worst: rank(100) };
}
