/** What can be drilled, in the order in which it is listed. */
export const DRILL_KINDS = ['auth', 'heartbeat', 'stuck', 'telegram', 'disk', 'orphan', 'budget', 'dark'] as const;

export type DrillKind = (typeof DRILL_KINDS)[number];

/** Kinds whose fault is a run of a hidden agent. */
export type AgentDrill = Extract<DrillKind, 'auth' | 'heartbeat' | 'stuck' | 'orphan' | 'budget'>;

/** What a drill does, and how long it may take. */
export interface DrillPlan {
  /** What is made to go wrong, as it is announced. */
  readonly what: string;
  /** In ms, from its start: whatever has not come by then has not come. */
  readonly withinMs: number;
}

/** What each drill does. A bound is several times what the alert takes: a slow machine is no fault. */
export const DRILL_PLANS: Readonly<Record<DrillKind, DrillPlan>> = {
  auth: { what: 'a hidden agent is refused, as by a dead login', withinMs: 60_000 },
  heartbeat: { what: 'a hidden agent falls silent', withinMs: 60_000 },
  stuck: { what: 'a hidden agent says the same over and over', withinMs: 60_000 },
  // The poller tells of an outage after a minute, and the sender may have paused for half a minute when it is over.
  telegram: { what: 'no call reaches Telegram for a while', withinMs: 4 * 60_000 },
  disk: { what: 'the disk pretends to be nearly full', withinMs: 60_000 },
  orphan: { what: 'a process pretends to outlive its run', withinMs: 60_000 },
  budget: { what: 'a hidden agent pretends to have used up its budget', withinMs: 60_000 },
  // The sentinel's timer looks each minute; darkness is only certain at its second look.
  dark: { what: 'I play dead for the sentinel', withinMs: 5 * 60_000 },
};

/** Whether this is the name of a kind of drill. */
export function isDrillKind(name: string): name is DrillKind {
  return (DRILL_KINDS as readonly string[]).includes(name);
}

/** How the hidden agents' names begin; fleet.yaml allows no such name. */
const AGENT_PREFIX = '~drill-';

/** The hidden agent that fails in this way. */
export function drillAgentName(kind: AgentDrill): string {
  return `${AGENT_PREFIX}${kind}`;
}

/** Whether this is one of the agents that exist only to be drilled. */
export function isDrillAgent(name: string): boolean {
  return name.startsWith(AGENT_PREFIX);
}
