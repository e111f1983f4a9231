import { describe, expect, test } from 'vitest';
import { createCallbackData } from '../../../src/telegram/callback-data.ts';
import { layOut } from '../../../src/telegram/cards/agent-buttons.ts';
import { renderFleetList } from '../../../src/telegram/cards/fleet-list.ts';
import type { AgentStatus } from '../../../src/vigil/status.ts';
import { cutLabels } from './label-widths.ts';

const NOW = Date.UTC(2026, 0, 15, 13);
const setting = { timezone: 'Etc/UTC', now: NOW, callbackData: createCallbackData('a key of the test') };

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

function labelsOf(page: number, size = 60): string[] {
  const agents = Array.from({ length: size }, (_, n) => agent(n));
  const list = renderFleetList(agents, page, setting);
  expect(cutLabels(list)).toEqual([]);
  return list.kind === 'text' ? (list.buttons ?? []).flat().map(({ text }) => text) : [];
}

describe('the list of a fleet of sixty', () => {
  test('has twenty agents to a page, in the order of fleet.yaml however they fare', () => {
    expect(labelsOf(0)).toEqual([
      ...Array.from({ length: 20 }, (_, n) => `🟢 agent-${n}`),
      'Next »',
      'Refresh',
      'Status',
    ]);
    expect(labelsOf(1).slice(20, 22)).toEqual(['« Back', 'Next »']);
    expect(labelsOf(2)).toContain('🟠 agent-45');
    expect(labelsOf(2)).not.toContain('Next »');
  });

  test('shows its last page to a button of one that is no more', () => {
    expect(labelsOf(2, 30)[0]).toBe('🟢 agent-20');
  });

  test('names on each page who is held or failed', () => {
    const list = renderFleetList(
      Array.from({ length: 60 }, (_, n) => agent(n)),
      0,
      setting,
    );

    expect(list.kind === 'text' ? list.body.text : '').toMatch(
      /^The fleet: 60 agents\n0 running, 1 held or failed\n🟠 agent-45\n1 to 20 of 60\n/,
    );
  });
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
