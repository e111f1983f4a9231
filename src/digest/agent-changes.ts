import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import { loadAgentStatus } from '../vigil/status.ts';

/** How an agent stands otherwise than it did, or not as it should. */
export interface AgentChange {
  readonly agent: string;
  /**
   * `broke`: it worked before, and fails now; `fails`: it has never worked, or failed before, too; `mended`: the other way round;
   * `never-ran`: it is to run by itself, and never has; `silent`: nothing was heard of it.
   */
  readonly kind: 'broke' | 'fails' | 'mended' | 'never-ran' | 'silent';
  /** The class of its failure. */
  readonly failure: string | null;
  /** When something last proved that it works; null: nothing ever did. */
  readonly provedAt: number | null;
}

/** Compares how each agent stands with how it stood at `from`; `losers` are those whose due times were given up since. */
export function loadAgentChanges(
  { fleet, storage }: { readonly fleet: Fleet; readonly storage: Storage },
  { from, to, now }: { readonly from: number; readonly to: number; readonly now: number },
  losers: ReadonlySet<string>,
): AgentChange[] {
  return [...fleet.agents.values()].flatMap((agent) => {
    const kind = compare(agent);
    if (kind === undefined) return [];
    const failure = kind === 'broke' || kind === 'fails' ? (lastOf(agent)?.failure ?? null) : null;
    return [{ agent: agent.name, kind, failure, provedAt: loadAgentStatus(agent, storage).lastProofAt }];
  });

  function lastOf({ name }: Agent) {
    return storage.digests.lastVerdict(name, to);
  }

  function compare(agent: Agent): AgentChange['kind'] | undefined {
    const last = lastOf(agent);
    const before = storage.digests.lastVerdict(agent.name, from);
    const runsByItself = agent.schedule.kind !== 'none' && agent.schedule.kind !== 'task';
    if (last === undefined && runsByItself && storage.runs.lastOf(agent.name) === undefined) return 'never-ran';
    if (last !== undefined && last.endedAt >= from) {
      if (last.state !== 'done') return before?.state === 'done' ? 'broke' : 'fails';
      return before !== undefined && before.state !== 'done' ? 'mended' : undefined;
    }
    return isSilent(agent, runsByItself) ? 'silent' : undefined;
  }

  /** Nothing of it ended in this time: either it is alive and says nothing, or its due times were given up. */
  function isSilent(agent: Agent, runsByItself: boolean): boolean {
    const alive = storage.runs.aliveOf(agent.name);
    if (alive === undefined) return runsByItself && losers.has(agent.name);
    const heardAt = Math.max(alive.startedAt ?? alive.wantedAt, loadAgentStatus(agent, storage).lastProofAt ?? 0);
    return now - heardAt > agent.heartbeatMs && (alive.patientUntil ?? 0) <= now;
  }
}
