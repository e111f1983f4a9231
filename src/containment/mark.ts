import { createHash } from 'node:crypto';
import type { SweepRequest } from '../ports.ts';

/** The variable by which a sweep knows what belongs to a run of this home: run ids alone are the same in every home. */
export const MARK = 'NIGHTDESK_MARK';

/** Enough of a hash that no two state folders of a machine share it. */
const HOME_KEY_CHARS = 16;

/** A home as a word of fixed length, so that no home's marks begin like those of another, and none holds a blank. */
export function homeKey(home: string): string {
  return createHash('sha256').update(home).digest('hex').slice(0, HOME_KEY_CHARS);
}

/** The mark of one run. */
export function markOf(home: string, runId: number): string {
  return `${homeKey(home)}-${runId}`;
}

/** What a sweep looks for: the mark of one run, or those of all runs of this home. */
export function markToSweep(home: string, runId: number | 'all'): NonNullable<SweepRequest['mark']> {
  return runId === 'all'
    ? { text: `${MARK}=${homeKey(home)}-`, isPrefix: true }
    : { text: `${MARK}=${markOf(home, runId)}`, isPrefix: false };
}
