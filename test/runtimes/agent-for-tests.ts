import type { Agent } from '../../src/config/fleet.ts';
import type { RunInput } from '../../src/runtimes/runtime.ts';

/** An agent of a runtime, as a configuration that says nothing else gives it. */
export function agentOf(runtime: Agent['runtime'], changes: Partial<Agent> = {}): Agent {
  return {
    name: 'scout',
    runtime,
    command: [],
    prompt: undefined,
    model: undefined,
    schedule: { kind: 'none' },
    active: undefined,
    credentials: [],
    heartbeatMs: 60_000,
    progressMs: undefined,
    onStuck: 'alert',
    timeoutMs: 60_000,
    budgetUsd: undefined,
    maxRunCostUsd: undefined,
    context: { flushPercent: 80, stopPercent: 90 },
    workdir: '/work/scout',
    env: {},
    failureModes: [],
    permissions: { mode: 'ask', tools: [], withinMs: 600_000 },
    instructions: undefined,
    publishes: [],
    place: undefined,
    ...changes,
  };
}

/** A run of it, in a session of its own. */
export function runOf(changes: Partial<RunInput> = {}): RunInput {
  return {
    id: 7,
    stdin: undefined,
    prompt: 'Look for news.',
    instructions: 'You are watched.',
    session: { kind: 'new', id: '3f2b6c1e-8a54-4c0e-9d11-7f60a1b2c3d4' },
    mcpUrl: 'http://127.0.0.1:4000/mcp',
    ...changes,
  };
}
