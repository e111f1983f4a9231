import type { IncidentKind } from '../../storage/incident-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import { credentialsOf, credentialTitle, listCredentials } from '../credentials/credential.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import { scheduleSinceKey } from '../loop/due-times.ts';
import { wakeAfterHold } from '../loop/holds.ts';
import { isWithin, nextOpening, nextScheduled } from '../loop/schedule.ts';
import type { Questions } from '../questions/questions.ts';
import { count } from '../telegram/cards/words.ts';

/** What of fleet.yaml was known when it was last taken over: what is gone from it shows against this. */
interface KnownFleet {
  /** Each agent's schedule and active hours, as one text to compare. */
  readonly agents: Readonly<Record<string, string>>;
  readonly credentials: readonly string[];
}

const KNOWN_KEY = 'fleet-known';
/** Why a run ends, and a due time is given up. */
const REMOVED = 'removed from fleet.yaml';
const GONE = 'It is not in fleet.yaml any more.';

/** Incidents whose subject is a credential. */
const OF_CREDENTIALS: readonly IncidentKind[] = ['auth', 'check', 'expiry', 'rotation', 'limit'];
/** Incidents that outlive their agent: what is left of a process, a task, a publication is still there. */
const OUTLIVING: readonly IncidentKind[] = ['orphan', 'task', 'publisher'];

/**
 * Does what follows from a file for the rows, at a start and at a reload alike; within the transaction that takes it over. Gives what its
 * owner has to know besides, in words.
 *
 * 1. Agents that are gone: their runs are stopped, their due times, questions, holds and incidents end; tasks and drafts stay. 2. Credentials
 * that are gone: whom they held is free, and nothing is known of them any more. 3. Agents that do not need a dead credential any more are
 * free of it. 4. Agents whose schedule is another one, or that are new, are due by it from now on: what had come keeps its receipt, and
 * nothing is due for a time before.
 */
export function followFleet(
  rooms: {
    readonly storage: Storage;
    readonly incidents: Pick<IncidentRegister, 'resolve'>;
    readonly questions: Pick<Questions, 'withdraw'>;
  },
  next: Fleet,
  now: number,
): readonly string[] {
  const { storage, incidents } = rooms;
  const known = readKnown(storage);
  const current = knownOf(next);
  storage.settings.set(KNOWN_KEY, JSON.stringify(current));
  for (const name of current.credentials) storage.credentials.ensure(name, now);
  // A home of before anything was kept: what is in force is what the file says.
  if (known === undefined) return [];
  const toKnow = Object.keys(known.agents)
    .filter((name) => !next.agents.has(name))
    .flatMap(endAgent);
  for (const name of known.credentials) if (!current.credentials.includes(name)) endCredential(name);
  freeOfCredentials();
  for (const agent of next.agents.values())
    if (known.agents[agent.name] !== current.agents[agent.name]) plan(agent, known.agents[agent.name] === undefined);
  return toKnow;

  function endAgent(name: string): string[] {
    const run = storage.runs.aliveOf(name);
    if (run !== undefined) {
      rooms.questions.withdraw(run.id);
      // A publisher that is cut off leaves a draft of unknown fate.
      if (run.publicationId === null) storage.runs.wantStop(run.id, REMOVED, now);
    }
    giveUp(name);
    for (const hold of storage.holds.active())
      if (hold.agent === name && hold.kind !== 'orphan') storage.holds.release(name, hold.kind, hold.subject, now);
    for (const { kind, subject, fingerprint } of storage.incidents.listUnresolved())
      if (subject === name && !OF_CREDENTIALS.includes(kind) && !OUTLIVING.includes(kind))
        incidents.resolve(fingerprint, GONE);
    const tasks = storage.tasks.countOpenOf(name);
    return [
      ...(run === undefined
        ? []
        : [run.publicationId === null ? `${name} is being stopped.` : `${name} finishes what it is publishing.`]),
      ...(tasks === 0
        ? []
        : [`${count(tasks, 'task')} of ${name} ${tasks === 1 ? 'stays' : 'stay'}, and nobody does it.`]),
    ];
  }

  /** Ends what an agent waits for: with a receipt where its time had come. */
  function giveUp(name: string): void {
    const due = storage.dues.waitingOf(name);
    if (due === undefined) return;
    if (due.dueAt <= now) storage.dues.skip(due, REMOVED, now);
    else storage.dues.drop(due.id);
  }

  function endCredential(name: string): void {
    for (const hold of storage.holds.active())
      if (hold.kind === 'credential' && hold.subject === name) free(hold.agent, name, hold.since);
    storage.credentials.forget(name, now);
    for (const { id, kind, subject, fingerprint, severity } of storage.incidents.listUnresolved()) {
      if (subject !== name || !OF_CREDENTIALS.includes(kind)) continue;
      // Nobody has seen it work again: it must not say so.
      if (kind === 'auth')
        storage.incidents.rewrite(id, { title: `Credential ${name} is not needed any more`, severity });
      incidents.resolve(fingerprint, `${credentialTitle(name)} is not in fleet.yaml any more.`);
    }
  }

  function freeOfCredentials(): void {
    for (const { agent, kind, subject, since } of storage.holds.active()) {
      const held = next.agents.get(agent);
      if (kind === 'credential' && held !== undefined && !credentialsOf(held).includes(subject))
        free(agent, subject, since);
    }
  }

  function free(agent: string, credential: string, since: number): void {
    if (!storage.holds.release(agent, 'credential', credential, now)) return;
    if (next.agents.has(agent)) wakeAfterHold(storage, [agent], since, now);
  }

  /** What has come, or waits for another reason than the schedule, is served as it is. */
  function plan(agent: Agent, isNew: boolean): void {
    storage.settings.set(scheduleSinceKey(agent.name), String(now));
    const waiting = storage.dues.waitingOf(agent.name);
    if (waiting !== undefined && (waiting.cause !== 'schedule' || waiting.dueAt <= now)) {
      const isVoid = waiting.cause === 'schedule' && nextScheduled(agent.schedule, now, next.timezone) === undefined;
      if (isVoid) storage.dues.skip(waiting, 'it has no schedule any more', now);
      return;
    }
    if (waiting !== undefined) storage.dues.drop(waiting.id);
    const dueAt = firstDue(agent, isNew);
    if (dueAt !== undefined) storage.dues.wait(agent.name, dueAt, 'schedule');
  }

  /** The first time of a new schedule: counted from the last one of the old where that is ahead, never before now. */
  function firstDue(agent: Agent, isNew: boolean): number | undefined {
    const { schedule, active } = agent;
    const last = isNew ? undefined : storage.dues.lastScheduled(agent.name);
    const at =
      schedule.kind === 'every'
        ? // Before the clock was set back it may have been later than now.
          Math.max(now, last === undefined ? now : Math.min(last, now) + schedule.everyMs)
        : nextScheduled(schedule, now, next.timezone);
    if (at === undefined || active === undefined || isWithin(active, at, next.timezone) || schedule.kind === 'cron')
      return at;
    return nextOpening(active, at, next.timezone);
  }
}

function knownOf(fleet: Fleet): KnownFleet {
  return {
    agents: Object.fromEntries(
      [...fleet.agents.values()].map(({ name, schedule, active }) => [
        name,
        JSON.stringify([schedule, active ?? null]),
      ]),
    ),
    credentials: listCredentials(fleet).map(({ name }) => name),
  };
}

function readKnown(storage: Storage): KnownFleet | undefined {
  const text = storage.settings.get(KNOWN_KEY);
  return text === undefined ? undefined : (JSON.parse(text) as KnownFleet);
}
