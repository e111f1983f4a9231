import type { RunRow } from '../../storage/run-store.ts';
import type { Agent } from '../config/fleet.ts';

/** When an agent is asked for a sign of life: after this part of its period without one, so that there is time to answer. */
const ASKED_AFTER = 0.6;

/** A time at which a run showed that it is alive, and by what. */
export interface Sign {
  readonly at: number;
  readonly by: 'its start' | 'a beat' | 'progress' | 'something new that it did' | 'output';
}

/** What is known of a run beyond its row, as far as its program is ours. */
export interface SignsSeen {
  readonly livelyAt: number | undefined;
  readonly outputAt: number | undefined;
}

/**
 * The newest sign of life of a run. Nothing that we do ourselves is among them, nor what its CLI does by itself: only of a program that is
 * no known CLI any output counts, since it has no other way to show that it is alive. What lies in the future is of now.
 */
export function lastSignOf(run: RunRow, runtime: Agent['runtime'], seen: SignsSeen, now: number): Sign {
  const signs: readonly (readonly [Sign['by'], number | null | undefined])[] = [
    ['its start', run.startedAt ?? run.wantedAt],
    ['output', runtime === 'command' ? Math.max(run.outputAt ?? 0, seen.outputAt ?? 0) : undefined],
    ['something new that it did', Math.max(run.livelyAt ?? 0, seen.livelyAt ?? 0)],
    ['progress', run.progressAt],
    ['a beat', run.beatAt],
  ];
  return signs
    .map(([by, at]): Sign => ({ by, at: Math.min(at ?? 0, now) }))
    .reduce((newest, sign) => (sign.at >= newest.at ? sign : newest));
}

/** What decides about a run's heartbeat. */
export interface HeartbeatFacts {
  readonly now: number;
  readonly periodMs: number;
  /** The newest sign of life. */
  readonly signAt: number;
  /** From when on one is owed: before that the agent waited for its owner, or was in the middle of a step that it had declared. */
  readonly owedSince: number;
  /** When it was last asked for one. */
  readonly askedAt: number | null;
  readonly canBeAsked: boolean;
}

/** Whether the heartbeat was missed, or the agent is to be asked; `nextAt` is when that can change by itself. */
export type HeartbeatVerdict =
  | { readonly kind: 'fine'; readonly nextAt: number }
  | { readonly kind: 'ask'; readonly nextAt: number }
  | { readonly kind: 'missed'; readonly silentMs: number };

/** Decides about one run. It is asked once in a period. */
export function decideHeartbeat(facts: HeartbeatFacts): HeartbeatVerdict {
  const { now, periodMs, askedAt } = facts;
  const since = Math.max(facts.signAt, facts.owedSince);
  const missedAt = since + periodMs;
  if (now >= missedAt) return { kind: 'missed', silentMs: now - facts.signAt };
  const askAt = Math.ceil(since + ASKED_AFTER * periodMs);
  const isAsked = askedAt !== null && askedAt >= since;
  if (isAsked || !facts.canBeAsked) return { kind: 'fine', nextAt: missedAt };
  return now >= askAt ? { kind: 'ask', nextAt: missedAt } : { kind: 'fine', nextAt: askAt };
}
