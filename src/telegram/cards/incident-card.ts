import type { IncidentRow } from '../../../storage/incident-store.ts';
import type { CallbackData, Verb } from '../callback-data.ts';
import type { Button, Content } from '../outbox.ts';
import type { CardSetting } from './draft-card.ts';
import { incidentSign, incidentTitle, isSilenced } from './incident-words.ts';
import { bold, clockTime, count, duration, line, lines, type Piece, quote, richText, shorten } from './words.ts';

/** A line of output as evidence: enough to recognise the error, short enough for a glance. */
const LONGEST_EVIDENCE = 240;
const LONGEST_NOTE = 700;
/** Of what follows from an incident so many are named. */
const MOST_FOLLOWERS = 6;

/** What a press carries as its revision: which of the two the button said. */
const SILENCE_ON = 0;
/** The revision of the button that ends a silence. */
export const SILENCE_OFF = 1;

/** A button that mends an incident. */
export interface Mend {
  readonly label: string;
  readonly verb: Verb;
  /** Which of several such buttons it is; 0 where there is one. */
  readonly revision?: number;
}

/** An incident with all that its card shows. */
export interface IncidentView {
  readonly incident: IncidentRow;
  readonly agents: readonly string[];
  readonly mends: readonly Mend[];
  /** What follows from it and is not told by itself: a kind and an agent each. */
  readonly followers: readonly { readonly kind: string; readonly subject: string }[];
}

/** The message of an incident: what is wrong, since when, what was seen, whom it holds, and the buttons that mend it. */
export function renderIncident(view: IncidentView, setting: CardSetting): Content {
  const { incident, agents, followers } = view;
  const resolved = incident.state === 'resolved';
  const holds = incident.kind === 'auth' ? (resolved ? 'Held' : 'Holds') : 'Concerns';
  const body = lines(
    bold(`${incidentSign(incident)} ${resolved ? 'Over: ' : ''}${incidentTitle(incident)}`),
    agents.length === 0
      ? undefined
      : line(`${holds} ${count(agents.length, 'agent')}: `, bold(shorten(agents.join(', '), 900))),
    incident.evidence === '' ? undefined : line('What was seen:'),
    incident.evidence === '' ? undefined : quote(shorten(incident.evidence, LONGEST_EVIDENCE)),
    incident.note === null || incident.note === '' ? undefined : shorten(incident.note, LONGEST_NOTE),
    incident.cost === null || incident.cost === '' ? undefined : incident.cost,
    renderFollowers(followers),
    renderTimes(incident, setting),
  );
  return { kind: 'text', body: richText(body), buttons: resolved ? [] : buttonsOf(view, setting) };
}

/** What is left of a message once a newer one tells of the same: no buttons, and where to look. */
export function renderReplaced(content: Content): Content {
  if (content.kind !== 'text') return content;
  const text = `${content.body.text}\n👇 Told again below.`;
  return { kind: 'text', body: { text, entities: content.body.entities }, buttons: [] };
}

/** The silent message that says that it is over, and what it cost. */
export function renderRecovery(incident: IncidentRow): Content {
  const lasted = (incident.resolvedAt ?? incident.lastSeenAt) - incident.openedAt;
  const cost = [incident.note ?? '', incident.cost ?? ''].filter((part) => part !== '').join(' ');
  return {
    kind: 'text',
    body: richText(
      lines(
        bold(`🟢 Recovered: ${incidentTitle(incident)}`),
        `Incident ${incident.id} lasted ${duration(lasted)}. ${shorten(cost, LONGEST_NOTE)}`,
      ),
    ),
  };
}

function renderFollowers(followers: IncidentView['followers']): Piece | undefined {
  if (followers.length === 0) return undefined;
  const named = followers.slice(0, MOST_FOLLOWERS).map(({ kind, subject }) => `${kind} of ${shorten(subject, 60)}`);
  const more = followers.length > MOST_FOLLOWERS ? ` and ${followers.length - MOST_FOLLOWERS} more` : '';
  return `Also: ${named.join(', ')}${more} (${followers.length === 1 ? 'follows' : 'follow'} from this)`;
}

function renderTimes(incident: IncidentRow, setting: CardSetting): Piece {
  const at = (time: number): Piece => clockTime(time, setting.timezone, setting.now);
  const seen = incident.times > 1 ? line(` · seen ${incident.times} times, last `, at(incident.lastSeenAt)) : '';
  const head = line(`Incident ${incident.id} · since `, at(incident.openedAt), seen);
  if (incident.resolvedAt !== null)
    return line(head, ` · over after ${duration(incident.resolvedAt - incident.openedAt)}`);
  return line(
    head,
    incident.repeats === 0 ? '' : ` · told again ${count(incident.repeats, 'time')}`,
    incident.acknowledgedAt === null ? '' : line(' · acknowledged ', at(incident.acknowledgedAt)),
    isSilenced(incident, setting.now) ? line(' · 🔕 silenced until ', at(incident.silencedUntil ?? 0)) : '',
  );
}

function buttonsOf({ incident, mends }: IncidentView, setting: CardSetting): readonly (readonly Button[])[] {
  const press = presser(incident, setting.callbackData);
  const mending: Button[] = mends.map((mend) => ({
    text: mend.label,
    data: press(mend.verb, mend.revision),
    style: 'primary' as const,
  }));
  const quieting: Button[] =
    incident.state !== 'firing'
      ? []
      : [
          { text: 'Ack', data: press('ack') },
          isSilenced(incident, setting.now)
            ? { text: 'End silence', data: press('silence', SILENCE_OFF) }
            : { text: 'Silence 2 h', data: press('silence', SILENCE_ON) },
        ];
  return [mending, quieting].filter((row) => row.length > 0);
}

function presser(incident: IncidentRow, callbackData: CallbackData) {
  return (verb: Verb, revision = 0): string =>
    callbackData.sign({ verb, id: incident.id, revision }, incident.fingerprint);
}
