import type { RunClaim } from '../../storage/run-store.ts';
import type { Agent } from '../../src/config/fleet.ts';
import type { RunInput } from '../../src/runtimes/runtime.ts';

/** An agent as fleet.yaml's defaults make it, but for what the test names. */
export function anAgent(differences: Partial<Agent> = {}): Agent {
  return {
    name: 'scout',
    runtime: 'command',
    command: ['/opt/scout', '--once'],
    prompt: undefined,
    model: undefined,
    schedule: { kind: 'none' },
    active: undefined,
    credentials: [],
    heartbeatMs: 1_800_000,
    progressMs: undefined,
    onStuck: 'alert',
    timeoutMs: 1_200_000,
    budgetUsd: undefined,
    maxRunCostUsd: undefined,
    context: { flushPercent: 80, stopPercent: 90 },
    workdir: '/',
    env: {},
    failureModes: [],
    permissions: { mode: 'ask', tools: [], withinMs: 600_000 },
    instructions: undefined,
    publishes: [],
    place: undefined,
    ...differences,
  };
}

/** What a first run of an agent brings to its runtime, but for what the test names. */
export function aRunInput(differences: Partial<RunInput> = {}): RunInput {
  return {
    id: 1,
    stdin: undefined,
    prompt: 'Do your work.',
    instructions: 'You run unattended.',
    session: { kind: 'new', id: '00000000-0000-4000-8000-000000000001' },
    mcpUrl: 'http://127.0.0.1:1/mcp',
    ...differences,
  };
}

/** What a run is claimed with, but for what the test names. */
export function aClaim(differences: Partial<RunClaim> = {}): RunClaim {
  return {
    startedAt: 0,
    tokenHash: 'x',
    logPath: '/dev/null',
    containment: 'none',
    cliVersion: null,
    resumeToken: null,
    ...differences,
  };
}
