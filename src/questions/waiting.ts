import type { Storage } from '../../storage/storage.ts';
import type { Clock } from '../ports.ts';
import type { Look, Questions } from './questions.ts';

/** Waits until a question is settled, `forMs` have passed or whoever asked is gone; gives how it stands then. */
export type AnswerWait = (run: { readonly run: number }, id: number, forMs: number, gone: AbortSignal) => Promise<Look>;

/** Builds the waiting. Its callers bound how many wait: each of them holds a connection. */
export function createAnswerWait(options: {
  readonly questions: Questions;
  readonly storage: Storage;
  readonly clock: Clock;
}): AnswerWait {
  const { questions, storage, clock } = options;
  const waiting = new Set<() => void>();
  storage.onChange('runs', () => {
    for (const look of waiting) look();
  });

  return (run, id, forMs, gone) =>
    new Promise((resolve) => {
      function end(look: Look): void {
        waiting.delete(lookAgain);
        cancelTimer();
        gone.removeEventListener('abort', leave);
        resolve(look);
      }
      function lookAgain(): void {
        const look = questions.look(run, id);
        if (look.kind !== 'open') end(look);
      }
      // Nobody reads this any more, and the database may be closed already.
      const leave = (): void => end({ kind: 'open' });
      const cancelTimer = clock.after(forMs, () => end(questions.look(run, id)));
      gone.addEventListener('abort', leave);
      waiting.add(lookAgain);
      if (gone.aborted) leave();
      else lookAgain();
    });
}
