import { expect, it } from 'vitest';
import { createSweep } from '../../src/adapters/process-sweep.ts';
import type { ProcessTable } from '../../src/adapters/process-table.ts';

it('sweeps take turns, and all come to an end, when a whole fleet ends at once', async () => {
  let looking = 0;
  let most = 0;
  const emptyTable: ProcessTable = {
    bootId: 'test',
    isInstant: false,
    rowsOf: () => [],
    childrenOf: () => [],
    async look() {
      looking += 1;
      most = Math.max(most, looking);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      looking -= 1;
      return { pids: [], hasMissed: false };
    },
    isYoung: () => false,
    carries: () => 'no',
    tell: () => ({ command: '', ageMs: 0 }),
  };
  const sweep = createSweep(emptyTable, () => false);

  const reports = await Promise.all(
    Array.from({ length: 100 }, (_, n) => sweep({ mark: { text: `NIGHTDESK_MARK=many-${n}`, isPrefix: false } })),
  );

  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(3);
  expect(new Set(reports.map(({ kind }) => kind))).toEqual(new Set(['gone']));
});
