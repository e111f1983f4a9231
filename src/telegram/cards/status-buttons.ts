import type { CallbackData } from '../callback-data.ts';
import type { Button } from '../outbox.ts';

/** What the buttons of /status are bound to, besides those of agents. */
export const STATUS_BINDING = 'status';

/** What a press on `status` asks for: its press carries it as its choice. */
export const STATUS_CHOICES = { show: 0, drafts: 1, checklist: 2 } as const;

/** A button that shows /status in place of what its message shows, or that opens the desk or the checklist below it. */
export function statusButton(text: string, choice: keyof typeof STATUS_CHOICES, callbackData: CallbackData): Button {
  const press = { verb: 'status' as const, id: 0, revision: 0, choice: STATUS_CHOICES[choice] };
  return { text, data: callbackData.sign(press, STATUS_BINDING) };
}

/** A button that shows an incident's card; with 0 it is the list of all. */
export function incidentButton(text: string, id: number, callbackData: CallbackData): Button {
  return { text, data: callbackData.sign({ verb: 'incidents', id, revision: 0 }, STATUS_BINDING) };
}
