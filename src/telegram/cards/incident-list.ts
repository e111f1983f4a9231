import type { IncidentRow } from '../../../storage/incident-store.ts';
import type { CallbackData } from '../callback-data.ts';
import type { Button } from '../outbox.ts';
import { incidentSign, incidentTitle, isSilenced } from './incident-words.ts';
import { incidentButton } from './status-buttons.ts';
import { bold, clockTime, count, duration, line, lines, type Piece, shorten } from './words.ts';

/** What a screen bears; the rest is a number. */
const MOST_OPEN = 15;
const BUTTONS_IN_A_ROW = 4;
const LONGEST_TITLE = 110;
const LONGEST_DETAIL = 60;

/** An open incident as the list shows it. */
export interface ListedIncident {
  readonly incident: IncidentRow;
  readonly agents: readonly string[];
  /** Whether Telegram has shown it, in words. */
  readonly delivery: Piece;
}

/** /incidents: what is open, worst first, and what was over last. */
export function renderIncidentList(
  open: readonly ListedIncident[],
  resolved: readonly IncidentRow[],
  setting: { readonly timezone: string; readonly now: number },
): Piece {
  const shown = open.slice(0, MOST_OPEN);
  return lines(
    bold(open.length === 0 ? '🟢 No incident is open' : `${count(open.length, 'open incident')}`),
    ...shown.map((listed) => renderOpen(listed, setting)),
    open.length > MOST_OPEN ? `… and ${open.length - MOST_OPEN} more: /incidents NUMBER shows one` : undefined,
    resolved.length === 0 ? undefined : line('\n', bold('Over:')),
    ...resolved.map((incident) => {
      const lasted = duration((incident.resolvedAt ?? incident.lastSeenAt) - incident.openedAt);
      const ago = duration(setting.now - (incident.resolvedAt ?? setting.now));
      const cost = incident.cost ? ` · ${shorten(incident.cost, LONGEST_DETAIL)}` : '';
      return `${incidentSign(incident)} #${incident.id} ${shorten(incidentTitle(incident), 80)} · lasted ${lasted}, over for ${ago}${cost}`;
    }),
  );
}

/** Each open incident's card a tap away, four in a row: `🔴 #1234` takes a quarter of a phone. */
export function listButtons(open: readonly ListedIncident[], callbackData: CallbackData): Button[][] {
  const buttons = open
    .slice(0, MOST_OPEN)
    .map(({ incident }) => incidentButton(`${incidentSign(incident)} #${incident.id}`, incident.id, callbackData));
  return Array.from({ length: Math.ceil(buttons.length / BUTTONS_IN_A_ROW) }, (_, row) =>
    buttons.slice(row * BUTTONS_IN_A_ROW, (row + 1) * BUTTONS_IN_A_ROW),
  );
}

/** All names, or, where not all of them fit, how many: which of them are cut off would say nothing. */
function namesOrCount(agents: readonly string[]): string {
  const names = agents.join(', ');
  return names.length <= LONGEST_DETAIL || agents.length === 1
    ? shorten(names, LONGEST_DETAIL)
    : count(agents.length, 'agent');
}

function renderOpen(
  { incident, agents, delivery }: ListedIncident,
  { timezone, now }: { readonly timezone: string; readonly now: number },
): Piece {
  const at = (time: number): Piece => clockTime(time, timezone, now);
  return line(
    `${incidentSign(incident)} #${incident.id} `,
    bold(shorten(incidentTitle(incident), LONGEST_TITLE)),
    `\n    for ${duration(now - incident.openedAt)}`,
    agents.length === 0 ? '' : ` · ${namesOrCount(agents)}`,
    line(' · ', delivery),
    incident.fallbackAt === null ? '' : line(' · fallback told ', at(incident.fallbackAt)),
    incident.acknowledgedAt === null ? '' : line(' · acknowledged ', at(incident.acknowledgedAt)),
    isSilenced(incident, now) ? line(' · 🔕 until ', at(incident.silencedUntil ?? 0)) : '',
  );
}
