import { CONTROL_PLANE_STOPPED, LOGIN_DIED, LOGIN_RENEWED } from '../../src/runs/session-choice.ts';
import { MINUTE_MS, SECOND_MS } from './fleets.ts';
import { isOverdue, leaptBetween, type WorldPromise } from './promise.ts';
import type { PermissionAsked, WorldRecord } from './record.ts';

/** Disk and memory are looked at every five seconds, memory twice; the simulated timers come up to ten seconds late. */
const SEEN_SHORT_MS = 45 * SECOND_MS;
/** What was decided in the same instant as a limit became known may still start. */
const SAME_MOMENT_MS = SECOND_MS;
/** Stops that say nothing about the session. */
const PASSING_STOPS: readonly string[] = [CONTROL_PLANE_STOPPED, LOGIN_RENEWED, LOGIN_DIED];
/** Failures that lie outside of the session. */
const OUTSIDE: readonly string[] = ['auth', 'rate-limit', 'overloaded'];

/** What is promised of runs: their programs, their questions, their sessions, and what keeps them from starting. */
export const RUN_PROMISES: readonly WorldPromise[] = [
  { name: 'no program outlives its run unless an incident says so', broken: leftover, isSlow: true },
  { name: 'what a crash left is ended before any agent runs', broken: revenant },
  { name: 'every run ends in its time', broken: endlessRun, isSlow: true },
  { name: 'a permission is told once, and as it was decided', broken: wrongAnswer },
  { name: 'a permission that was decided is told', broken: untoldPermission, isSlow: true },
  { name: 'an agent is answered what the owner said', broken: inventedAnswer },
  { name: 'every question ends', broken: openQuestion, isSlow: true },
  { name: 'only a run that was cut off goes on with its session', broken: wrongSession },
  { name: 'no run starts with too little disk or memory', broken: startedShort },
  { name: 'nobody calls before a usage limit is over', broken: startedLimited },
  { name: 'a usage limit is one incident', broken: doubledLimit, isSlow: true },
  { name: 'a new version is told once', broken: doubledVersion, isSlow: true },
];

function leftover({ rows }: WorldRecord): string | undefined {
  const [first] = rows?.leftovers ?? [];
  return first && `pid ${first.pid} of ${first.name} is alive, and its run ${first.run} is ${first.state}`;
}

function revenant({ revenants }: WorldRecord): string | undefined {
  const [first] = revenants;
  return (
    first && `pid ${first.pid} of ${first.name} lives on from before a crash, and pid ${first.startedPid} was started`
  );
}

function endlessRun(record: WorldRecord): string | undefined {
  const late = record.rows?.running.find(({ endsAt }) => isOverdue(record, endsAt, MINUTE_MS));
  return (
    late &&
    `pid ${late.pid} of ${late.name} still runs, ${Math.round((record.now - late.endsAt) / SECOND_MS)} s after its timeout`
  );
}

function wrongAnswer(record: WorldRecord): string | undefined {
  const [stray] = record.strayAnswers;
  if (stray !== undefined) return `pid ${stray.pid} was answered ${stray.request}, which it never asked`;
  for (const asked of record.permissions) {
    const { tellings, run, request } = asked;
    if (tellings.length > 1) return `${request} of run ${run} was answered ${tellings.length} times`;
    const [telling] = tellings;
    if (telling === undefined || isDecided(record, asked, telling)) continue;
    return `${request} of run ${run} was told "${telling.behavior}${telling.lasts ? ' for the run' : ''}", and the owner said ${
      record.choices
        .filter(({ question }) => question === telling.question)
        .map(({ text }) => `"${text}"`)
        .join(', ') || 'nothing'
    }`;
  }
  return undefined;
}

function isDecided(
  record: WorldRecord,
  { at, withinMs }: PermissionAsked,
  telling: PermissionAsked['tellings'][number],
): boolean {
  const word = telling.behavior === 'allow' ? (telling.lasts ? 'Allow for this run' : 'Allow once') : 'Deny';
  const chosen = record.choices.some(
    (choice) => choice.question === telling.question && choice.text === word && choice.at < telling.at,
  );
  return chosen || (word === 'Deny' && telling.at + leaptBetween(record, at, telling.at) >= at + withinMs);
}

