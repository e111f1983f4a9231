/** The clock on the wall was set back: times of before it were written by a clock that was ahead. */
export interface SetBack {
  /** What it shows since (epoch ms). */
  readonly now: number;
  /** By how much it was set back, in ms; positive. */
  readonly byMs: number;
}

/** SQL: a time that has come. Later than now it was written in the wrong time, and is moved back with the clock. */
export function past(column: string): string {
  return `CASE WHEN ${column} > @now THEN min(@now, ${column} - @byMs) ELSE ${column} END`;
}

/** SQL: the end of a pause. Where it lies ahead it is moved back with the clock, but not into the past. */
export function pause(column: string): string {
  return `CASE WHEN ${column} > @now THEN max(@now, ${column} - @byMs) ELSE ${column} END`;
}

/** SQL: an assignment of each of these columns. */
export function assign(columns: readonly string[], change: (column: string) => string): string {
  return columns.map((column) => `${column} = ${change(column)}`).join(', ');
}

/** SQL: whether any of these times is later than now. */
export function anyAhead(columns: readonly string[]): string {
  return `(${columns.map((column) => `${column} > @now`).join(' OR ')})`;
}
