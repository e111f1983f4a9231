import type { Storage } from '../../storage/storage.ts';
import type { MoneyForRun } from '../budget/reservations.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import { credentialsOf, credentialTitle } from '../credentials/credential.ts';
import { nameOfPerson } from '../drafts/who.ts';
import type { Clock } from '../ports.ts';
import { describeHold, describeRevival, type Obstacle } from './release.ts';

/** What came of an owner's wish to run an agent. */
export type RunWish =
  /** `waits`: what it waits for, in words; undefined: nothing that is known. */
  | { readonly kind: 'wanted'; readonly waits: string | undefined }
  | { readonly kind: 'running'; readonly since: number; readonly isEnding: boolean }
  | { readonly kind: 'held'; readonly obstacles: readonly Obstacle[] }
  /** It only publishes: what it would get on stdin is an approved draft. */
  | { readonly kind: 'publisher' };

/** What came of an owner's wish to stop an agent; `other`: the run that was meant is over. */
export type StopWish = 'stopping' | 'asked-before' | 'idle' | 'publishing' | 'other';

/** What /run and /stop do: wishes are rows, and the loop and the runner do the rest. */
export interface OwnerWishes {
  run(agent: Agent, by: string): RunWish;
  /** Ends the run that is alive, where one is named only that one; nothing is held. */
  stop(agent: Agent, by: string, runId?: number): StopWish;
}

/** Builds the owner's wishes. Each call is one transaction. */
export function createOwnerWishes(options: {
  readonly fleet: Pick<Fleet, 'concurrency' | 'credentials' | 'telegram'>;
  readonly storage: Storage;
  readonly clock: Clock;
  /** Whether money would let it start now. */
  readonly reserve: (agent: Agent) => MoneyForRun;
  /** What one more run of it has to wait for, as far as the machine goes. */
  readonly roomFor: (agent: Agent) => string | undefined;
}): OwnerWishes {
  const { storage, clock } = options;

  function canLogIn(credential: string): boolean {
    return options.fleet.credentials.get(credential)?.login !== undefined;
  }

  function journal(agent: Agent, event: string, actor: string): void {
    storage.journal.add({ at: clock.now(), subject: `agent:${agent.name}`, event, actor, detail: null });
  }

  /** What would have the loop give the due time up: saying that it starts would be untrue. */
  function obstaclesOf(agent: Agent, now: number): readonly Obstacle[] {
    const holds = storage.holds
      .active()
      .filter((hold) => hold.agent === '' || hold.agent === agent.name)
      .map((hold) => describeHold(hold, agent.name, now, canLogIn));
    if (holds.length > 0) return holds;
    return credentialsOf(agent)
      .filter((name) => storage.credentials.get(name)?.state === 'dead')
      .map((name) => ({ reason: `${credentialTitle(name)} is dead`, release: describeRevival(name, canLogIn) }));
  }

  function waitOf(agent: Agent): string | undefined {
    const alive = storage.runs.alive().length;
    if (alive >= options.fleet.concurrency) return `${alive} runs are alive, the limit is ${options.fleet.concurrency}`;
    return options.roomFor(agent);
  }

  return {
    run: (agent, by) =>
      storage.transaction(() => {
        const now = clock.now();
        if (agent.publishes.length > 0) return { kind: 'publisher' };
        const alive = storage.runs.aliveOf(agent.name);
        if (alive !== undefined)
          return { kind: 'running', since: alive.startedAt ?? alive.wantedAt, isEnding: alive.stopWantedAt !== null };
        const obstacles = obstaclesOf(agent, now);
        if (obstacles.length > 0) return { kind: 'held', obstacles };
        const money = options.reserve(agent);
        if (money.kind === 'short' && !money.isPassing)
          return { kind: 'held', obstacles: [{ reason: money.reason, release: '/budget raises it' }] };
        storage.dues.wait(agent.name, now, 'owner');
        journal(agent, 'run', by);
        return { kind: 'wanted', waits: money.kind === 'short' ? money.reason : waitOf(agent) };
      }),

    stop: (agent, by, runId) =>
      storage.transaction(() => {
        const alive = storage.runs.aliveOf(agent.name);
        if (runId !== undefined && alive?.id !== runId) return 'other';
        if (alive === undefined) return 'idle';
        // A publisher that is cut off leaves a draft of unknown fate.
        if (alive.publicationId !== null) return 'publishing';
        if (!storage.runs.wantStop(alive.id, `stopped by ${nameOfPerson(options, by)}`, clock.now()))
          return 'asked-before';
        journal(agent, 'stop', by);
        return 'stopping';
      }),
  };
}
