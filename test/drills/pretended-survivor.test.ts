import { expect, it } from 'vitest';
import type { Containment } from '../../src/containment/containment.ts';
import { pretendSurvivors } from '../../src/drills/pretended-survivor.ts';

const swept: number[] = [];
const real: Containment = {
  name: 'real',
  describe: () => 'real',
  wrap: (request) => request,
  sweep(run) {
    swept.push(run.id);
    return Promise.resolve({ kind: 'gone', survivors: [] });
  },
  sweepAll: () => Promise.resolve({ kind: 'gone', survivors: [] }),
};

it('a pretended survivor is found by one sweep of its run, which sweeps all the same, and by no other', async () => {
  const containment = pretendSurvivors(real);
  containment.pretendSurvivorOf(2);

  const reports = [];
  for (const id of [1, 2, 2]) reports.push(await containment.sweep({ id, identity: undefined }));

  expect(reports.map(({ kind }) => kind)).toEqual(['gone', 'survived', 'gone']);
  expect(swept).toEqual([1, 2, 2]);
});
