import { expect, it } from 'vitest';
import { reportChecklist } from '../../src/operator/checklist-report.ts';
import { healthyFacts, healthyHost, NOW } from '../checklist/healthy.ts';

function report(facts: ReturnType<typeof healthyFacts>, form: Parameters<typeof reportChecklist>[1]) {
  const printed: string[] = [];
  const code = reportChecklist(facts, form, { print: (line) => void printed.push(line) });
  return { code, printed };
}

const brokenDisk = {
  ...healthyHost(),
  disk: { kind: 'known', at: NOW, value: { freeBytes: 5, inodesLeftPercent: 3 } },
} as const;
const untoldDisk = { ...healthyHost(), disk: { kind: 'unknown', at: NOW, reason: 'no\n\x1b[2Janswer' } } as const;

it('ends with 0 when nothing is left to do, and says so', () => {
  const { code, printed } = report(healthyFacts(), { json: false, hasColours: false });

  expect(code).toBe(0);
  expect(printed.at(-1)).toBe('28 pass.');
});

it.each([
  ['fails', brokenDisk],
  ['is unknown', untoldDisk],
])('ends with 1 when something %s', (_, host) => {
  expect(report({ ...healthyFacts(), host }, { json: false, hasColours: false }).code).toBe(1);
});

it('prints what is wrong first, aligned, and what to do below it, without letting evidence move the cursor', () => {
  const { printed } = report({ ...healthyFacts(), host: untoldDisk }, { json: false, hasColours: false });

  expect(printed[0]).toMatch(/^\? disk +now {2}no \[2Janswer$/);
  expect(printed[1]).toMatch(/^ +→ see that HOME is there$/);
  expect(printed[2]?.indexOf('nightdesk.service')).toBe(printed[0]?.indexOf('no '));
});

it('colours the sign alone on a terminal that shows colours', () => {
  const { printed } = report({ ...healthyFacts(), host: brokenDisk }, { json: false, hasColours: true });

  expect(printed[0]).toMatch(/^\x1b\[31m✗\x1b\[0m log retention/);
});

it('prints JSON of a stable shape where that is asked for', () => {
  const { printed } = report({ ...healthyFacts(), host: brokenDisk }, { json: true, hasColours: false });
  const found = JSON.parse(printed.join('\n')) as { readonly items: readonly Record<string, unknown>[] };

  expect(found).toMatchObject({ ok: false, at: NOW, running: true });
  expect(found.items.find(({ id }) => id === 'disk')).toEqual({
    id: 'disk',
    title: 'disk',
    state: 'fail',
    evidence: '5 bytes free, less than the 500 MB that have to stay',
    at: NOW,
    mend: 'make room on the disk',
  });
});
