import { join } from 'node:path';
import type { Agent, Fleet } from '../config/fleet.ts';
import { perFile, viewOf } from '../config/live-fleet.ts';
import { type AgentDrill, drillAgentName } from './drill.ts';

const PROGRAM = join(import.meta.dirname, 'drill-agent.ts');

/** Long enough for the program to have started on a busy machine, short enough to wait for. */
const HEARTBEAT_MS = 2_000;
const PROGRESS_MS = 3_000;
/** Nothing of a drill is about this clock. */
const NEVER_MS = 3_600_000;
/** Longer than any of these drills may take: what even that does not end is ended by its timeout. */
const TIMEOUT_MS = 120_000;

const AGENT_DRILLS: readonly AgentDrill[] = ['auth', 'heartbeat', 'stuck', 'orphan', 'budget'];

/**
 * The fleet with the hidden agents of the drills, for the rooms that act on agents; those that show agents get the fleet as it is written.
 * They are what any other agent is, so that a drill goes the way of a real fault.
 */
export function withDrillAgents(fleet: Fleet, nodePath: string): Fleet {
  const hidden = AGENT_DRILLS.map((kind) => describeAgent(kind, fleet.home, nodePath));
  const agents = perFile(
    fleet,
    (written) => new Map([...written.agents, ...hidden.map((agent) => [agent.name, agent] as const)]),
  );
  return Object.defineProperty(
    viewOf(() => fleet),
    'agents',
    { get: agents },
  );
}

function describeAgent(kind: AgentDrill, home: string, nodePath: string): Agent {
  const name = drillAgentName(kind);
  return {
    name,
    runtime: 'command',
    command: [nodePath, PROGRAM, kind],
    prompt: undefined,
    model: undefined,
    schedule: { kind: 'none' },
    active: undefined,
    credentials: [],
    heartbeatMs: kind === 'heartbeat' ? HEARTBEAT_MS : NEVER_MS,
    progressMs: kind === 'stuck' ? PROGRESS_MS : undefined,
    onStuck: 'alert',
    timeoutMs: TIMEOUT_MS,
    budgetUsd: kind === 'budget' ? 1 : undefined,
    maxRunCostUsd: undefined,
    context: { flushPercent: 80, stopPercent: 90 },
    workdir: join(home, 'agents', name),
    env: {},
    failureModes: [],
    permissions: { mode: 'ask', tools: [], withinMs: NEVER_MS },
    instructions: undefined,
    publishes: [],
    place: undefined,
  };
}
