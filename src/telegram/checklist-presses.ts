import type { Storage } from '../../storage/storage.ts';
import type { ChecklistRoom } from '../checklist/checklist.ts';
import type { MendButton } from '../checklist/item.ts';
import type { Fleet } from '../config/fleet.ts';
import { DRILL_KINDS } from '../drills/drill.ts';
import type { CallbackData } from './callback-data.ts';
import { mendBinding, mendKind } from './cards/checklist-card.ts';
import { NOT_OURS, type PressedButton, type HandlersOf, type ReadPress } from './press.ts';

/** How soon a mend may show: a check or a copy takes seconds, a drill half a minute. */
const SHOWS_IN_MS: Readonly<Record<MendButton['kind'], number>> = {
  check: 5_000,
  backup: 5_000,
  reauth: 60_000,
  drill: 30_000,
};

/** Builds the handlers of the checklist's buttons. */
export function createChecklistPresses(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly callbackData: CallbackData;
  readonly checklist: Pick<ChecklistRoom, 'want' | 'mend'>;
}): HandlersOf<'checklist' | 'mend'> {
  const { fleet, storage, callbackData, checklist } = options;

  function meant(press: ReadPress): MendButton | undefined {
    return candidates(press).find((button) => callbackData.verify(press, mendBinding(button)));
  }

  function candidates(press: ReadPress): readonly MendButton[] {
    const kind = mendKind(press.choice);
    switch (kind) {
      case undefined:
      case 'refresh':
        return [];
      case 'backup':
        return [{ kind }];
      case 'drill':
        return DRILL_KINDS.map((drill) => ({ kind, drill }));
      case 'check':
      case 'reauth':
        return [...fleet.credentials.keys()].map((credential) => ({ kind, credential }));
    }
  }

  function keyOf({ message }: PressedButton): string | undefined {
    return message === undefined ? undefined : storage.outbox.byMessage(message.chatId, message.messageId)?.key;
  }

  return {
    checklist(press, pressed) {
      if (!callbackData.verify(press, mendBinding({ kind: 'refresh' }))) return NOT_OURS;
      const key = keyOf(pressed);
      if (key === undefined)
        return { text: 'This message is too old for me to change it. Ask for /checklist.', alert: true };
      checklist.want(key);
      return { text: 'Looking…' };
    },

    mend(press, pressed) {
      const button = meant(press);
      if (button === undefined) return NOT_OURS;
      const key = keyOf(pressed);
      const { said, isWanted } = checklist.mend(button, pressed.actor, pressed.message?.chatId);
      if (isWanted && key !== undefined) checklist.want(key, SHOWS_IN_MS[button.kind]);
      return { text: said, alert: !isWanted };
    },
  };
}
