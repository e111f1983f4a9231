import type { IncidentRow } from '../../../storage/incident-store.ts';
import type { CallbackData, Verb } from '../callback-data.ts';
import type { Button, Content } from '../outbox.ts';
import { bold, clockTime, count, duration, line, lines, type Piece, quote, richText, shorten } from './words.ts';
import type { CardSetting } from './draft-card.ts';

/** A line of output as evidence: enough to recognise the error, short enough for a glance. */
const LONGEST_EVIDENCE = 240;
const LONGEST_TITLE = 300;
const LONGEST_NOTE = 700;

/** A button that mends an incident. */
export interface Mend {
  readonly label: string;
  readonly verb: Verb;
}

/** Key of the message that tells of an incident. */
export function incidentKey(id: number): string {
  return `incident:${id}`;
}

/** The message of an incident: what is wrong, since when, what was seen, whom it holds, and the buttons that mend it. */
export function renderIncident(
  incident: IncidentRow,
  agents: readonly string[],
  mends: readonly Mend[],
  setting: CardSetting,
): Content {
  const resolved = incident.state === 'resolved';
  const holds = incident.kind === 'auth' ? (resolved ? 'Held' : 'Holds') : 'Concerns';
  const body = lines(
    bold(
      `${sign(incident)} ${resolved ? 'Over: ' : ''}${shorten(resolved ? overTitle(incident) : incident.title, LONGEST_TITLE)}`,
    ),
    agents.length === 0
      ? undefined
      : line(`${holds} ${count(agents.length, 'agent')}: `, bold(shorten(agents.join(', '), 900))),
    incident.evidence === '' ? undefined : line('What was seen:'),
    incident.evidence === '' ? undefined : quote(shorten(incident.evidence, LONGEST_EVIDENCE)),
    incident.note === null ? undefined : shorten(incident.note, LONGEST_NOTE),
    renderTimes(incident, setting),
  );
  return {
    kind: 'text',
    body: richText(body),
    buttons: resolved ? [] : [mendButtons(incident, mends, setting.callbackData)],
  };
}

/** The silent message that says that it is over, and what it cost. */
export function renderRecovery(incident: IncidentRow, cost: string): Content {
  const lasted = (incident.resolvedAt ?? incident.lastSeenAt) - incident.openedAt;
  return {
    kind: 'text',
    body: richText(
      lines(
        bold(`🟢 Recovered: ${shorten(overTitle(incident), LONGEST_TITLE)}`),
        `#${incident.id} lasted ${duration(lasted)}. ${shorten(cost, LONGEST_NOTE)}`,
      ),
    ),
  };
}

/** The title once it is over: a title in the present tense would read as if it were not. */
function overTitle(incident: IncidentRow): string {
  return incident.kind === 'auth' ? incident.title.replace(/ is dead$/, ' works again') : incident.title;
}

function sign(incident: IncidentRow): string {
  if (incident.state === 'resolved') return '🟢';
  return incident.severity === 'critical' ? '🔴' : '🟠';
}

function renderTimes(incident: IncidentRow, setting: CardSetting): Piece {
  const at = (time: number): Piece => clockTime(time, setting.timezone, setting.now);
  const times = incident.times > 1 ? ` · seen ${incident.times} times` : '';
  const head = line(`Incident ${incident.id} · since `, at(incident.openedAt), times);
  if (incident.resolvedAt !== null)
    return line(head, ` · over after ${duration(incident.resolvedAt - incident.openedAt)}`);
  return incident.acknowledgedAt === null ? head : line(head, ' · acknowledged ', at(incident.acknowledgedAt));
}

function mendButtons(incident: IncidentRow, mends: readonly Mend[], callbackData: CallbackData): readonly Button[] {
  const press = (verb: Verb): string => callbackData.sign({ verb, id: incident.id, revision: 0 }, incident.fingerprint);
  const buttons: Button[] = mends.map((mend) => ({
    text: mend.label,
    data: press(mend.verb),
    style: 'primary' as const,
  }));
  return incident.state === 'firing' ? [...buttons, { text: 'Ack', data: press('ack') }] : buttons;
}
