import type { Storage } from '../../storage/storage.ts';
import type { Agent } from '../config/fleet.ts';
import type { Clock } from '../ports.ts';

/** What came of an owner's wish to run an agent. */
export type RunWish =
  | { readonly kind: 'wanted' }
  | { readonly kind: 'running'; readonly since: number }
  | { readonly kind: 'held'; readonly reasons: readonly string[] }
  /** It only publishes: what it would get on stdin is an approved draft. */
  | { readonly kind: 'publisher' };

/** What came of an owner's wish to stop an agent. */
export type StopWish = 'stopping' | 'asked-before' | 'idle' | 'publishing';

/** What /run and /stop do: wishes are rows, and the loop and the runner do the rest. */
export interface OwnerWishes {
  run(agent: Agent, by: string): RunWish;
  /** Ends the run that is alive; nothing is held. */
  stop(agent: Agent, by: string): StopWish;
}

/** Builds the owner's wishes. Each call is one transaction. */
export function createOwnerWishes({
  storage,
  clock,
}: {
  readonly storage: Storage;
  readonly clock: Clock;
}): OwnerWishes {
  function journal(agent: Agent, event: string, actor: string): void {
    storage.journal.add({ at: clock.now(), subject: `agent:${agent.name}`, event, actor, detail: null });
  }

  return {
    run: (agent, by) =>
      storage.transaction(() => {
        if (agent.publishes.length > 0) return { kind: 'publisher' };
        const alive = storage.runs.aliveOf(agent.name);
        if (alive !== undefined) return { kind: 'running', since: alive.startedAt ?? alive.wantedAt };
        const holds = storage.holds.active().filter((hold) => hold.agent === '' || hold.agent === agent.name);
        if (holds.length > 0) return { kind: 'held', reasons: holds.map(({ reason }) => reason) };
        storage.dues.wait(agent.name, clock.now(), 'owner');
        journal(agent, 'run', by);
        return { kind: 'wanted' };
      }),

    stop: (agent, by) =>
      storage.transaction(() => {
        const alive = storage.runs.aliveOf(agent.name);
        if (alive === undefined) return 'idle';
        // A publisher that is cut off leaves a draft of unknown fate.
        if (alive.publicationId !== null) return 'publishing';
        if (!storage.runs.wantStop(alive.id, 'stopped by you', clock.now())) return 'asked-before';
        journal(agent, 'stop', by);
        return 'stopping';
      }),
  };
}
