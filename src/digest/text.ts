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
} from '../telegram/cards/words.ts';
import type { Content } from '../telegram/outbox.ts';
import type { AgentChange } from './agent-changes.ts';
import type { AgentRuns, DigestFacts, IncidentFact, Named } from './facts.ts';

/** What a phone shows without scrolling, by and by. */
const MOST_LINES = 25;
/** However much there is to say of the rest, so much of what changed is told. */
const LEAST_CHANGES = 6;
const LONGEST_TITLE = 70;
const LONGEST_NAMES = 90;
const MOST_AGENTS = 6;

/** What the text says besides its facts. */
export interface DigestWords {
  readonly timezone: string;
  /** Why it comes later than it was due; undefined: it does not. */
  readonly late?: string;
}

/** A line about something that changed; the lower the rank, the sooner it is told. */
interface Change {
  readonly rank: number;
  readonly words: Piece;
}

/** Whether there is nothing to tell of: nothing happened, nothing is wrong, nothing waits. */
export function isQuiet(facts: DigestFacts): boolean {
  const { desk, tasks, waits } = facts;
  return (
    renderChanges(facts, 'UTC').length === 0 &&
    renderDesk(desk).length + facts.runs.length + facts.lost.length + facts.running + facts.spentMicroUsd === 0 &&
    tasks.done + tasks.failed === 0 &&
    waits.drafts + waits.unknown + waits.questions + waits.unacknowledged === 0
  );
}

