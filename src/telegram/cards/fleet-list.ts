import { type AgentStatus, signOf } from '../../vigil/status.ts';
import { MOST_AGENT_BUTTONS } from './agent-buttons.ts';
import { bold, clockTime, count, italic, line, lines } from './words.ts';

/** Whoever is worst off is named above the buttons, as far as a few lines go. */
const MOST_NAMED = 6;

/** Which page of the list an agent is on; the pages are counted from 0. */
export function pageOf(index: number): number {
  return Math.floor(Math.max(0, index) / MOST_AGENT_BUTTONS);
}

/** What stands on a page of the list; `first` counts from 0. */
export interface ListPage<Item> {
  readonly page: number;
  readonly pages: number;
  readonly first: number;
  readonly shown: readonly Item[];
}

/**
 * Cuts the page that is wanted out of the list, in the order of fleet.yaml: what stands where does not change with how an agent fares, so
 * that nobody taps the wrong one. The last page where there are fewer: the fleet may have become smaller since the button was made.
 */
export function cutPage<Item>(items: readonly Item[], wanted: number): ListPage<Item> {
  const pages = Math.max(1, Math.ceil(items.length / MOST_AGENT_BUTTONS));
  const page = Math.min(wanted, pages - 1);
  const first = page * MOST_AGENT_BUTTONS;
  return { page, pages, first, shown: items.slice(first, first + MOST_AGENT_BUTTONS) };
}

/** What stands above the buttons of the list: how many fare how, and on each page who is worst off. */
export function renderFleetList(
  agents: readonly AgentStatus[],
  wanted: number,
  { timezone, now }: { readonly timezone: string; readonly now: number },
): ReturnType<typeof lines> {
  const { pages, first, shown } = cutPage(agents, wanted);
  const amiss = agents.filter(({ condition }) => condition === 'held' || condition === 'failed');
  const running = agents.filter(({ condition }) => condition === 'running').length;
  const named = amiss.slice(0, MOST_NAMED).map((agent) => `${signOf(agent)} ${agent.name}`);
  return lines(
    bold(`The fleet: ${count(agents.length, 'agent')}`),
    `${running} running, ${amiss.length} held or failed`,
    amiss.length === 0
      ? undefined
      : `${named.join(' · ')}${amiss.length > MOST_NAMED ? ` and ${amiss.length - MOST_NAMED} more` : ''}`,
    pages === 1 ? undefined : `${first + 1} to ${first + shown.length} of ${agents.length}`,
    italic(line('Updated ', clockTime(now, timezone, now, 'second'))),
  );
}
