import {
  bold,
  clockTime,
  count,
  dollarText,
  duration,
  LONGEST_TEXT,
  line,
  lines,
  type Piece,
  richText,
  shorten,
  tokenText,
} from '../telegram/cards/words.ts';
import type { Content } from '../telegram/outbox.ts';
import { type Change, names, renderChanges } from './changes-text.ts';
import type { AgentRuns, DigestFacts, Named } from './facts.ts';

/** What a phone shows without much scrolling, and how many characters of it are a line there. */
const MOST_LINES = 25;
const LINE_CHARS = 46;
/** However much there is to say of the rest, so many lines are for what changed. */
const LEAST_CHANGES = 10;
const MOST_AGENTS = 4;

/** What the text says besides its facts. */
export interface DigestWords {
  readonly timezone: string;
  /** Why it comes later than it was due; undefined: it does not. */
  readonly late?: string;
}

/** Whether there is nothing to tell of: nothing happened, nothing is wrong, nothing waits. */
export function isQuiet(facts: DigestFacts): boolean {
  const { desk, tasks, waits } = facts;
  return (
    // Whose login nothing has proved is told with the rest, but is no news.
    renderChanges({ ...facts, credentials: facts.credentials.filter(({ kind }) => kind !== 'unknown') }, 'UTC')
      .length === 0 &&
    renderDesk(desk).length + facts.runs.length + facts.lost.length + facts.running + facts.spentMicroUsd === 0 &&
    tasks.done + tasks.failed === 0 &&
    waits.drafts + waits.unknown + waits.questions + waits.unacknowledged === 0
  );
}

/** The text of a digest, on one screen of a phone: what changed first, then the desk, runs, money, tasks, and what waits for its owner. */
export function renderDigest(facts: DigestFacts, { timezone, late }: DigestWords): Content {
  const { fromAt, toAt } = facts;
  const head = line(
    bold('🗞 Digest'),
    ' · ',
    // With its date, whenever that is read.
    clockTime(fromAt, timezone, 0),
    ' – ',
    clockTime(toAt, timezone, fromAt),
    ` (${duration(toAt - fromAt)})`,
  );
  const above: Piece[] = late === undefined ? [head] : [head, `🕰 ${late}`];
  if (isQuiet(facts)) {
    const words = 'Nothing happened: no run, no draft, no incident, and nothing waits for you.';
    return { kind: 'text', body: richText(lines(...above, words)) };
  }
  const below = [
    ...renderDesk(facts.desk),
    ...renderRuns(facts),
    ...renderMoney(facts),
    ...renderTasks(facts),
    ...renderWaits(facts, timezone),
  ];
  const taken = [...above, ...below].reduce((sum: number, piece) => sum + heightOf(piece), 2);
  const room = Math.max(LEAST_CHANGES, MOST_LINES - taken);
  const changes = cut(renderChanges(facts, timezone), room);
  const body = richText(lines(...above, '', ...(changes.length === 0 ? [NOTHING_CHANGED] : changes), '', ...below));
  return {
    kind: 'text',
    body: body.text.length <= LONGEST_TEXT ? body : { text: shorten(body.text, LONGEST_TEXT), entities: [] },
  };
}

const NOTHING_CHANGED = 'No incident, and no agent or login stands otherwise than before.';

/** The first of them, as far as so many lines of a phone hold them. */
function cut(changes: readonly Change[], room: number): Piece[] {
  let shown = 0;
  for (let taken = 1; shown < changes.length; shown += 1) {
    taken += heightOf(changes[shown]?.words ?? '');
    if (taken > room) break;
  }
  // The last one needs no line that says what was left out.
  if (shown === changes.length - 1 && heightOf(changes[shown]?.words ?? '') === 1) shown += 1;
  const more = changes.length - shown;
  const words = changes.slice(0, shown).map((change) => change.words);
  return more === 0 ? words : [...words, `… and ${more} more: /incidents, /status`];
}

/** How many lines of a phone it takes. */
function heightOf(piece: Piece): number {
  const { length } = typeof piece === 'string' ? piece : piece.text;
  return Math.max(1, Math.ceil(length / LINE_CHARS));
}

function renderDesk(desk: DigestFacts['desk']): Piece[] {
  const approved = desk.approved.reduce((sum, { n }) => sum + n, 0);
  const expired = desk.expired.reduce((sum, { n }) => sum + n, 0);
  const parts = [
    desk.written === 0 ? undefined : `${desk.written} written`,
    approved === 0 ? undefined : `${approved} approved (${tallyWords(desk.approved)})`,
    desk.undone === 0 ? undefined : `${desk.undone} taken back`,
    desk.edited === 0 ? undefined : `${desk.edited} edited`,
    desk.rejected === 0 ? undefined : `${desk.rejected} rejected`,
    desk.published === 0 ? undefined : `${desk.published} published`,
    desk.failed === 0 ? undefined : `${desk.failed} not published`,
  ].filter((part) => part !== undefined);
  return [
    ...(parts.length === 0 ? [] : [line(bold('Drafts'), ` ${parts.join(' · ')}`)]),
    ...(expired === 0 ? [] : [`⌛️ ${count(expired, 'window')} missed: ${tallyWords(desk.expired)}`]),
    ...(desk.medianMs === null || desk.ninetiethMs === null ? [] : [describeWaits(desk.medianMs, desk.ninetiethMs)]),
  ];
}

