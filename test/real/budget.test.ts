import { describe, expect, it, vi } from 'vitest';
import type { ModelAnswer } from '../models/model-server.ts';
import { findRealCli, openRealFleet, TEST_TIMEOUT_MS } from './stage.ts';

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS, hookTimeout: TEST_TIMEOUT_MS });

/** A call whose prompt costs some tens of cents at list prices. */
function dear(command: string): ModelAnswer {
  return { kind: 'tool', name: 'Bash', input: { command, description: 'a command' }, usage: { input: 100_000 } };
}

describe.skipIf(findRealCli('claude') === undefined)('the money of the real claude', () => {
  it('claude stops by itself at its max_run_cost, and that is told, and is no crash', async () => {
    const fleet = await openRealFleet('claude', {
      dear: {
        answers: [dear('echo one'), dear('echo two'), dear('echo three'), { kind: 'text', text: 'All done.' }],
        entry: { permissions: 'allow', max_run_cost: 0.4 },
      },
      frugal: {
        answers: [{ kind: 'text', text: 'All done.' }],
        entry: { max_run_cost: 0.4 },
      },
    });
    try {
      const program = await fleet.start();
      const run = await fleet.ended('dear');
      const frugal = await fleet.ended('frugal');
      const told = await fleet.told('reached its');
      const holds = fleet.holds('dear');
      await program.stop();

      expect(run).toMatchObject({ state: 'failed', failure: 'budget', reservedMicroUsd: 400_000 });
      expect(run.costMicroUsd).toBeGreaterThanOrEqual(400_000);
      expect(fleet.models.dear.requests.length).toBeLessThan(4);
      expect(frugal).toMatchObject({ state: 'done', reservedMicroUsd: 400_000 });
      expect(told).toMatchObject({ kind: 'budget', title: 'dear reached its $0.40 for one run' });
      expect(holds).toEqual([]);
    } finally {
      await fleet.close();
    }
  });
});
