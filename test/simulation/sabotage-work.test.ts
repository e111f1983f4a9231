import { describe, expect, test } from 'vitest';
import type { RunningProcess } from '../../src/ports.ts';
import { CONTEXT_COMPACTED, CONTEXT_FULL } from '../../src/runs/context-stops.ts';
import { brokenAnyway, brokenBy, inProcesses, inStorage } from './broken-by.ts';
import { credentialOf, fleetOf, makeAgent, MINUTE_MS } from './fleets.ts';

/** Four agents of Claude Code and a program, who hand work to each other, with little money. */
const FLEET = fleetOf({
  credentials: new Map([['claude', credentialOf('claude')]]),
  agents: [
    ...['scout', 'analyst', 'creator', 'clerk'].map((name) =>
      makeAgent(name, {
        runtime: 'claude',
        prompt: `/fleet/prompts/${name}.md`,
        schedule: { kind: 'continuous' },
        timeoutMs: 12 * MINUTE_MS,
        credentials: ['claude'],
        permissions: { mode: 'allow', tools: [], withinMs: MINUTE_MS },
      }),
    ),
    makeAgent('worker', { command: ['agent:worker'], schedule: { kind: 'task' }, timeoutMs: 5 * MINUTE_MS }),
  ],
  budgetUsd: 1,
});

/** The same, whose agents need not wait for each other's money. */
const RICH = { ...FLEET, budget: undefined };

/** Long, for a slow machine that does other things besides. */
const PATIENCE_MS = 300_000;

describe('a world notices', { timeout: PATIENCE_MS }, () => {
  test('nothing in the fleet of work without a sabotage', async () => {
    expect(await brokenAnyway(FLEET)).toBeUndefined();
  });

  test.each([
    {
      sabotage: 'when an output is kept otherwise than it was handed in',
      promise: 'no phase is lost',
      by: inStorage(({ tasks }) => ({
        tasks: {
          ...tasks,
          finishPhase: (id, phase) => tasks.finishPhase(id, { ...phase, output: `${phase.output}!` }),
        },
      })),
    },
    {
      fleet: RICH,
      sabotage: 'when nobody counts attempts',
      promise: 'no phase is done twice without being told',
      by: inStorage(({ tasks }) => ({ tasks: { ...tasks, countAttempt: () => undefined } })),
    },
    {
      fleet: RICH,
      sabotage: 'when outputs are not shown to those who come after',
      promise: 'each phase sees what all before it gave',
      by: inStorage(({ tasks }) => ({ tasks: { ...tasks, outputOf: () => null } })),
    },
    {
      fleet: RICH,
      sabotage: 'when each run of an agent is in the same session',
      promise: 'each phase runs in a fresh session',
      by: inProcesses(({ spawn }) => ({
        spawn: (request, onOutput) =>
          spawn(
            {
              ...request,
              argv: request.argv.map((word, index, words) =>
                words[index - 1] === '--session-id' ? `session-of-${request.env['NIGHTDESK_AGENT']}` : word,
              ) as unknown as typeof request.argv,
            },
            onOutput,
          ),
      })),
    },
    {
      sabotage: 'when a full session is not stopped',
      promise: 'no session goes on past its end',
      by: inStorage(({ runs }) => ({
        runs: {
          ...runs,
          wantStop: (id, reason, at, evidence) =>
            reason !== CONTEXT_FULL && reason !== CONTEXT_COMPACTED && runs.wantStop(id, reason, at, evidence),
        },
      })),
    },
    {
      fleet: RICH,
      sabotage: 'when a fresh session reads something else',
      promise: 'a fresh session reads what the last one wrote',
      by: inProcesses(({ spawn }) => ({
        spawn: (request, onOutput) =>
          spawn(
            request.stdin === undefined
              ? request
              : { ...request, stdin: request.stdin.replaceAll(/Number \d+ must/g, 'Nothing must') },
            onOutput,
          ),
      })),
    },
    {
      fleet: RICH,
      sabotage: 'when everybody is told what one is to be told',
      promise: 'no more than two write their WORKSTATE.md at once',
      by: inProcesses(({ spawn }) => {
        const started: RunningProcess[] = [];
        return {
          spawn(request, onOutput) {
            const process = spawn(request, onOutput);
            started.push(process);
            return {
              ...process,
              write: (text) => (text.includes('your context') ? started : [process]).forEach((one) => one.write(text)),
            };
          },
        };
      }),
    },
    {
      sabotage: 'when nothing is set aside, and nobody stops who has spent it all',
      promise: 'no more is spent than the cap and one reservation',
      // Nothing keeps the agents from spending.
      plot: () => undefined,
      by: inStorage(({ runs, holds }) => ({
        runs: {
          ...runs,
          add: (run) => runs.add({ ...run, reservedMicroUsd: null }),
          wantStop: (id, reason, at, evidence) => evidence === undefined && runs.wantStop(id, reason, at),
        },
        holds: { ...holds, place: (hold) => hold.kind !== 'budget' && holds.place(hold) },
      })),
    },
    {
      sabotage: 'when costs are counted twice',
      promise: 'costs are what was told',
      by: inStorage(({ runs }) => ({
        runs: {
          ...runs,
          usage: (id, usage) =>
            runs.usage(id, { ...usage, costMicroUsd: usage.costMicroUsd === null ? null : usage.costMicroUsd * 2 }),
        },
      })),
    },
    {
      sabotage: 'when a warning of the budget comes twice',
      promise: 'each warning of a budget comes once',
      by: inStorage(({ outbox }) => ({
        outbox: {
          ...outbox,
          add(row) {
            if (/spent \d+ % of/.test(row.content)) outbox.add({ ...row, key: `again:${row.key}` });
            return outbox.add(row);
          },
        },
      })),
    },
  ])('at work $sabotage', async ({ by, promise, ...world }) => {
    expect(await brokenBy(by, promise, { fleet: FLEET, ...world })).toBe(promise);
  });
});