/** How long drafts waited for a decision: half of them at most, and nine of ten. */
function describeWaits(medianMs: number, ninetiethMs: number): string {
  const [half, most] = [duration(medianMs), duration(ninetiethMs)];
  return half === most ? `⏱ decided within ${half}` : `⏱ decided within ${half} (half) and ${most} (90 %)`;
}

function renderRuns({ runs, running, lost }: DigestFacts): Piece[] {
  const of = (key: 'done' | 'failed' | 'stopped' | 'lost'): number => runs.reduce((sum, row) => sum + row[key], 0);
  const parts = [
    of('done') === 0 ? undefined : `${of('done')} done`,
    of('failed') === 0 ? undefined : `${of('failed')} failed`,
    of('stopped') === 0 ? undefined : `${of('stopped')} stopped`,
    of('lost') === 0 ? undefined : `${of('lost')} lost`,
    running === 0 ? undefined : `${running} running now`,
  ].filter((part) => part !== undefined);
  const shown = runs.slice(0, MOST_AGENTS).map(runWords);
  const more = runs.length > MOST_AGENTS ? ` · ${runs.length - MOST_AGENTS} more` : '';
  const given = lost.reduce((sum, { n }) => sum + n, 0);
  return [
    line(bold('Runs'), ` ${parts.length === 0 ? 'none' : parts.join(' · ')}`),
    ...(shown.length === 0 ? [] : [`${shown.join(' · ')}${more}`]),
    ...(given === 0 ? [] : [`⚠️ ${count(given, 'due time')} skipped or missed: ${tallyWords(lost)}`]),
  ];
}

function runWords({ agent, done, failed, stopped, lost, tokens }: AgentRuns): string {
  const bad = failed + lost;
  const ends = [
    done === 0 ? '' : ` ${done}✓`,
    bad === 0 ? '' : ` ${bad}✗`,
    stopped === 0 ? '' : ` ${stopped}⏹`,
    tokens === null ? '' : ` ${tokenText(tokens)} tok`,
  ];
  return `${shorten(agent, 24)}${ends.join('')}`;
}

function renderMoney({ spentMicroUsd, budget }: DigestFacts): Piece[] {
  const { fleet, month, silent, unmetered } = budget;
  const { purse, limitMicroUsd, forecast } = fleet;
  const unknown = [
    ...(silent.length === 0 ? [] : [`what ${names(silent)} cost is not told`]),
    ...(unmetered === 0
      ? []
      : [
          unmetered === 1
            ? '1 agent is a program and tells no costs'
            : `${unmetered} agents are programs and tell no costs`,
        ]),
  ].join('; ');
  const ofLimit =
    limitMicroUsd === undefined
      ? ''
      : ` of ${dollarText(limitMicroUsd)}${limitMicroUsd === 0 ? '' : ` (${Math.floor((purse.spentMicroUsd * 100) / limitMicroUsd)} %)`}`;
  if (purse.spentMicroUsd + spentMicroUsd === 0)
    return [line(bold('Money'), ` no cost told this month${unknown === '' ? '' : `; ${unknown}`}`)];
  return [
    line(
      bold('Money'),
      ` ${dollarText(spentMicroUsd)} · ${month.name} ${dollarText(purse.spentMicroUsd)}${ofLimit}, by its end about ${dollarText(forecast.microUsd)}`,
    ),
    ...(unknown === '' ? [] : [`${unknown[0]?.toUpperCase() ?? ''}${unknown.slice(1)}`]),
  ];
}

function renderTasks({ tasks }: DigestFacts): Piece[] {
  if (tasks.done + tasks.failed + tasks.open === 0) return [];
  const failed = tasks.failed === 0 ? '' : ` · ${tasks.failed} failed`;
  return [line(bold('Tasks'), ` ${tasks.done} done${failed} · ${tasks.open} open`)];
}

function renderWaits({ waits, now }: DigestFacts, timezone: string): Piece[] {
  const parts = [
    waits.drafts === 0 ? undefined : `${count(waits.drafts, 'draft')} (/drafts)`,
    waits.unknown === 0 ? undefined : `${count(waits.unknown, 'publication')} that may or may not be out`,
    waits.questions === 0 ? undefined : count(waits.questions, 'question'),
    waits.unacknowledged === 0 ? undefined : `${count(waits.unacknowledged, 'incident')} to /ack`,
  ].filter((part) => part !== undefined);
  if (parts.length === 0) return ['Nothing waits for you.'];
  const words = `👉 For you: ${parts.join(', ')}`;
  return waits.nextDeadline === null
    ? [words]
    : [line(words, '; next deadline ', clockTime(waits.nextDeadline, timezone, now))];
}

/** `writer 2, scout 1`. */
function tallyWords(tallies: readonly Named[]): string {
  return names(tallies.map(({ name, n }) => `${shorten(name, 30)} ${n}`));
}
