import type { IncidentRow } from '../../storage/incident-store.ts';
import type { DrillFacts, DrillRow } from '../../storage/drill-store.ts';
import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock } from '../ports.ts';
import { describeMissingAlert, findAlert } from './alerted.ts';
import { type AgentDrill, drillAgentName } from './drill.ts';
import type { Fault } from './fault.ts';

/** Twice the hidden agent's budget. */
const BEYOND_BUDGET_MICRO_USD = 2_000_000;

/** What faults of hidden agents work with. */
export interface AgentFaultParts {
  /** The fleet with the hidden agents. */
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly incidents: Pick<IncidentRegister, 'delivery'>;
  readonly generations: (agent: Agent) => Readonly<Record<string, number>>;
  readonly pretendSurvivorOf: (runId: number) => void;
  readonly pretendNone: () => void;
}

/**
 * A fault that is a run of a hidden agent. The run is asked for past the scheduler, so that a paused fleet can be drilled as well; all that
 * follows is what follows from any run.
 */
export function createAgentFault(kind: AgentDrill, parts: AgentFaultParts): Fault {
  const { fleet, storage, clock, incidents } = parts;
  const name = drillAgentName(kind);

  function alertOf(): IncidentRow | undefined {
    return storage.incidents
      .listUnresolved()
      .find((incident) => incident.kind === kind && storage.incidents.agents(incident.id).includes(name));
  }

  /** When this run did what it is there for. */
  function faultAt(run: RunRow): number | undefined {
    switch (kind) {
      case 'orphan':
        return run.endedAt ?? undefined;
      case 'heartbeat':
        return run.startedAt ?? undefined;
      case 'auth':
      case 'stuck':
        return run.outputAt ?? undefined;
      case 'budget':
        return run.costMicroUsd === null ? undefined : clock.now();
    }
  }

  function spend(run: RunRow): void {
    const nothing = { inputTokens: null, outputTokens: null, contextTokens: null, contextLimit: null };
    storage.runs.usage(run.id, { ...nothing, costMicroUsd: BEYOND_BUDGET_MICRO_USD });
  }

  function runOf(drill: DrillRow): RunRow | undefined {
    return drill.runId === null ? undefined : storage.runs.get(drill.runId);
  }

  return {
    make() {
      const agent = fleet.agents.get(name);
      if (agent === undefined) throw new Error(`the fleet has no ${name}`);
      const runId = storage.runs.add({
        agent: name,
        cause: 'drill',
        publicationId: null,
        wantedAt: clock.now(),
        generations: JSON.stringify(parts.generations(agent)),
      });
      if (kind === 'orphan') parts.pretendSurvivorOf(runId);
      return { runId };
    },

    look(drill) {
      const run = runOf(drill);
      if (run === undefined) return { kind: 'going', facts: {} };
      if (kind === 'budget' && run.state === 'running' && run.costMicroUsd === null) spend(run);
      const at = faultAt(storage.runs.get(run.id) ?? run);
      const facts: DrillFacts = at === undefined ? {} : { faultAt: at };
      const finding = findAlert(alertOf(), incidents, facts, clock.now());
      const isOver = run.endedAt !== null && kind !== 'orphan' && finding.facts.incidentId === undefined;
      return isOver ? { kind: 'failed', reason: describeEnd(run) } : finding;
    },

    describe(drill) {
      const run = runOf(drill);
      if (run?.startedAt === null) return 'the drill’s program was not started';
      return describeMissingAlert(drill, alertOf(), incidents);
    },

    clear: () => parts.pretendNone(),
  };
}

function describeEnd({ state, evidence, exit }: RunRow): string {
  const why = [evidence, exit].filter((part) => part !== null).join(', ');
  return `the drill’s own program ended early (${state}${why === '' ? '' : `: ${why}`}), and nobody noticed a fault`;
}
