import type { IncidentKind, IncidentRow } from '../../../storage/incident-store.ts';
import { shorten } from './words.ts';

/** Key of the first message that tells of an incident. */
export function incidentKey(id: number): string {
  return `incident:${id}`;
}

/** What stands before the title of a fault that was made on purpose. */
export const DRILL_MARK = '🧪 Drill: ';

const LONGEST_TITLE = 300;

/** Each kind as a person says it, one and many. */
const KIND_WORDS: Readonly<Record<IncidentKind, readonly [one: string, many: string]>> = {
  auth: ['dead login', 'dead logins'],
  crash: ['crash', 'crashes'],
  'crash-loop': ['crash loop', 'crash loops'],
  publisher: ['publisher', 'publishers'],
  check: ['check that does not work', 'checks that do not work'],
  poller: ['Telegram outage', 'Telegram outages'],
  conflict: ['second poller', 'second pollers'],
  report: ['report of an agent', 'reports of agents'],
  disk: ['full disk', 'full disks'],
  memory: ['shortage of memory', 'shortages of memory'],
  orphan: ['process that cannot be ended', 'processes that cannot be ended'],
  unknown: ['unknown failure', 'unknown failures'],
  limit: ['usage limit', 'usage limits'],
  cli: ['program of agents', 'programs of agents'],
  heartbeat: ['missing heartbeat', 'missing heartbeats'],
  stuck: ['stuck agent', 'stuck agents'],
  schedule: ['stopped schedule', 'stopped schedules'],
  clock: ['clock jump', 'clock jumps'],
  expiry: ['secret near its end', 'secrets near their end'],
  rotation: ['failed rotation', 'failed rotations'],
  budget: ['budget', 'budgets'],
  fallback: ['broken fallback', 'broken fallbacks'],
  context: ['full context', 'full contexts'],
  task: ['task that makes no headway', 'tasks that make no headway'],
  backup: ['backup that failed', 'backups that failed'],
  config: ['fleet.yaml that was not taken over', 'fleet.yaml files that were not taken over'],
};

/** What may be silenced by kind. */
export const INCIDENT_KINDS = Object.keys(KIND_WORDS) as readonly IncidentKind[];

/** `3 missing heartbeats`. */
export function countKind(n: number, kind: IncidentKind): string {
  return `${n} ${KIND_WORDS[kind][n === 1 ? 0 : 1]}`;
}

/** What is wrong, as long as it is; once it is over a title in the present tense would read as if it were not. */
export function incidentTitle(incident: IncidentRow): string {
  const title = shorten(incident.title, LONGEST_TITLE);
  const words = incident.state === 'resolved' ? inThePast(title, incident.kind) : title;
  return incident.isDrill === 1 && !words.startsWith(DRILL_MARK) ? `${DRILL_MARK}${words}` : words;
}

function inThePast(title: string, kind: IncidentKind): string {
  if (kind === 'auth') return title.replace(/ is dead$/, ' works again');
  return kind === 'config' ? title.replace(/ is not valid$/, ' is valid again') : title;
}

/** Red: critical; orange: a warning; green: over. */
export function incidentSign(incident: IncidentRow): string {
  if (incident.state === 'resolved') return '🟢';
  return incident.severity === 'critical' ? '🔴' : '🟠';
}

/** Whether nothing repeats it now. */
export function isSilenced(incident: IncidentRow, now: number): boolean {
  return incident.silencedUntil !== null && incident.silencedUntil > now;
}
