import type { HoldRow } from '../../storage/hold-store.ts';
import type { SetBack } from '../../storage/set-back.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Desk } from '../drafts/desk.ts';
import type { Questions } from '../questions/questions.ts';
import { isUsageLimit } from '../runs/model-limits.ts';
import { count, duration } from '../telegram/cards/words.ts';

/** Moves back, with a clock that was set back, what was written down in the wrong time. */
export interface Resetting {
  /** Belongs into the transaction that tells of the jump; gives what was moved, in words, or '' when nothing was. */
  setBack(jump: SetBack): string;
}

/** What a hold becomes that was placed in the wrong time; undefined: it was not, and stays as it is. */
export function moveHold(hold: HoldRow, { now, byMs }: SetBack): Pick<HoldRow, 'since' | 'until'> | undefined {
  if (hold.since <= now) return undefined;
  const since = Math.min(now, hold.since - byMs);
  // The end of a month, and what a vendor says of its limit, are times of clocks that were not set back.
  const isAppointed = hold.kind === 'budget' || (hold.kind === 'backoff' && isUsageLimit(hold.reason));
  return { since, until: hold.until === null || isAppointed ? hold.until : hold.until - byMs };
}

/**
 * Builds the resetting.
 *
 * What began later than now was written down by the wrong clock: it is moved back whole, and so lasts as long as it was meant to. What began
 * earlier keeps its end, which is no further away than it was at first. A pause that does not say when it began - the next check, the next try
 * of a message - is moved back wherever it lies ahead: to try a little early harms nobody. Done twice, it changes nothing more but that.
 * Due times are the scheduler's own to plan anew.
 */
export function createResetting(options: {
  readonly storage: Storage;
  readonly desk: Pick<Desk, 'showAnew'>;
  readonly questions: Pick<Questions, 'showAnew'>;
}): Resetting {
  const { storage, desk, questions } = options;

  function moveHolds(jump: SetBack): number {
    const moved = storage.holds
      .active()
      .map((hold) => ({ id: hold.id, to: moveHold(hold, jump) }))
      .filter(({ to }) => to !== undefined);
    for (const { id, to } of moved) if (to !== undefined) storage.holds.move(id, to.since, to.until);
    return moved.length;
  }

  return {
    setBack(jump) {
      storage.runs.setBack(jump);
      storage.incidents.setBack(jump);
      storage.logins.setBack(jump);
      storage.clis.setBack(jump);
      storage.checkpoints.setBack(jump);
      storage.digests.setBack(jump);
      const drafts = storage.drafts.setBack(jump);
      storage.deskWatch.setBack(jump);
      const asked = storage.questions.setBack(jump);
      const moved = [
        [moveHolds(jump), 'hold'],
        [storage.credentials.setBack(jump), 'check'],
        [storage.rotations.setBack(jump), 'rotation'],
        [storage.outbox.setBack(jump), 'message'],
        [storage.fallbacks.setBack(jump), 'fallback'],
        [storage.publications.setBack(jump), 'publication'],
        [drafts.length, 'draft'],
        [asked.length, 'question'],
        [storage.silences.setBack(jump), 'silence'],
        [storage.tasks.setBack(jump), 'task'],
      ] as const;
      for (const id of drafts) desk.showAnew(id);
      for (const id of asked) questions.showAnew(id);
      const words = moved.filter(([n]) => n > 0).map(([n, what]) => count(n, what));
      storage.journal.add({
        at: jump.now,
        subject: 'clock',
        event: 'set back',
        actor: 'nightdesk',
        detail: `by ${duration(jump.byMs)}; moved with it: ${words.join(', ') || 'nothing'}`,
      });
      return words.join(', ');
    },
  };
}
