/** The variable by which a sweep knows what belongs to a run of this home: run ids alone are the same in every home. */
export const MARK = 'NIGHTDESK_MARK';

/** The mark of one run. */
export function markOf(home: string, runId: number): string {
  return `${home}-${runId}`;
}
