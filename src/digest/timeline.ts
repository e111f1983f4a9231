import type { RunSpan } from '../../storage/digest-queries.ts';
import type { RunOutcome } from './figures.ts';

/** More pieces than this are no longer seen on a phone, and make drawing slow. */
export const MOST_SEGMENTS = 2_000;
/** A gap that is this part of the whole time is as thin as a line. */
const FINEST_PART = 4_000;

/** A piece of an agent's timeline: one run, or several that lie so close that they look like one. */
export interface Segment {
  readonly fromAt: number;
  readonly toAt: number;
  readonly outcome: RunOutcome;
}

/** Of runs that are drawn as one, the worst is shown. */
const WORST: readonly RunOutcome[] = ['failed', 'lost', 'stopped', 'running', 'done'];

/** Each agent's runs within [from, to), in order; neighbours are joined until there are few enough of all. */
export function timelineOf(
  spans: readonly RunSpan[],
  from: number,
  to: number,
): { readonly byAgent: ReadonlyMap<string, readonly Segment[]>; readonly isMerged: boolean } {
  const groups = Map.groupBy(spans, ({ agent }) => agent);
  const whole = [...groups].map(
    ([agent, rows]) =>
      [
        agent,
        rows
          .map(({ fromAt, toAt, state }) => ({
            fromAt: Math.max(from, fromAt),
            toAt: Math.min(to, toAt ?? to),
            outcome: toAt === null || state === 'starting' || state === 'running' ? ('running' as const) : state,
          }))
          .filter((segment) => segment.toAt >= segment.fromAt)
          .toSorted((a, b) => a.fromAt - b.fromAt),
      ] as const,
  );
  let byAgent = new Map<string, readonly Segment[]>(whole);
  let isMerged = false;
  // First only what is alike, then what is not: 13 doublings make one piece of everything.
  for (let gap = (to - from) / FINEST_PART; countOf(byAgent) > MOST_SEGMENTS && gap < 2 * (to - from); gap *= 2) {
    isMerged = true;
    byAgent = new Map(whole.map(([agent, segments]) => [agent, merge(segments, gap, gap < (to - from) / 100)]));
  }
  return { byAgent, isMerged };
}

function countOf(byAgent: ReadonlyMap<string, readonly Segment[]>): number {
  return [...byAgent.values()].reduce((sum, segments) => sum + segments.length, 0);
}

function merge(segments: readonly Segment[], gap: number, alikeOnly: boolean): readonly Segment[] {
  const merged: Segment[] = [];
  for (const segment of segments) {
    const last = merged.at(-1);
    const joins = last !== undefined && segment.fromAt - last.toAt <= gap;
    if (!joins || (alikeOnly && last.outcome !== segment.outcome)) merged.push(segment);
    else
      merged[merged.length - 1] = {
        fromAt: last.fromAt,
        toAt: Math.max(last.toAt, segment.toAt),
        outcome: WORST.find((outcome) => outcome === last.outcome || outcome === segment.outcome) ?? segment.outcome,
      };
  }
  return merged;
}
