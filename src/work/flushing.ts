import type { RunRow } from '../../storage/run-store.ts';
import type { Agent } from '../config/fleet.ts';
import { fillOf } from '../runs/context-stops.ts';
import { WORKSTATE_FILE } from './workstate.ts';

/** So many agents write their WORKSTATE.md at the same time for want of context: what else they would do stands still meanwhile. */
const MOST_FLUSHING = 2;
/** Whoever has not written it by then lets the next one have its turn, and is asked once more when one is free. */
const LEASE_MS = 5 * 60_000;
/** How long an agent that is to be paused has for writing it. */
export const PAUSE_GRACE_MS = 60_000;
/** How long the owner waits for it; then they see what there is. */
export const OWNER_WAIT_MS = 5 * 60_000;

/** What follows from a fill: nothing, that WORKSTATE.md has to be written, or that the session ends now. */
export function decideFill(percent: number, context: Agent['context']): 'nothing' | 'flush' | 'stop' {
  if (percent >= context.stopPercent) return 'stop';
  return percent >= context.flushPercent ? 'flush' : 'nothing';
}

/**
 * Decides whose agents are told now to write their WORKSTATE.md for want of context: as many as there are leases, whoever is nearest to its
 * `stop` first; whoever had a turn and let it pass comes after all others. A lease ends with the wish to stop the run, with the run, or after
 * five minutes.
 *
 * @param leftOf Percent that are left before a run's `stop`.
 * @returns Ids of runs.
 */
export function decideFlushes(
  alive: readonly RunRow[],
  now: number,
  canBeAsked: (run: RunRow) => boolean,
  leftOf: (run: RunRow) => number,
): number[] {
  const wanted = alive.filter((run) => run.flushReason === 'context' && run.stopWantedAt === null);
  const hasLease = (run: RunRow): boolean => run.flushAskedAt !== null && now - run.flushAskedAt < LEASE_MS;
  const free = MOST_FLUSHING - wanted.filter(hasLease).length;
  return wanted
    .filter((run) => !hasLease(run) && canBeAsked(run))
    .toSorted((a, b) => Number(a.flushAskedAt !== null) - Number(b.flushAskedAt !== null) || leftOf(a) - leftOf(b))
    .slice(0, Math.max(0, free))
    .map(({ id }) => id);
}

/** What an agent is told that has to write its WORKSTATE.md. */
export function flushWords(run: RunRow): string {
  const write = `write ${WORKSTATE_FILE} in your workdir now: the headings Active Tasks (what is under way, and how far), Critical Context (what must not be forgotten, what was decided) and Next (what comes next, in order)`;
  switch (run.flushReason) {
    case 'owner':
      return `Nightdesk: your owner wants to read where you are. Please ${write}. Then go on with your work.`;
    case 'pause':
      return `Nightdesk: your owner pauses you. Begin nothing new; ${write}. Then end your turn: within a minute you are stopped.`;
    default: {
      const percent = fillOf(run);
      const how = percent === undefined ? 'nearly full' : `${Math.floor(percent)} % full`;
      return `Nightdesk: your context is ${how}. Begin nothing new; ${write}. Then end your turn: a fresh session goes on from that file, and knows nothing else.`;
    }
  }
}

/** What an agent is told whose WORKSTATE.md cannot be kept. */
export function correctionWords(reason: string): string {
  return `Nightdesk: ${reason}. Until then the version before is what a fresh session would go on from.`;
}
