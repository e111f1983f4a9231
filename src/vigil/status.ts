import type { HoldRow } from '../../storage/hold-store.ts';
import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import { duration, shorten } from '../telegram/cards/words.ts';
import { credentialsOf, credentialTitle, listCredentials } from '../credentials/credential.ts';
import { credentialStateAt, endOfSecret, type ShownState } from '../credentials/expiry.ts';
import { describePlace } from '../work/task.ts';

/** How an agent stands, worst first in this order. */
export type AgentCondition = 'held' | 'failed' | 'waiting' | 'running' | 'idle';

/** What is known of one agent, each fact with its time; null where nothing is known. */
export interface AgentStatus {
  readonly name: string;
  readonly condition: AgentCondition;
  /** Why it is in that condition, in words. */
  readonly reason: string | null;
  /** When the last of its holds ends; null where nothing holds it, or something without an end. */
  readonly heldUntil: number | null;
  /** Until when nothing is expected of the run that is alive: its agent declared a long step; null: it did not. */
  readonly patientUntil: number | null;
  /** When something last proved that it works: a good end, or a beat, progress, or output of the run that is alive, or that was stopped last. */
  readonly lastProofAt: number | null;
  readonly runningSince: number | null;
  readonly nextDueAt: number | null;
  /** How much of the usable context the run that is alive has filled, in percent; null where its CLI does not tell. */
  readonly contextPercent: number | null;
  readonly lastRun: {
    readonly id: number;
    readonly state: string;
    readonly endedAt: number | null;
    readonly evidence: string | null;
    readonly model: string | null;
    readonly cliVersion: string | null;
    readonly inputTokens: number | null;
    readonly outputTokens: number | null;
    /** US dollars at list prices; null where its CLI tells none. */
    readonly costUsd: number | null;
  } | null;
}

/** The fleet at one moment, from rows alone. */
export interface FleetStatus {
  readonly at: number;
  /** Why the owner's own hold of all agents is there; null without one. What else holds them all is an incident. */
  readonly paused: string | null;
  /** When Nightdesk restarts at the latest, for which nothing new starts; null: it does not. */
  readonly restartsAt: number | null;
  readonly incidents: readonly {
    readonly id: number;
    readonly severity: string;
    readonly title: string;
    readonly since: number;
    readonly agents: readonly string[];
  }[];
  readonly credentials: readonly {
    readonly name: string;
    readonly title: string;
    /** `expiring`: it works, and its end is near or past. */
    readonly state: ShownState;
    readonly since: number | null;
    readonly provedAt: number | null;
    /** When its secret ends; null where nobody knows. */
    readonly expiresAt: number | null;
    /** When its secret was last replaced by one that works; null: never since it is known. */
    readonly renewedAt: number | null;
    /** When its secret is rotated next; null: never. */
    readonly rotatesAt: number | null;
    /** How often it has come back, or got a new secret; a run carries the one that it was started with. */
    readonly generation: number | null;
  }[];
  readonly agents: readonly AgentStatus[];
  readonly drafts: {
    readonly pending: number;
    readonly approved: number;
    readonly unknown: number;
    readonly nextDeadline: number | null;
  };
  /** Work that agents handed to each other: open tasks, those under way among them, and the oldest of these. */
  readonly tasks: {
    readonly open: number;
    readonly underWay: number;
    readonly oldest: {
      readonly id: number;
      readonly title: string;
      readonly agent: string;
      /** `phase 3 of 9`; null where it has no phases. */
      readonly place: string | null;
    } | null;
  };
  readonly outbox: { readonly waiting: number; readonly oldestAt: number | null };
  /** What keeps the runs together, as the control plane found it at its last start; null before the first. */
  readonly containment: string | null;
}

/** A sign for each condition, as it stands before an agent's name. */
const AGENT_SIGNS: Readonly<Record<AgentCondition, string>> = {
  held: '⛔️',
  failed: '🟠',
  waiting: '⏳',
  running: '▶️',
  idle: '🟢',
};

/** The sign of one agent: who has proved nothing is not green. */
export function signOf({ condition, lastProofAt }: Pick<AgentStatus, 'condition' | 'lastProofAt'>): string {
  return condition === 'idle' && lastProofAt === null ? '⚪️' : AGENT_SIGNS[condition];
}

