import type { AgentDecision, GatewayRooms } from './contract.ts';
import { parseInstant } from './instant.ts';
import { MAX_DECISIONS, MAX_DECISIONS_BYTES } from './limits.ts';
import { failure, type GatewayResponse, success } from './responses.ts';
import type { RouteCall, Routes } from './route.ts';

/** The route by which an agent learns what became of its drafts. */
export function createDecisionRoutes(rooms: Pick<GatewayRooms, 'decisions'>): Routes {
  function answer({ run, query }: RouteCall): GatewayResponse {
    const given = query.get('since');
    const since = given === null ? undefined : parseInstant(given);
    if (given !== null && since === undefined)
      return failure(400, 'since must be an ISO 8601 time, as in 2026-07-01T08:00:00Z');
    return success(200, boundDecisions(rooms.decisions(run.agent, since), since === undefined ? 'newest' : 'oldest'));
  }

  return [['/v1/decisions', { method: 'GET', answer, query: ['since'] }]];
}

/**
 * As many decisions as one answer holds; `more` tells that there may be others, at the end that `keep` does not name.
 */
function boundDecisions(
  all: readonly AgentDecision[],
  keep: 'oldest' | 'newest',
): { decisions: AgentDecision[]; more: boolean } {
  const kept: AgentDecision[] = [];
  let sizeBytes = 0;
  for (const decision of keep === 'oldest' ? all : all.toReversed()) {
    sizeBytes += Buffer.byteLength(JSON.stringify(decision));
    if (sizeBytes > MAX_DECISIONS_BYTES) break;
    kept.push(decision);
  }
  return {
    decisions: keep === 'oldest' ? kept : kept.reverse(),
    more: kept.length < all.length || all.length >= MAX_DECISIONS,
  };
}
