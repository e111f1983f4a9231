import { dirname } from 'node:path';
import { isWithin, nextCron, nextOpening, nextScheduled } from '../loop/schedule.ts';
import { createWallClock } from '../loop/wall-clock.ts';
import { formatTimeOfDay } from './daily-window.ts';
import { formatDuration } from './duration.ts';
import type { Agent, Credential, Fleet } from './fleet.ts';
import type { LoadedFleet } from './load.ts';
import { printable } from './printable.ts';
import type { ConfigProblem } from './problem.ts';
import { type FindProgram, programsOf } from './programs.ts';
import { describeSchedule } from './schedule-text.ts';

/** What `check` says about a valid file: the plan, and what would still keep it from working. */
export interface Plan {
  readonly lines: readonly string[];
  /** Programs that are missing, in the order of the file. */
  readonly problems: readonly ConfigProblem[];
}

/** A schedule that misses its active hours this often in a row will hardly ever meet them; daily ones are followed for a year. */
const MAX_DUE_TIMES = 366;

/** Describes what the fleet will do from `now` (epoch milliseconds) on; `find` tells which programs there are. */
export function describePlan({ fleet, source }: LoadedFleet, now: number, find: FindProgram): Plan {
  const lines = [
    `timezone ${fleet.timezone}, state in ${fleet.home}, at most ${fleet.concurrency} runs at once`,
    ...section(
      'agents',
      [...fleet.agents.values()].map((agent) => describeAgent(agent, now, fleet.timezone)),
    ),
    ...section(
      'credentials',
      [...fleet.credentials.values()].map((credential) => describeCredential(credential, fleet)),
    ),
    ...section('publishers', describePublishers(fleet)),
    ...section(
      'digests',
      fleet.digest.map((expression) => describeDigest(expression, now, fleet.timezone)),
    ),
  ];
  const missing = programsOf(fleet, dirname(fleet.file), source.raw).filter(
    ({ program, cwd, path }) => !find(program, cwd, path),
  );
  const problems = missing.map(({ key, program }) =>
    source.problemAt({ path: key, message: describeMissing(program) }),
  );
  const distinct = [...new Map(problems.map((problem) => [problem.key, problem])).values()];
  return {
    lines,
    problems: distinct.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)),
  };
}

/** The next time at which an agent is due inside its active hours, or undefined when no clock makes it due. */
export function nextDue(agent: Agent, now: number, timezone: string): number | undefined {
  const { schedule, active } = agent;
  let at = nextScheduled(schedule, now, timezone);
  for (let dueTimes = 0; dueTimes < MAX_DUE_TIMES; dueTimes += 1) {
    if (at === undefined || active === undefined || isWithin(active, at, timezone)) return at;
    const opening = nextOpening(active, at, timezone);
    // A cron time at the very opening counts, so the search starts just before it.
    at = schedule.kind === 'cron' ? nextScheduled(schedule, opening - 1, timezone) : opening;
  }
  return undefined;
}

function describeAgent(agent: Agent, now: number, timezone: string): string {
  const { name, runtime, schedule, active, credentials, publishes } = agent;
  const due = nextDue(agent, now, timezone);
  const hours =
    active === undefined ? '' : `, ${formatTimeOfDay(active.fromMinute)}-${formatTimeOfDay(active.toMinute)}`;
  const isTimed = schedule.kind === 'every' || schedule.kind === 'cron' || schedule.kind === 'continuous';
  const parts = [
    `${name} (${runtime}): ${describeSchedule(schedule)}${hours}`,
    ...(isTimed
      ? [
          `next run ${due === undefined ? 'never: no due time is within its active hours' : formatInstant(due, timezone)}`,
        ]
      : []),
    ...(credentials.length === 0 ? [] : [`credentials ${credentials.join(', ')}`]),
    ...(publishes.length === 0 ? [] : [`publishes ${publishes.join(', ')}`]),
  ];
  return parts.join('; ');
}

function describeCredential(credential: Credential, fleet: Fleet): string {
  const { name, check, checkEveryMs, login, expiresAt, lifetimeMs, rotate } = credential;
  const users = [...fleet.agents.values()]
    .filter((agent) => agent.credentials.includes(name))
    .map((agent) => agent.name);
  const parts = [
    check === undefined ? 'no check' : `checked every ${formatDuration(checkEveryMs)}`,
    login === undefined ? 'no login' : login === 'paste' ? 'login by a pasted token' : `login by ${login.join(' ')}`,
    ...(expiresAt === undefined ? [] : [`expires ${formatInstant(expiresAt, fleet.timezone)}`]),
    ...(lifetimeMs === undefined ? [] : [`its secret lives ${formatDuration(lifetimeMs)}`]),
    ...(rotate === undefined
      ? []
      : [`rotated every ${formatDuration(rotate.everyMs)} at ${formatTimeOfDay(rotate.atMinute)}`]),
    users.length === 0 ? 'no agent needs it' : `needed by ${users.join(', ')}`,
  ];
  return `${name}: ${parts.join('; ')}`;
}

function describePublishers(fleet: Fleet): string[] {
  const publisherOf = new Map(
    [...fleet.agents.values()].flatMap(({ name, publishes }) => publishes.map((kind) => [kind, name] as const)),
  );
  const kinds = new Set([...publisherOf.keys(), ...fleet.drafts.kinds.keys()]);
  return [...kinds].map((kind) => `${kind}: ${publisherOf.get(kind) ?? 'nobody: an approved draft stays unpublished'}`);
}

function describeDigest(expression: string, now: number, timezone: string): string {
  const due = nextCron(expression, now, timezone);
  return `${describeSchedule({ kind: 'cron', expression })}; next ${due === undefined ? 'never' : formatInstant(due, timezone)}`;
}

function describeMissing(program: string): string {
  return program.includes('/')
    ? `expected a program that can be started at ${printable(program, 200)}: is it there, and executable (chmod +x)?`
    : `expected a program on the PATH that can be started; found none named "${printable(program, 60)}": is it installed, and executable (chmod +x)?`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `  ${line}`)];
}

/** An instant as the wall shows it, with seconds only where there are some. */
function formatInstant(at: number, timezone: string): string {
  const shown = new Date(at + createWallClock(timezone).offsetMsAt(at)).toISOString();
  const isWholeMinute = shown.slice(17, 19) === '00';
  return `${shown.slice(0, 10)} ${shown.slice(11, isWholeMinute ? 16 : 19)}`;
}
