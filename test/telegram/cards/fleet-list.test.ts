import { expect, test } from 'vitest';
import { layOut } from '../../../src/telegram/cards/agent-buttons.ts';
import { cutPage, renderFleetList } from '../../../src/telegram/cards/fleet-list.ts';
import type { AgentStatus } from '../../../src/vigil/status.ts';

const NOW = Date.UTC(2026, 0, 15, 13);
const setting = { timezone: 'Etc/UTC', now: NOW };

function agent(n: number): AgentStatus {
  return {
    name: `agent-${n}`,
    condition: n === 45 ? 'failed' : 'idle',
    reason: null,
    heldUntil: null,
    patientUntil: null,
    lastProofAt: NOW,
    runningSince: null,
    nextDueAt: null,
    contextPercent: null,
    lastRun: null,
  };
}

const agents = Array.from({ length: 60 }, (_, n) => agent(n));

test('what stands above the list of sixty names on each page who is held or failed', () => {
  const texts = [0, 1, 2].map((page) => renderFleetList(agents, page, setting).text);

  for (const text of texts) expect(text).toMatch(/^The fleet: 60 agents\n0 running, 1 held or failed\n🟠 agent-45\n/);
  expect(texts[0]).toContain('\n1 to 20 of 60\n');
  expect(texts[2]).toContain('\n41 to 60 of 60\n');
});

test('the last page of the list is shown to a button of one that is no more', () => {
  expect(cutPage(agents.slice(0, 30), 2)).toMatchObject({ page: 1, pages: 2, first: 20 });
  expect(cutPage([], 2)).toEqual({ page: 0, pages: 1, first: 0, shown: [] });
});

test('a name that half a row would cut off has a row of its own, and the others keep their order', () => {
  const rows = layOut(['a', 'b-very-long-name-of-an-agent', 'c', 'd', 'e'].map((text) => ({ text })));

  expect(rows.map((row) => row.map(({ text }) => text))).toEqual([
    ['a'],
    ['b-very-long-name-of-an-agent'],
    ['c', 'd'],
    ['e'],
  ]);
});
