import type { ReviewFilter } from '../../storage/review-store.ts';
import type { Fleet } from '../config/fleet.ts';

/** The drafts that are told of in one place. */
export interface PlaceGroup {
  /** Undefined: the fleet's own chat. */
  readonly place: string | undefined;
  /** What a review of these drafts goes through. */
  readonly filter: ReviewFilter;
  has(agent: string): boolean;
}

/** All drafts, as they are told of where nobody has a place of his own. */
export const EVERYWHERE: PlaceGroup = { place: undefined, filter: {}, has: () => true };

/** Drafts by where they are told of; the fleet's own chat has those of all agents without a place, and of agents that are gone. */
export function placeGroups(fleet: Pick<Fleet, 'agents'>): readonly PlaceGroup[] {
  const byPlace = new Map<string, string[]>();
  for (const { name, place } of fleet.agents.values())
    if (place !== undefined) byPlace.set(place, [...(byPlace.get(place) ?? []), name]);
  if (byPlace.size === 0) return [EVERYWHERE];
  const placed = [...byPlace.values()].flat().sort();
  const own: PlaceGroup = { place: undefined, filter: { notAgents: placed }, has: (agent) => !placed.includes(agent) };
  const others = [...byPlace].map(([place, agents]): PlaceGroup => {
    const names = agents.sort();
    return { place, filter: { agents: names }, has: (agent) => names.includes(agent) };
  });
  return [own, ...others];
}

/** Whether two reviews go through the same drafts. */
export function isSameFilter(one: ReviewFilter, other: ReviewFilter): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
