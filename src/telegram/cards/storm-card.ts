import type { IncidentKind, IncidentRow } from '../../../storage/incident-store.ts';
import type { Button, Content } from '../outbox.ts';
import type { CardSetting } from './draft-card.ts';
import type { Mend } from './incident-card.ts';
import { countKind, incidentSign, incidentTitle } from './incident-words.ts';
import { bold, count, duration, line, lines, type Piece, richText, shorten } from './words.ts';

/** What a screen shows without scrolling for long. */
const MOST_LINES = 20;
const LONGEST_LINE = 110;
const LONGEST_COST = 60;
/** Rows of buttons that leave the words in sight; what else there is, /incidents shows. */
const MOST_MENDS = 5;
const LONGEST_SUBJECT = 40;
/** What a press on a storm's Ack carries as its revision, so that it is never taken for the Ack of one incident. */
export const WHOLE_STORM = 1;

/** What the Ack of a storm is bound to: all messages that tell of it. */
export function stormBinding(firstId: number): string {
  return `storm:${firstId}`;
}

/** The message about many incidents at once: how many of each kind, the critical ones first, what mends them, and one Ack for all of it. */
export function renderStorm(
  storm: {
    /** The incident by which its key is named. */
    readonly firstId: number;
    readonly incidents: readonly IncidentRow[];
    /** They were held back while Telegram could not be reached. */
    readonly isBacklog: boolean;
    /** The buttons that mend one of them: told here, it has no card of its own to press them on. */
    readonly mendsOf: (incident: IncidentRow) => readonly Mend[];
  },
  setting: CardSetting,
): Content {
  const { incidents } = storm;
  const open = incidents.filter(({ state }) => state !== 'resolved');
  const firing = open.filter(({ state }) => state === 'firing');
  const title = titleOf(incidents, open, storm.isBacklog);
  const sorted = [...incidents].sort((a, b) => rank(a) - rank(b) || a.id - b.id);
  const body = lines(
    bold(`${signOf(open.length, firing.length)} ${title}`),
    `${countKinds(incidents)}.${open.length < incidents.length ? ` Over: ${incidents.length - open.length}.` : ''}${open.length > firing.length ? ` Acknowledged: ${open.length - firing.length}.` : ''}`,
    ...sorted.slice(0, MOST_LINES).map(renderLine),
    incidents.length > MOST_LINES ? `… and ${incidents.length - MOST_LINES} more` : undefined,
    '/incidents shows all',
  );
  const ack = { verb: 'ack' as const, id: storm.firstId, revision: WHOLE_STORM };
  const quieting: Button[][] =
    firing.length === 0
      ? []
      : [
          [
            {
              text: firing.length === 1 ? 'Ack' : `Ack all ${firing.length}`,
              data: setting.callbackData.sign(ack, stormBinding(storm.firstId)),
            },
          ],
        ];
  const mending = sorted.flatMap((incident) => mendingButton(incident, storm.mendsOf(incident), setting));
  return {
    kind: 'text',
    body: richText(body),
    buttons: [...mending.slice(0, MOST_MENDS).map((button) => [button]), ...quieting],
  };
}

/** What is acknowledged is not over: only then is it green. */
function signOf(open: number, firing: number): string {
  if (open === 0) return '🟢';
  return firing > 0 ? '⚡️' : '👀';
}

function titleOf(incidents: readonly IncidentRow[], open: readonly IncidentRow[], isBacklog: boolean): string {
  const [only] = incidents;
  if (only !== undefined && incidents.length === 1)
    return `${isBacklog ? 'While Telegram could not be reached: ' : ''}${shorten(incidentTitle(only), LONGEST_LINE)}`;
  if (isBacklog) return `While Telegram could not be reached: ${count(incidents.length, 'incident')}`;
  // Told again, nothing of it is new.
  if (open.length > 0 && open.every(({ repeats }) => repeats > 0))
    return `Still open: ${count(open.length, 'incident')}`;
  return `${count(incidents.length, 'incident')} more at once`;
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

/** What mends an open incident, as one button that names it; a log mends nothing. */
function mendingButton(incident: IncidentRow, mends: readonly Mend[], setting: CardSetting): readonly Button[] {
  const mend = mends.find(({ verb }) => verb !== 'log' && verb !== 'pause');
  if (mend === undefined || incident.state === 'resolved') return [];
  const press = { verb: mend.verb, id: incident.id, revision: mend.revision ?? 0 };
  return [
    {
      text: `${mend.label} ${shorten(incident.subject, LONGEST_SUBJECT)}`,
      data: setting.callbackData.sign(press, incident.fingerprint),
      style: 'primary',
    },
  ];
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
