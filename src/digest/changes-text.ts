import { clockTime, duration, line, type Piece, shorten } from '../telegram/cards/words.ts';
import type { AgentChange } from './agent-changes.ts';
import type { DigestFacts, IncidentFact } from './facts.ts';

/** A line and a half of a phone. */
const LONGEST_TITLE = 70;
const LONGEST_NAMES = 60;
/** What is over is told one by one as long as there are few of them; the rest is a number. */
const MOST_OVER = 3;

/** A line about something that changed; the lower the rank, the sooner it is told. */
export interface Change {
  readonly rank: number;
  readonly words: Piece;
}

/** What changed in the time of a digest, the most pressing first. */
export function renderChanges(facts: DigestFacts, timezone: string): Change[] {
  const at = (time: number): Piece => clockTime(time, timezone, facts.now);
  const changes: Change[] = [
    ...facts.incidents.flatMap((incident) => renderOpen(incident, facts)),
    ...renderOver(facts),
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

function isOver({ resolvedAt }: IncidentFact, toAt: number): boolean {
  return resolvedAt !== null && resolvedAt < toAt;
}

function incidentWords({ id, title, price }: IncidentFact, how: string): string {
  return `#${id} ${shorten(title, LONGEST_TITLE)}: ${how}${price === '' ? '' : `. ${price}`}`;
}

function renderOpen(incident: IncidentFact, { now, toAt }: DigestFacts): Change[] {
  const { severity, state, openedAt, resolvedAt, inhibitedBy, isNew } = incident;
  // What follows from another one is told by that one.
  if (isOver(incident, toAt) || inhibitedBy !== null) return [];
  const isCritical = severity === 'critical';
  const how = `${isNew ? '' : 'still '}open, ${duration((resolvedAt ?? now) - openedAt)}${state === 'acknowledged' ? ', acknowledged' : ''}`;
  return [
    {
      rank: (isCritical ? 0 : 3) + (isNew ? 0 : 1),
      words: `${isCritical ? '🔴' : '🟠'} ${incidentWords(incident, how)}`,
    },
  ];
}

/** What is over, the worst and the longest first. */
function renderOver({ incidents, toAt }: DigestFacts): Change[] {
  const lasted = ({ openedAt, resolvedAt }: IncidentFact): number => (resolvedAt ?? openedAt) - openedAt;
  const over = incidents
    .filter((incident) => isOver(incident, toAt))
    .toSorted((a, b) => a.severity.localeCompare(b.severity) || lasted(b) - lasted(a));
  const shown = over.length === MOST_OVER + 1 ? over : over.slice(0, MOST_OVER);
  const more = over.length - shown.length;
  return [
    ...shown.map((incident) => ({
      rank: 7,
      words: `✅ ${incidentWords(incident, `over after ${duration(lasted(incident))}`)}`,
    })),
    ...(more === 0 ? [] : [{ rank: 7, words: `✅ ${more} more are over: /incidents` }]),
  ];
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
  fails: { rank: 5, words: '🟠 fails, and did not work before' },
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

/** As many of them as a line has room for. */
export function names(all: readonly string[]): string {
  let shown = 0;
  for (let length = 0; shown < all.length && length <= LONGEST_NAMES; shown += 1)
    length += (all[shown]?.length ?? 0) + 2;
  const more = all.length - shown;
  return `${all.slice(0, shown).join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}
