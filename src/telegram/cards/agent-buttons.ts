import type { CallbackData, Press, Verb } from '../callback-data.ts';
import type { Button } from '../outbox.ts';
import { shorten } from './words.ts';

/** More agents than this fill a phone: they come in pages, or as text. */
export const MOST_AGENT_BUTTONS = 20;
/** What half a message shows of a label before it is cut off, its sign included: a message of few words is narrower than the phone. */
const HALF_ROW = 15;
/** What a whole row shows. */
const WHOLE_ROW = 36;

/** What a button about the whole fleet is bound to. */
export const FLEET_BINDING = 'fleet';

/** What a press on `panel` asks for: its press carries it as its choice. */
export const PANEL_CHOICES = { show: 0, why: 1 } as const;
/** What a press on `stop` or `restart` asks for: the question, or the end of the run that it names. */
export const END_CHOICES = { ask: 0, yes: 1 } as const;

/** What a button about an agent is bound to: its name, so that no change of the list lets it act on another one. */
export function agentBinding(name: string): string {
  return `agent:${name}`;
}

/** A button about an agent. */
export function agentButton(
  text: string,
  verb: Verb,
  name: string,
  callbackData: CallbackData,
  more: { readonly choice?: number; readonly runId?: number; readonly style?: Button['style'] } = {},
): Button {
  const press: Press = { verb, id: 0, revision: more.runId ?? 0, choice: more.choice ?? 0 };
  const data = callbackData.sign(press, agentBinding(name));
  return more.style === undefined ? { text, data } : { text, data, style: more.style };
}

/** A button that turns a message into an agent's panel. */
export function panelButton(name: string, callbackData: CallbackData): Button {
  return agentButton('Panel', 'panel', name, callbackData);
}

/** A button that turns a message into the list of agents, at that page. */
export function pageButton(text: string, page: number, callbackData: CallbackData): Button {
  return { text, data: callbackData.sign({ verb: 'panel', id: 0, revision: 0, choice: page }, FLEET_BINDING) };
}

/** Ends the pause of the whole fleet. */
export function resumeAllButton(callbackData: CallbackData): Button {
  const press = { verb: 'resume' as const, id: 0, revision: 0, choice: 0 };
  return { text: 'Resume all', data: callbackData.sign(press, FLEET_BINDING) };
}

/** Lays buttons with names on them in two columns, in their order; a name that half a row would cut off has a row of its own. */
export function layOut<Labelled extends { readonly text: string }>(buttons: readonly Labelled[]): Labelled[][] {
  const rows: Labelled[][] = [];
  let open: Labelled[] | undefined;
  for (const button of buttons) {
    if (button.text.length > HALF_ROW) {
      rows.push([{ ...button, text: shorten(button.text, WHOLE_ROW) }]);
      open = undefined;
    } else if (open === undefined) {
      open = [button];
      rows.push(open);
    } else {
      open.push(button);
      open = undefined;
    }
  }
  return rows;
}
