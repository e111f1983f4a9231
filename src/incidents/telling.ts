import type { IncidentKind, IncidentRow } from '../../storage/incident-store.ts';
import type { SilenceRow } from '../../storage/silence-store.ts';
import type { Trouble } from './trouble.ts';

/** How an incident is told, or why it is not. */
export type Telling =
  /** In a message of its own. */
  | { readonly kind: 'own' }
  /** In a message about many; without a key in a new one. */
  | { readonly kind: 'joins'; readonly key: string | undefined }
  /** Not at all, as long as the incident that it follows from lasts. */
  | { readonly kind: 'inhibited'; readonly by: number }
  /** Without a sound, where it would be told anyway. */
  | { readonly kind: 'silenced'; readonly by: number; readonly until: number; readonly where: 'own' | 'joins' };

/** An incident with the agents that it holds or concerns. */
export interface OpenIncident {
  readonly incident: IncidentRow;
  readonly agents: readonly string[];
}

/** What the owner was told of late. */
export interface RecentMessages {
  /** Messages about one incident each, asked for in the last minute and in the last ten. */
  readonly inMinute: number;
  readonly inTenMinutes: number;
  /** Those of them that wait for a Telegram that fails; 0 while it works. */
  readonly heldBack: number;
  /** The message about many that may still grow, with its age in ms; silent: it came without a sound, or was acknowledged since. */
  readonly storm: { readonly key: string; readonly ageMs: number; readonly silent: boolean } | undefined;
}

/** The span in which messages are counted, in ms. */
export const MINUTE_MS = 60_000;
/** A message about many grows no longer than this: what comes later deserves a new sound. Own messages are counted over it, too. */
export const GATHERING_MS = 10 * MINUTE_MS;
/** While a storm is this fresh, what is no more than a warning belongs to it. */
const FRESH_MS = 2 * MINUTE_MS;
/** Nobody reads more than three alerts in a minute; a fourth may be critical. */
const MOST_IN_MINUTE = 3;
/** More in ten minutes is a storm, too, however evenly it blows. */
const MOST_IN_TEN_MINUTES = 12;

/** What may follow from something graver. */
const FOLLOWERS: ReadonlySet<IncidentKind> = new Set([
  'heartbeat',
  'stuck',
  'schedule',
  'crash',
  'unknown',
  'limit',
  'publisher',
  'check',
  'expiry',
] as const);
/** Followers that are about a credential: they follow from the death of that one only. */
const ABOUT_CREDENTIAL: ReadonlySet<IncidentKind> = new Set(['limit', 'check', 'expiry'] as const);

/** What others may follow from. */
const PARENTS: ReadonlySet<IncidentKind> = new Set(['auth', 'disk', 'memory', 'orphan'] as const);

/** Whether anything can follow from incidents of this kind. */
export function isParent(kind: IncidentKind): boolean {
  return PARENTS.has(kind);
}

/** Whether an incident of this kind can follow from another one. */
export function mayFollow(kind: IncidentKind): boolean {
  return FOLLOWERS.has(kind);
}

/** Decides how a trouble is told that nobody was told of yet. */
export function decideTelling(
  trouble: Pick<Trouble, 'kind' | 'fingerprint' | 'subject' | 'severity' | 'agents' | 'isDrill'>,
  open: readonly OpenIncident[],
  recent: RecentMessages,
  silences: readonly SilenceRow[],
  now: number,
): Telling {
  const parent = findParent(trouble, open);
  if (parent !== undefined) return { kind: 'inhibited', by: parent.id };
  // There is one drill at a time, and how soon its own alert rings is what it measures.
  const isOwn = trouble.isDrill === true || decideRoom(trouble.severity, recent) === 'own';
  const silence = silences
    .filter(({ until, matcher }) => until > now && isMatch(matcher, trouble))
    .toSorted((a, b) => b.until - a.until)[0];
  if (silence !== undefined) {
    return { kind: 'silenced', by: silence.id, until: silence.until, where: isOwn ? 'own' : 'joins' };
  }
  return isOwn ? { kind: 'own' } : { kind: 'joins', key: stormFor(trouble.severity, recent) };
}

/** Whether one more message about a single incident is bearable. */
export function decideRoom(severity: 'critical' | 'warning', recent: RecentMessages): 'own' | 'joins' {
  const more = severity === 'critical' ? 1 : 0;
  if (recent.heldBack >= MOST_IN_MINUTE) return 'joins';
  if (more === 0 && recent.storm !== undefined && recent.storm.ageMs < FRESH_MS) return 'joins';
  return recent.inMinute < MOST_IN_MINUTE + more && recent.inTenMinutes < MOST_IN_TEN_MINUTES + more ? 'own' : 'joins';
}

/** The message about many that it joins; undefined: a new one, since nothing was there or it came without the sound that this is worth. */
export function stormFor(severity: 'critical' | 'warning', recent: RecentMessages): string | undefined {
  return recent.storm === undefined || (severity === 'critical' && recent.storm.silent) ? undefined : recent.storm.key;
}

/** The open incident that a trouble follows from. Drills neither follow nor hide anything. */
export function findParent(
  trouble: Pick<Trouble, 'kind' | 'fingerprint' | 'subject' | 'agents' | 'isDrill'>,
  open: readonly OpenIncident[],
): IncidentRow | undefined {
  if (trouble.isDrill === true || !mayFollow(trouble.kind)) return undefined;
  return open.find(
    ({ incident, agents }) =>
      isParent(incident.kind) &&
      incident.state !== 'resolved' &&
      incident.fingerprint !== trouble.fingerprint &&
      incident.isDrill === 0 &&
      incident.inhibitedBy === null &&
      explains(incident, agents, trouble),
  )?.incident;
}

function explains(
  parent: IncidentRow,
  agents: readonly string[],
  trouble: Pick<Trouble, 'kind' | 'subject' | 'agents'>,
): boolean {
  const isCovered = trouble.agents.length > 0 && trouble.agents.every((agent) => agents.includes(agent));
  switch (parent.kind) {
    case 'auth':
      if (parent.severity !== 'critical') return false;
      return ABOUT_CREDENTIAL.has(trouble.kind) ? trouble.subject === parent.subject : isCovered;
    case 'disk':
    case 'memory':
      // Without names they hold the whole fleet.
      return isCovered || (agents.length === 0 && trouble.agents.length > 0);
    case 'orphan':
      return isCovered;
    default:
      return false;
  }
}

/** Whether a silence means this: `all`, or the name of its kind, of what it is about, or of one of its agents. */
export function isMatch(matcher: string, trouble: Pick<Trouble, 'kind' | 'subject' | 'agents'>): boolean {
  return (
    matcher === 'all' ||
    matcher === trouble.kind ||
    matcher === trouble.subject.toLowerCase() ||
    // What holds others as well, such as a login that died, is not silenced by the name of one.
    (trouble.agents.length > 0 && trouble.agents.every((agent) => agent.toLowerCase() === matcher))
  );
}