/** The text of a digest, on one screen of a phone: what changed first, then the desk, runs, money, tasks, and what waits for its owner. */
export function renderDigest(facts: DigestFacts, { timezone, late }: DigestWords): Content {
  const { fromAt, toAt, now } = facts;
  const head = line(
    bold('🗞 Digest'),
    ' · ',
    clockTime(fromAt, timezone, now),
    ' – ',
    clockTime(toAt, timezone, now),
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
  const room = Math.max(LEAST_CHANGES, MOST_LINES - above.length - below.length - 2);
  const changes = cut(renderChanges(facts, timezone), room);
  const body = richText(lines(...above, '', ...(changes.length === 0 ? [NOTHING_CHANGED] : changes), '', ...below));
  return {
    kind: 'text',
    body: body.text.length <= LONGEST_TEXT ? body : { text: shorten(body.text, LONGEST_TEXT), entities: [] },
  };
}

const NOTHING_CHANGED = 'No incident, and no agent or login stands otherwise than before.';

function cut(changes: readonly Change[], room: number): Piece[] {
  if (changes.length <= room) return changes.map(({ words }) => words);
  const shown = changes.slice(0, room - 1).map(({ words }) => words);
  return [...shown, `… and ${changes.length - shown.length} more: /incidents, /status`];
}

function renderChanges(facts: DigestFacts, timezone: string): Change[] {
  const at = (time: number): Piece => clockTime(time, timezone, facts.now);
  const changes: Change[] = [
    ...facts.incidents.flatMap((incident) => renderIncident(incident, facts)),
    ...renderCredentials(facts, at),
    ...renderAgents(facts.agents),
    ...facts.absences.map(({ fromAt, toAt }) => ({
      rank: 6,
      words: line(`🌙 I was away for up to ${duration(toAt - fromAt)}, until `, at(toAt)),
    })),
    ...renderHolds(facts, at),
    ...facts.versions.map((version) => ({ rank: 9, words: `🔧 ${shorten(version, LONGEST_TITLE)}` })),
  ];
  return changes.toSorted((a, b) => a.rank - b.rank);
}

function renderIncident(
  { id, state, severity, title, ...incident }: IncidentFact,
  { now, toAt }: DigestFacts,
): Change[] {
  const { openedAt, resolvedAt, inhibitedBy, isNew } = incident;
  const isOver = resolvedAt !== null && resolvedAt < toAt;
  // What follows from another one is told by that one.
  if (inhibitedBy !== null && !isOver) return [];
  const name = `#${id} ${shorten(title, LONGEST_TITLE)}`;
  const price = incident.price === '' ? '' : `. ${incident.price}`;
  if (isOver) {
    const rank = severity === 'critical' ? 7 : 10;
    return [{ rank, words: `✅ ${name}: over after ${duration(resolvedAt - openedAt)}${price}` }];
  }
  const seen = state === 'acknowledged' ? ', acknowledged' : '';
  const words = `${severity === 'critical' ? '🔴' : '🟠'} ${name}: ${isNew ? '' : 'still '}open, ${duration((resolvedAt ?? now) - openedAt)}${seen}${price}`;
  return [{ rank: (severity === 'critical' ? 0 : 3) + (isNew ? 0 : 1), words }];
}

function renderCredentials({ credentials, now }: DigestFacts, at: (time: number) => Piece): Change[] {
  const unknown = credentials.flatMap((fact) => (fact.kind === 'unknown' ? [fact.title] : []));
  return [
    ...credentials.flatMap((fact): Change[] => {
      switch (fact.kind) {
        case 'died':
          return [{ rank: 2, words: line(`🔑 ${fact.title} died `, at(fact.at), ': ', '/reauth') }];
        case 'ends':
          return [{ rank: 2, words: `🔑 ${fact.title} ${endWords(fact.at, now)}` }];
        case 'revived':
          return [{ rank: 8, words: line(`🔑 ${fact.title} works again, since `, at(fact.at)) }];
        case 'unknown':
          return [];
      }
    }),
    ...(unknown.length === 0 ? [] : [{ rank: 5, words: `🔑 nobody knows whether it works: ${names(unknown)}` }]),
  ];
}

function endWords(at: number | null, now: number): string {
  if (at === null) return 'ends soon';
  return at > now ? `ends in ${duration(at - now)}` : `should have ended ${duration(now - at)} ago`;
}

const AGENT_WORDS: Readonly<Record<AgentChange['kind'], { readonly rank: number; readonly words: string }>> = {
  broke: { rank: 5, words: '🟠 worked before, fails now' },
  fails: { rank: 5, words: '🟠 fails as before' },
  silent: { rank: 5, words: '❔ nothing heard of it' },
  'never-ran': { rank: 6, words: '❔ has never run' },
  mended: { rank: 8, words: '🟢 failed before, works now' },
};

/** One line for all agents that stand alike: a dead login makes many of them. */
function renderAgents(agents: readonly AgentChange[]): Change[] {
  const groups = Map.groupBy(agents, ({ kind, failure }) => `${kind}:${failure ?? ''}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { rank, words } = AGENT_WORDS[first.kind];
    const failure = first.failure === null ? '' : ` (${first.failure})`;
    return [{ rank, words: `${words}${failure}: ${names(group.map(({ agent }) => agent))}` }];
  });
}

function renderHolds({ holds }: DigestFacts, at: (time: number) => Piece): Change[] {
  // Of one that was paused and resumed the last word counts.
  const last = new Map(holds.map((hold) => [hold.target, hold]));
  return [...last.values()].map(({ target, event, by, at: time }) => ({
    rank: 8,
    words: line(
      `${event === 'paused' ? '⏸' : '▶️'} ${target === 'all' ? 'the fleet' : target} ${event} by ${shorten(by, 30)}, `,
      at(time),
    ),
  }));
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
    ...(desk.medianMs === null || desk.ninetiethMs === null
      ? []
      : [`⏱ decided within ${duration(desk.medianMs)} (half) and ${duration(desk.ninetiethMs)} (90 %)`]),
  ];
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
    tokens === null ? '' : ` ${tokenWords(tokens)}`,
  ];
  return `${shorten(agent, 24)}${ends.join('')}`;
}

/** `310k tok`, `1.2M tok`. */
function tokenWords(tokens: number): string {
  if (tokens < 1_000) return `${tokens} tok`;
  return tokens < 1_000_000 ? `${Math.round(tokens / 1_000)}k tok` : `${(tokens / 1_000_000).toFixed(1)}M tok`;
}

function renderMoney({ spentMicroUsd, budget }: DigestFacts): Piece[] {
  const { fleet, month, silent, unmetered } = budget;
  const { purse, limitMicroUsd, forecast } = fleet;
  const unknown = [
    ...(silent.length === 0 ? [] : [`what ${names(silent)} cost is not told`]),
    ...(unmetered === 0 ? [] : [`what ${count(unmetered, 'command')} cost nobody knows`]),
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

/** As many of them as a line has room for. */
function names(all: readonly string[]): string {
  let shown = 0;
  for (let length = 0; shown < all.length && length <= LONGEST_NAMES; shown += 1)
    length += (all[shown]?.length ?? 0) + 2;
  const more = all.length - shown;
  return `${all.slice(0, shown).join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}
