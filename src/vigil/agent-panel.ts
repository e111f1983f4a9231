import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Ledger } from '../budget/ledger.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import { describeHold, type Obstacle } from '../loop/release.ts';
import { type AgentStatus, loadAgentStatus } from './status.ts';

/** As many of each as a panel has lines for. */
const MOST_HOLDS = 3;
const MOST_INCIDENTS = 2;

/** All that a panel shows of one agent, at one moment. */
export interface AgentPanel {
  readonly at: number;
  readonly agent: Agent;
  readonly status: AgentStatus;
  /** The run that is alive, and of this incarnation. */
  readonly running: RunRow | undefined;
  /** The newest run that is over. */
  readonly last: RunRow | undefined;
  readonly holds: readonly (Obstacle & { readonly since: number })[];
  /** Holds and incidents beyond those that are named. */
  readonly more: number;
  /** What a resume would release: a hold of its own, or only the fleet's pause. */
  readonly resumes: 'agent' | 'fleet' | undefined;
  readonly incidents: readonly { readonly id: number; readonly title: string; readonly severity: string }[];
  readonly spentMicroUsd: number;
  /** Undefined: it has no budget of its own. */
  readonly limitMicroUsd: number | undefined;
  readonly draftsWaiting: number;
  readonly tasksOpen: number;
}

/** Reads a panel from rows alone. */
export function loadAgentPanel(
  agent: Agent,
  { fleet, storage, ledger }: { readonly fleet: Fleet; readonly storage: Storage; readonly ledger: Ledger },
  now: number,
): AgentPanel {
  const { name } = agent;
  const status = loadAgentStatus(agent, storage);
  const runs = storage.runs.recent(name, 2);
  const holds = storage.holds.active().filter((hold) => hold.agent === '' || hold.agent === name);
  const canLogIn = (credential: string): boolean => fleet.credentials.get(credential)?.login !== undefined;
  const incidents = storage.incidents
    .listUnresolved()
    .filter(({ id, subject }) => subject === name || storage.incidents.agents(id).includes(name));
  const { purse, scopes } = ledger.look();
  const owned = holds.filter(({ kind }) => kind === 'owner' || kind === 'crash-loop' || kind === 'backoff');

  return {
    at: now,
    agent,
    status,
    running: status.runningSince === null ? undefined : storage.runs.aliveOf(name),
    last: runs.find(({ endedAt }) => endedAt !== null),
    holds: holds
      .slice(0, MOST_HOLDS)
      .map((hold) => ({ ...describeHold(hold, name, now, canLogIn), since: hold.since })),
    more: Math.max(0, holds.length - MOST_HOLDS) + Math.max(0, incidents.length - MOST_INCIDENTS),
    resumes: owned.some((hold) => hold.agent === name) ? 'agent' : owned.length > 0 ? 'fleet' : undefined,
    incidents: incidents.slice(0, MOST_INCIDENTS).map(({ id, title, severity }) => ({ id, title, severity })),
    spentMicroUsd: purse(name).spentMicroUsd,
    limitMicroUsd: scopes.find((scope) => scope.agent === name)?.limitMicroUsd,
    draftsWaiting: storage.reviews.waiting({ agent: name }, []),
    tasksOpen: storage.tasks.countOpenOf(name),
  };
}
