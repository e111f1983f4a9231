import { type AgentStatus, signOf } from '../../vigil/status.ts';
import type { CallbackData } from '../callback-data.ts';
import type { Button, Content } from '../outbox.ts';
import { agentButton, layOut, MOST_AGENT_BUTTONS, pageButton } from './agent-buttons.ts';
import { statusButton } from './status-buttons.ts';
import { bold, clockTime, count, italic, line, lines, richText } from './words.ts';

/** Whoever is worst off is named above the buttons, as far as a few lines go. */
const MOST_NAMED = 6;

/** Which page of the list an agent is on; the pages are counted from 0. */
export function pageOf(index: number): number {
  return Math.floor(Math.max(0, index) / MOST_AGENT_BUTTONS);
}

/**
 * The fleet as buttons, a page at a time, in the order of fleet.yaml: what stands where does not change with how an agent fares, so that
 * nobody taps the wrong one. Who is worst off is said above them.
 */
export function renderFleetList(
  agents: readonly AgentStatus[],
  wanted: number,
  setting: { readonly timezone: string; readonly now: number; readonly callbackData: CallbackData },
): Content {
  const { now, callbackData } = setting;
  const pages = Math.max(1, Math.ceil(agents.length / MOST_AGENT_BUTTONS));
  // The fleet may have become smaller since the button was made.
  const page = Math.min(wanted, pages - 1);
  const first = page * MOST_AGENT_BUTTONS;
  const shown = agents.slice(first, first + MOST_AGENT_BUTTONS);
  const amiss = agents.filter(({ condition }) => condition === 'held' || condition === 'failed');
  const running = agents.filter(({ condition }) => condition === 'running').length;
  const named = amiss.slice(0, MOST_NAMED).map((agent) => `${signOf(agent)} ${agent.name}`);
  const body = lines(
    bold(`The fleet: ${count(agents.length, 'agent')}`),
    `${running} running, ${amiss.length} held or failed`,
    amiss.length === 0
      ? undefined
      : `${named.join(' · ')}${amiss.length > MOST_NAMED ? ` and ${amiss.length - MOST_NAMED} more` : ''}`,
    pages === 1 ? undefined : `${first + 1} to ${first + shown.length} of ${agents.length}`,
    italic(line('Updated ', clockTime(now, setting.timezone, now, 'second'))),
  );
  const turns: Button[] = [
    ...(page === 0 ? [] : [pageButton('« Back', page - 1, callbackData)]),
    ...(page === pages - 1 ? [] : [pageButton('Next »', page + 1, callbackData)]),
  ];
  return {
    kind: 'text',
    body: richText(body),
    buttons: [
      ...layOut(shown.map((agent) => agentButton(`${signOf(agent)} ${agent.name}`, 'panel', agent.name, callbackData))),
      ...(turns.length === 0 ? [] : [turns]),
      [pageButton('Refresh', page, callbackData), statusButton('Status', 'show', callbackData)],
    ],
  };
}