const ORDER: readonly AgentCondition[] = ['held', 'failed', 'waiting', 'running', 'idle'];

/** Reads the fleet's status, worst first. Never green without evidence: what nobody proved has no proof time. */
export function loadFleetStatus(fleet: Fleet, storage: Storage, now: number): FleetStatus {
  const holds = storage.holds.active();
  const agents = [...fleet.agents.values()].map((agent) => loadAgentStatus(agent, storage, holds));
  const fleetHold = holds.find((hold) => hold.agent === '' && hold.kind === 'owner');
  return {
    at: now,
    paused: fleetHold?.reason ?? null,
    restartsAt: storage.selfRestarts.open()?.deadlineAt ?? null,
    incidents: storage.incidents.listUnresolved().map((incident) => ({
      id: incident.id,
      severity: incident.severity,
      title: incident.title,
      since: incident.openedAt,
      agents: storage.incidents.agents(incident.id),
    })),
    credentials: listCredentials(fleet)
      .map((credential) => ({ credential, row: storage.credentials.get(credential.name) }))
      .filter(({ credential, row }) => !credential.name.startsWith('~') || row?.state === 'dead')
      .map(({ credential, row }) => ({
        name: credential.name,
        title: credentialTitle(credential.name),
        state: credentialStateAt(row, credential, now),
        since: row?.since ?? null,
        provedAt: row?.provedAt ?? null,
        expiresAt: endOfSecret(credential, row) ?? null,
        renewedAt: row?.renewedAt ?? null,
        rotatesAt: storage.rotations.openOf(credential.name)?.dueAt ?? null,
        generation: row?.generation ?? null,
      })),
    agents: agents.toSorted((a, b) => ORDER.indexOf(a.condition) - ORDER.indexOf(b.condition)),
    drafts: {
      pending: storage.drafts.countInState('pending'),
      // Of a kind that nobody publishes, an approved draft is its agent's: it is on no way.
      approved: storage.publications.countUnderWay(),
      unknown: storage.drafts.countInState('unknown'),
      nextDeadline: storage.drafts.nextDeadline() ?? null,
    },
    tasks: loadTasks(storage),
    outbox: storage.outbox.counts(),
    containment: storage.settings.get(CONTAINMENT_KEY) ?? null,
  };
}

function loadTasks(storage: Storage): FleetStatus['tasks'] {
  const { open, claimed } = storage.tasks.counts();
  const [oldest] = claimed === 0 ? [] : storage.tasks.claimed(1);
  return {
    open,
    underWay: claimed,
    oldest:
      oldest === undefined
        ? null
        : {
            id: oldest.id,
            title: oldest.title,
            agent: oldest.agent,
            place: describePlace(storage.tasks.phases(oldest.id)) ?? null,
          },
  };
}

/** The setting that names the runs which an earlier incarnation left alive. */
const INTERRUPTED_KEY = 'interrupted-runs';
/** Why an agent neither runs nor may run: what it left behind is being swept and written down. */
const SETTLES = 'its run is being settled: Nightdesk ended while it ran';

/** Writes down which runs an earlier incarnation has left, before any of this one is started: they do not run, whatever their rows say. */
export function noteInterrupted(storage: Storage): void {
  const ids = storage.runs
    .alive()
    .filter(({ startedAt }) => startedAt !== null)
    .map(({ id }) => id);
  storage.transaction(() => storage.settings.set(INTERRUPTED_KEY, JSON.stringify(ids)));
}

/** Whether a run that its row calls alive belongs to an earlier incarnation. */
function isInterrupted(run: RunRow, storage: Storage): boolean {
  const ids = JSON.parse(storage.settings.get(INTERRUPTED_KEY) ?? '[]') as readonly number[];
  return ids.includes(run.id);
}

/** What a run does whose question nobody has answered. */
const WAITS_FOR_OWNER = '❓ waits for your answer';

/** The setting that names the containment of this start. */
export const CONTAINMENT_KEY = 'containment';

function describeRun(run: RunRow): NonNullable<AgentStatus['lastRun']> {
  const { id, state, endedAt, evidence, model, cliVersion, inputTokens, outputTokens, costMicroUsd } = run;
  const costUsd = costMicroUsd === null ? null : costMicroUsd / 1_000_000;
  return { id, state, endedAt, evidence, model, cliVersion, inputTokens, outputTokens, costUsd };
}

