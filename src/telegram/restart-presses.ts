import type { Storage } from '../../storage/storage.ts';
import { LEAVE, restartBinding } from '../restart/restart.ts';
import type { Restarter } from '../restart/restarter.ts';
import type { CallbackData } from './callback-data.ts';
import { NOT_OURS, type HandlersOf } from './press.ts';

/** Builds the handlers of the buttons below a restart that waits: Now, and Leave it. */
export function createRestartPresses(options: {
  readonly storage: Storage;
  readonly callbackData: CallbackData;
  readonly restarter: Pick<Restarter, 'hurry' | 'drop'>;
}): HandlersOf<'leave'> {
  return {
    leave(press, { actor }) {
      const row = options.storage.selfRestarts.get(press.id);
      if (row === undefined || !options.callbackData.verify(press, restartBinding(row))) return NOT_OURS;
      const { restarter } = options;
      return { text: press.revision === LEAVE.now ? restarter.hurry(row.id, actor) : restarter.drop(row.id, actor) };
    },
  };
}
