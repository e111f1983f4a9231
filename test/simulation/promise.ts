import type { WorldRecord } from './record.ts';

/** Something that Nightdesk promises, as a fact about everything that has happened so far; undefined: kept. */
export interface WorldPromise {
  readonly name: string;
  readonly broken: (record: WorldRecord) => string | undefined;
  /** It is about rows, which are read only now and then. */
  readonly isSlow?: boolean;
}

/** Timers of the simulated machine may be this late (its clock's grain), several in a row. */
export const LATENESS_MS = 30_000;

/** How far the machine's clock leapt ahead in this time: what is counted by it comes so much earlier. */
export function leaptBetween({ jumps }: WorldRecord, from: number, to: number): number {
  return jumps.filter(({ at, byMs }) => byMs > 0 && at >= from && at <= to).reduce((sum, { byMs }) => sum + byMs, 0);
}

/** Whether something has been waiting since `since` for longer than `limitMs` of unbroken good time. */
export function isOverdue(record: WorldRecord, since: number, limitMs: number): boolean {
  return record.goodSince !== undefined && record.now - Math.max(since, record.goodSince) > limitMs + LATENESS_MS;
}