function endOf(holds: readonly HoldRow[]): number | null {
  const ends = holds.map(({ until }) => until ?? Number.POSITIVE_INFINITY);
  return holds.length === 0 || ends.includes(Number.POSITIVE_INFINITY) ? null : Math.max(...ends);
}

/** Reads how one agent stands; `allHolds`: those that are there, for whoever reads many agents at once. */
export function loadAgentStatus(
  agent: Agent,
  storage: Storage,
  allHolds: readonly HoldRow[] = storage.holds.active(),
): AgentStatus {
  const row = storage.runs.aliveOf(agent.name);
  const isSettling = row !== undefined && isInterrupted(row, storage);
  const alive = isSettling ? undefined : row;
  const [last] = storage.runs.recent(agent.name, 1);
  // Mostly it is the last one: only an agent that does not do well is worth a longer look.
  const lastGood =
    last?.state === 'done' ? last : storage.runs.recent(agent.name, 50).find(({ state }) => state === 'done');
  const due = storage.dues.waitingOf(agent.name);
  const holds = allHolds.filter((hold) => hold.agent === '' || hold.agent === agent.name);
  // Whoever was stopped had worked until then.
  const heard = alive ?? (last?.state === 'stopped' ? last : undefined);
  // What a CLI prints while it tries and tries proves nothing; of another program output is all that there is.
  const proofs = [
    lastGood?.endedAt,
    agent.runtime === 'command' ? heard?.outputAt : undefined,
    heard?.beatAt,
    heard?.progressAt,
    heard?.livelyAt,
    heard?.workedAt,
  ].filter((at): at is number => typeof at === 'number');
  return {
    name: agent.name,
    ...condition(),
    heldUntil: endOf(holds),
    patientUntil: alive?.patientUntil ?? null,
    lastProofAt: proofs.length === 0 ? null : Math.max(...proofs),
    runningSince: alive?.startedAt ?? null,
    nextDueAt: due?.dueAt ?? null,
    contextPercent:
      alive?.contextTokens && alive.contextLimit ? Math.round((alive.contextTokens / alive.contextLimit) * 100) : null,
    lastRun: last === undefined ? null : describeRun(last),
  };

  function condition(): { readonly condition: AgentCondition; readonly reason: string | null } {
    if (isSettling) return { condition: 'waiting', reason: SETTLES };
    if (holds.length > 0) return { condition: 'held', reason: holds.map((hold) => hold.reason).join('; ') };
    const dead = credentialsOf(agent).find((name) => storage.credentials.get(name)?.state === 'dead');
    if (dead !== undefined) return { condition: 'held', reason: `${credentialTitle(dead)} is dead` };
    if (alive !== undefined) {
      const asks = storage.questions.openOf(alive.id).length > 0;
      return { condition: 'running', reason: asks ? WAITS_FOR_OWNER : (alive.progressNote ?? alive.beatNote) };
    }
    // Refused by a credential that lives again: it has not had its turn yet.
    if (last?.failure === 'auth') return { condition: 'idle', reason: 'has not run since the credential came back' };
    if (last?.state === 'failed')
      return { condition: 'failed', reason: `${last.failure ?? 'failed'}: ${last.evidence ?? ''}` };
    if (due?.reason) return { condition: 'waiting', reason: due.reason };
    return { condition: 'idle', reason: null };
  }
}

/** The reason of a condition in words, with how long it still lasts where it ends by itself; undefined where there is none. */
export function renderReason(
  { reason, heldUntil, patientUntil, condition }: AgentStatus,
  now: number,
  mostCharacters: number,
): string | undefined {
  const stepEndsAt = condition === 'running' && patientUntil !== null && patientUntil > now ? patientUntil : null;
  const words = stepEndsAt === null ? reason : `in a long step${reason === null ? '' : `: ${reason}`}`;
  if (words === null) return undefined;
  const until = stepEndsAt ?? heldUntil;
  const end = until === null || until <= now ? '' : `, for ${duration(until - now)} more`;
  return `${shorten(words, mostCharacters - end.length)}${end}`;
}
