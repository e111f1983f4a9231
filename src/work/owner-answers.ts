import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { Clock } from '../ports.ts';
import type { Content, Outbox } from '../telegram/outbox.ts';
import type { Checkpoints } from './checkpoints.ts';
import { OWNER_WAIT_MS } from './flushing.ts';

/** Where an answer goes. */
export interface AnswerTo {
  readonly chatId?: number | undefined;
  /** Key of the message that it answers. */
  readonly replyToKey?: string | undefined;
}

/** What came of an owner's wish that an agent writes its WORKSTATE.md now. */
export type WriteWish =
  | 'asked'
  | 'asked-before'
  | 'idle'
  /** Its program reads nothing while it works, or not right now. */
  | 'cannot'
  /** It is being stopped. */
  | 'ending';

/** Owners who wait for a WORKSTATE.md: wishes, and the messages that answer them. Each call is one transaction. */
export interface OwnerAnswers {
  want(agent: Agent, by: string, to: AnswerTo): WriteWish;
  /** Answers those whose wait is over. */
  settle(): void;
}

interface Waiting extends AnswerTo {
  readonly runId: number;
  readonly since: number;
}

/** Builds the answers; `show` says what there is, below a line of why. */
export function createOwnerAnswers(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly checkpoints: Pick<Checkpoints, 'isWritten'>;
  readonly show: (agent: Agent, why?: string) => Content;
  readonly canBeAsked: (runId: number) => boolean;
}): OwnerAnswers {
  const { fleet, storage, clock, outbox } = options;
  /** Agents whose owner waits; known from their rows once after each start. */
  let waiting: Set<string> | undefined;

  function read(agent: string): Waiting | undefined {
    const value = storage.settings.get(keyOf(agent));
    return value === undefined || value === '' ? undefined : (JSON.parse(value) as Waiting);
  }

  /** Why the wait is over, in words; undefined: it is not. */
  function judge(agent: Agent, { runId, since }: Waiting, run: RunRow | undefined): string | undefined {
    if (options.checkpoints.isWritten({ id: runId }, since)) return `${agent.name} has written it.`;
    if (run === undefined || run.endedAt !== null)
      return `${agent.name}’s run ended before it had written it; this is what there is.`;
    if (clock.now() - since >= OWNER_WAIT_MS)
      return `${agent.name} has not written it within five minutes; this is what there is.`;
    return undefined;
  }

  function answer(agent: Agent, wish: Waiting, why: string): void {
    const { chatId, replyToKey, runId, since } = wish;
    storage.settings.set(keyOf(agent.name), '');
    const run = storage.runs.get(runId);
    if (run?.flushReason === 'owner' && run.endedAt === null) storage.runs.endFlush(runId);
    outbox.send({
      key: `workstate:${runId}:${since}`,
      class: 'reply',
      content: options.show(agent, why),
      ...(chatId === undefined ? {} : { chatId }),
      ...(replyToKey === undefined ? {} : { replyToKey }),
    });
  }

  return {
    want: (agent, by, to) =>
      storage.transaction(() => {
        const run = storage.runs.aliveOf(agent.name);
        if (run === undefined) return 'idle';
        if (run.stopWantedAt !== null) return 'ending';
        if (read(agent.name)?.runId === run.id) return 'asked-before';
        if (run.flushReason === null) {
          if (!options.canBeAsked(run.id)) return 'cannot';
          const now = clock.now();
          storage.runs.wantFlush(run.id, 'owner', now);
          storage.runs.flushAsked(run.id, now);
        }
        const wish: Waiting = { runId: run.id, since: run.flushAskedAt ?? clock.now(), ...to };
        storage.settings.set(keyOf(agent.name), JSON.stringify(wish));
        waiting?.add(agent.name);
        storage.journal.add({
          at: clock.now(),
          subject: `agent:${agent.name}`,
          event: 'WORKSTATE.md wanted',
          actor: by,
          detail: null,
        });
        return 'asked';
      }),

    settle() {
      waiting ??= new Set(fleet.agents.keys());
      for (const name of waiting) {
        const agent = fleet.agents.get(name);
        const wish = agent === undefined ? undefined : read(name);
        if (agent === undefined || wish === undefined) {
          waiting.delete(name);
          continue;
        }
        const why = judge(agent, wish, storage.runs.get(wish.runId));
        if (why !== undefined) storage.transaction(() => answer(agent, wish, why));
      }
    },
  };
}

function keyOf(agent: string): string {
  return `workstate wanted:${agent}`;
}