function untoldPermission(record: WorldRecord): string | undefined {
  const late = record.rows?.awaited.find(({ state, since }) => state !== 'open' && isOverdue(record, since, MINUTE_MS));
  return late && `${late.request} of run ${late.run} is ${late.state}, and its CLI still waits`;
}

function inventedAnswer({ asksTold, choices }: WorldRecord): string | undefined {
  const invented = asksTold.find(
    ({ question, answer, at }) =>
      !choices.some((choice) => choice.question === question && choice.text === answer && choice.at < at),
  );
  return invented && `question ${invented.question} was answered "${invented.answer}", which the owner never said`;
}

function openQuestion(record: WorldRecord): string | undefined {
  const open = record.rows?.openQuestions ?? [];
  const over = open.find(({ isRunOver }) => isRunOver);
  if (over !== undefined) return `question ${over.id} is open, and its run ${over.run} is over`;
  const late = open.find(({ expiresAt }) => isOverdue(record, expiresAt, MINUTE_MS));
  return late && `question ${late.id} is open, and its time is over`;
}

function wrongSession({ resumptions }: WorldRecord): string | undefined {
  for (const { agent, run, session, owner, before } of resumptions) {
    if (owner !== agent) return `run ${run} of ${agent} goes on with session ${session} of ${owner ?? 'nobody'}`;
    const wasCutOff =
      before?.state === 'lost' ||
      (before?.state === 'stopped' && PASSING_STOPS.includes(before.stopReason ?? '')) ||
      (before?.state === 'failed' && OUTSIDE.includes(before.failure ?? ''));
    if (!wasCutOff)
      return `run ${run} of ${agent} goes on with a session whose run was ${before?.state ?? 'never there'}`;
  }
  return undefined;
}

function startedShort({ started }: WorldRecord): string | undefined {
  const bad = started.find(({ wantedAt, shortSince }) => wantedAt - (shortSince ?? Infinity) > SEEN_SHORT_MS);
  return (
    bad &&
    `run ${bad.run} of ${bad.agent} was started ${Math.round((bad.wantedAt - (bad.shortSince ?? 0)) / SECOND_MS)} s after the machine ran short`
  );
}

function startedLimited({ limits, started }: WorldRecord): string | undefined {
  for (const { credential, knownAt, resetsAt, isExcused } of limits) {
    if (knownAt === undefined || isExcused) continue;
    const early = started.find(
      ({ credentials, wantedAt }) =>
        credentials.includes(credential) && wantedAt > knownAt + SAME_MOMENT_MS && wantedAt < resetsAt,
    );
    if (early !== undefined)
      return `run ${early.run} of ${early.agent} was started ${Math.round((resetsAt - early.wantedAt) / SECOND_MS)} s before the limit of ${credential} was over`;
  }
  return undefined;
}

function doubledLimit({ limits, rows }: WorldRecord): string | undefined {
  for (const { credential, from, resetsAt, isExcused } of limits) {
    if (isExcused) continue;
    const incidents = rows?.limitIncidents.filter(
      (incident) => incident.credential === credential && incident.openedAt >= from && incident.openedAt < resetsAt,
    );
    if ((incidents?.length ?? 0) > 1) return `the limit of ${credential} is ${incidents?.length} incidents`;
  }
  return undefined;
}

function doubledVersion({ versions, showings }: WorldRecord): string | undefined {
  for (const version of versions) {
    const told = showings.filter(
      (showing) =>
        showing.text.includes(` → ${version}`) && showing.class !== 'reply' && !showing.key.endsWith(':recovery'),
    );
    const keys = new Set(told.map(({ key }) => key));
    if (keys.size > 1) return `version ${version} was told as ${[...keys].join(' and ')}`;
  }
  return undefined;
}
