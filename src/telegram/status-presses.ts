import type { Storage } from '../../storage/storage.ts';
import type { ChecklistRoom } from '../checklist/checklist.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { CallbackData } from './callback-data.ts';
import { STATUS_BINDING, STATUS_CHOICES } from './cards/status-buttons.ts';
import type { FleetScreens } from './fleet-screens.ts';
import type { Content, Outbox } from './outbox.ts';
import { type HandlersOf, NOT_OURS } from './press.ts';
import { createPressedMessage } from './pressed-message.ts';

/** Builds the handlers of the buttons below /status and /incidents: they show, and change nothing. */
export function createStatusPresses(options: {
  readonly storage: Storage;
  readonly outbox: Outbox;
  readonly callbackData: CallbackData;
  readonly screens: Pick<FleetScreens, 'status'>;
  readonly incidents: Pick<IncidentRegister, 'card'>;
  readonly showIncidents: () => Content;
  /** Opens a review of the whole desk, in a message of that key. */
  readonly openDrafts: (messageKey: string, chatId: number | undefined) => Content;
  readonly checklist: Pick<ChecklistRoom, 'show' | 'want'>;
}): HandlersOf<'status' | 'incidents'> {
  const { callbackData, screens } = options;
  const message = createPressedMessage(options);

  return {
    status(press, pressed) {
      if (!callbackData.verify(press, STATUS_BINDING)) return NOT_OURS;
      if (press.choice === STATUS_CHOICES.drafts) {
        const content = options.openDrafts(`drafts:${pressed.updateId}`, pressed.message?.chatId);
        message.answer(pressed, 'drafts', content);
      } else if (press.choice === STATUS_CHOICES.checklist) {
        options.checklist.want(message.answer(pressed, 'checklist', options.checklist.show()));
      } else message.show(pressed, screens.status());
      return { text: '' };
    },
    incidents(press, pressed) {
      if (!callbackData.verify(press, STATUS_BINDING)) return NOT_OURS;
      const card = press.id === 0 ? options.showIncidents() : options.incidents.card(press.id);
      if (card === undefined) return { text: `Incident ${press.id} is no longer kept.`, alert: true };
      message.answer(pressed, 'incident-shown', card);
      return { text: '' };
    },
  };
}
