import type { IncidentKind, IncidentRow } from '../../../storage/incident-store.ts';
import type { Content } from '../outbox.ts';
import type { CardSetting } from './draft-card.ts';
import { countKind, incidentSign, incidentTitle } from './incident-words.ts';
import { bold, count, duration, line, lines, type Piece, richText, shorten } from './words.ts';

/** What a screen shows without scrolling for long. */
const MOST_LINES = 20;
const LONGEST_LINE = 110;
const LONGEST_COST = 60;
/** What a press on a storm's Ack carries as its revision, so that it is never taken for the Ack of one incident. */
export const WHOLE_STORM = 1;

/** What the Ack of a storm is bound to: all messages that tell of it. */
export function stormBinding(firstId: number): string {
  return `storm:${firstId}`;
}

/** The message about many incidents at once: how many of each kind, the critical ones first, and one Ack for all of it. */
export function renderStorm(
  storm: {
    /** The incident by which its key is named. */
    readonly firstId: number;
    readonly incidents: readonly IncidentRow[];
    /** They were held back while Telegram could not be reached. */
    readonly isBacklog: boolean;
  },
  setting: CardSetting,
): Content {
  const { incidents } = storm;
  const open = incidents.filter(({ state }) => state !== 'resolved');
  const firing = open.filter(({ state }) => state === 'firing');
  const title = storm.isBacklog
    ? `While Telegram could not be reached: ${count(incidents.length, 'incident')}`
    : `${count(incidents.length, 'incident')} more at once`;
  const sorted = [...incidents].sort((a, b) => rank(a) - rank(b) || a.id - b.id);
  const body = lines(
    bold(`${firing.length > 0 ? '⚡️' : '🟢'} ${title}`),
    `${countKinds(incidents)}.${open.length < incidents.length ? ` Over: ${incidents.length - open.length}.` : ''}${open.length > firing.length ? ` Acknowledged: ${open.length - firing.length}.` : ''}`,
    ...sorted.slice(0, MOST_LINES).map(renderLine),
    incidents.length > MOST_LINES ? `… and ${incidents.length - MOST_LINES} more` : undefined,
    '/incidents shows all',
  );
  const ack = { verb: 'ack' as const, id: storm.firstId, revision: WHOLE_STORM };
  return {
    kind: 'text',
    body: richText(body),
    buttons:
      firing.length === 0
        ? []
        : [[{ text: `Ack all ${firing.length}`, data: setting.callbackData.sign(ack, stormBinding(storm.firstId)) }]],
  };
}

/** The one silent message about many that are over. */
export function renderRecoveries(incidents: readonly IncidentRow[]): Content {
  return {
    kind: 'text',
    body: richText(
      lines(
        bold(`🟢 ${count(incidents.length, 'more incident is', 'more incidents are')} over`),
        ...incidents.slice(-MOST_LINES).map((incident) => {
          const lasted = duration((incident.resolvedAt ?? incident.lastSeenAt) - incident.openedAt);
          return `#${incident.id} ${shorten(incidentTitle(incident), LONGEST_LINE)} · ${lasted}${incident.cost ? ` · ${shorten(incident.cost, LONGEST_COST)}` : ''}`;
        }),
        incidents.length > MOST_LINES ? `… and ${incidents.length - MOST_LINES} more: /incidents` : undefined,
      ),
    ),
  };
}

/** Open criticals first, what is over last. */
function rank(incident: IncidentRow): number {
  if (incident.state === 'resolved') return 4;
  return (incident.severity === 'critical' ? 0 : 2) + (incident.state === 'firing' ? 0 : 1);
}

function renderLine(incident: IncidentRow): Piece {
  const title = shorten(incidentTitle(incident), LONGEST_LINE);
  const words = `${incidentSign(incident)} #${incident.id} ${incident.state === 'resolved' ? 'Over: ' : ''}`;
  return incident.severity === 'critical' && incident.state === 'firing'
    ? line(words, bold(title))
    : `${words}${title}`;
}

function countKinds(incidents: readonly IncidentRow[]): string {
  const counts = new Map<IncidentKind, number>();
  for (const { kind } of incidents) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts]
    .toSorted((a, b) => b[1] - a[1])
    .map(([kind, n]) => countKind(n, kind))
    .join(', ');
}
