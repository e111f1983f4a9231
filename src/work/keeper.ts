import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock, Log } from '../ports.ts';
import { CONTEXT_COMPACTED, CONTEXT_FLUSHED, CONTEXT_FULL, fillOf, PAUSED } from '../runs/context-stops.ts';
import type { RunKeeper } from '../runs/run-keeper.ts';
import { createWorker, isPassingStorageTrouble, type Worker } from '../worker.ts';
import type { Checkpoints } from './checkpoints.ts';
import { compactedTrouble } from './context-words.ts';
import { correctionWords, decideFill, decideFlushes, flushWords, PAUSE_GRACE_MS } from './flushing.ts';
import type { OwnerAnswers } from './owner-answers.ts';

/** How often files are looked at that are to be written. */
const EVERY_MS = 2_000;

/** The keeper of work beyond its context: it acts on what runs tell, and looks at its rows. */
export interface Keeper extends RunKeeper, Worker {}

/**
 * Builds the keeper.
 *
 * Each look: 1. grants the leases of those whose context fills up; 2. looks at the file of each run that was asked for it: once it is there,
 * the run is wanted to end, or goes on where only its owner asked; 3. ends the time of those that are to be paused; 4. answers owners.
 * The runner does the rest: it tells the agents, and ends runs.
 */
export function createKeeper(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly incidents: IncidentRegister;
  readonly checkpoints: Checkpoints;
  readonly answers: Pick<OwnerAnswers, 'settle'>;
  readonly close: RunKeeper['close'];
  /** Whether an agent would read a text now. */
  readonly canBeAsked: (runId: number) => boolean;
  /** Has an agent read a text. */
  readonly tell: (runId: number, text: string) => void;
  readonly onFatal: (error: unknown) => void;
}): Keeper {
  const { fleet, storage, clock, log, checkpoints } = options;
  /** Runs whose agents are to write: only their files are looked at when a tool has ended. */
  let awaited: ReadonlySet<number> = new Set();

  function isAwaited(run: RunRow): boolean {
    return run.flushAskedAt !== null && run.stopWantedAt === null;
  }

  /** Looks for what a run was asked to write; where it is there, what follows from it is wanted. */
  function lookFor(run: RunRow, now: number): void {
    const looked = checkpoints.look(run);
    if (looked.kind === 'refused') refuse(run, looked.reason, now);
    if (run.flushAskedAt === null) return;
    if (checkpoints.isWritten(run, run.flushAskedAt)) storage.transaction(() => follow(run, now));
    else if (run.flushReason === 'pause' && now - run.flushAskedAt >= PAUSE_GRACE_MS)
      storage.transaction(() => storage.runs.wantStop(run.id, PAUSED, now));
  }

  function follow(run: RunRow, now: number): void {
    switch (run.flushReason) {
      case 'context':
        storage.runs.wantStop(run.id, CONTEXT_FLUSHED, now);
        break;
      case 'pause':
        storage.runs.wantStop(run.id, PAUSED, now);
        break;
      default:
        storage.runs.endFlush(run.id);
    }
    log.info('run: it has written its WORKSTATE.md', { run: run.id, agent: run.agent, reason: run.flushReason });
  }

  function refuse(run: RunRow, reason: string, now: number): void {
    storage.transaction(() =>
      storage.journal.add({
        at: now,
        subject: `run:${run.id}`,
        event: 'WORKSTATE.md refused',
        actor: 'nightdesk',
        detail: reason,
      }),
    );
    options.tell(run.id, correctionWords(reason));
  }

  function leftOf(run: RunRow): number {
    return (fleet.agents.get(run.agent)?.context.stopPercent ?? 100) - (fillOf(run) ?? 0);
  }

  function look(): undefined {
    const now = clock.now();
    const granted = decideFlushes(storage.runs.alive(), now, ({ id }) => options.canBeAsked(id), leftOf);
    for (const id of granted) {
      const run = storage.runs.get(id);
      // What it wrote before it was asked is a version of its own.
      if (run !== undefined) checkpoints.look(run);
      storage.transaction(() => storage.runs.flushAsked(id, now));
    }
    const asked = storage.runs.alive().filter(isAwaited);
    awaited = new Set(asked.map(({ id }) => id));
    for (const run of asked) lookFor(run, now);
    options.answers.settle();
  }

  const worker = createWorker({ name: 'keeper', clock, log, everyMs: EVERY_MS, look, onFatal: options.onFatal });
  storage.onChange('runs', worker.nudge);

  return {
    ...worker,
    close: options.close,
    words: flushWords,

    filled(run, usedTokens, limitTokens) {
      const agent = fleet.agents.get(run.agent);
      // A publisher that is cut off leaves a draft of unknown fate.
      if (agent === undefined || run.publicationId !== null || limitTokens <= 0) return;
      const follows = decideFill((usedTokens / limitTokens) * 100, agent.context);
      if (follows === 'nothing') return;
      const now = clock.now();
      storage.transaction(() => {
        storage.runs.usage(run.id, {
          inputTokens: null,
          outputTokens: null,
          costMicroUsd: null,
          contextTokens: usedTokens,
          contextLimit: limitTokens,
        });
        if (follows === 'flush') return storage.runs.wantFlush(run.id, 'context', now);
        return (
          storage.runs.wantStop(run.id, CONTEXT_FULL, now) ||
          storage.runs.hurryStop(run.id, CONTEXT_FLUSHED, CONTEXT_FULL)
        );
      });
    },

    compacted(run, percent) {
      if (run.publicationId !== null) return;
      storage.transaction(() => {
        const now = clock.now();
        if (!storage.runs.compacted(run.id, now)) return;
        options.incidents.report(compactedTrouble(run, percent));
        if (!storage.runs.wantStop(run.id, CONTEXT_COMPACTED, now))
          storage.runs.hurryStop(run.id, CONTEXT_FLUSHED, CONTEXT_COMPACTED);
      });
    },

    toolEnded(run) {
      if (!awaited.has(run.id)) return;
      try {
        const current = storage.runs.get(run.id);
        if (current !== undefined && isAwaited(current)) lookFor(current, clock.now());
      } catch (error) {
        // The next look finds the same file.
        if (!isPassingStorageTrouble(error)) throw error;
      }
    },
  };
}
