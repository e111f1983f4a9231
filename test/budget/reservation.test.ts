import { describe, expect, it } from 'vitest';
import { type Budget, decideReservation, decideWish, type Wish } from '../../src/budget/reservation.ts';
import { anAgent } from '../fakes/agents.ts';

const DOLLAR = 1_000_000;

function budget(limit: number, spent: number, setAside = 0, agent = ''): Budget {
  return {
    agent,
    limitMicroUsd: limit * DOLLAR,
    spentMicroUsd: spent * DOLLAR,
    setAsideMicroUsd: setAside * DOLLAR,
  };
}

/** Of a run with a max_run_cost. */
function wishOf(dollars: number): Wish {
  return { microUsd: dollars * DOLLAR, leastMicroUsd: (dollars / 2) * DOLLAR };
}

describe('what a next run wishes to have set aside', () => {
  it.each([
    ['its max_run_cost, budget or not', { maxRunCostUsd: 2 }, false, { runs: 5, talkative: 5, costliest: 9 }, [2, 1]],
    ['nothing where nothing limits it', {}, false, { runs: 5, talkative: 5, costliest: 9 }, undefined],
    ['four times what its costliest run cost', {}, true, { runs: 5, talkative: 5, costliest: 4 }, [16, 4]],
    ['a dollar at least, where nobody limits it', {}, true, { runs: 5, talkative: 5, costliest: 0.1 }, [1, 0.1]],
    ['worth beginning with a cent', {}, true, { runs: 5, talkative: 5, costliest: 0.001 }, [1, 0.01]],
    ['a dollar where all of its runs were free', {}, true, { runs: 5, talkative: 5, costliest: 0 }, [1, 0.01]],
    [
      'five dollars where it has never run',
      { runtime: 'claude' },
      true,
      { runs: 0, talkative: 0, costliest: null },
      [5, 0.01],
    ],
    [
      'five dollars where no run came far',
      { runtime: 'claude' },
      true,
      { runs: 2, talkative: 0, costliest: null },
      [5, 0.01],
    ],
    [
      'nothing where its CLI tells no costs',
      { runtime: 'codex' },
      true,
      { runs: 2, talkative: 2, costliest: null },
      undefined,
    ],
    ['nothing where it is a command that tells none', {}, true, { runs: 0, talkative: 0, costliest: null }, undefined],
  ] as const)('is %s', (_title, agent, isBudgeted, { costliest, ...history }, wish) => {
    const costliestMicroUsd = costliest === null ? null : costliest * DOLLAR;

    const wished = decideWish(anAgent({ runtime: 'command', ...agent }), isBudgeted, () => ({
      ...history,
      costliestMicroUsd,
    }));

    const [microUsd = 0, leastMicroUsd = 0] = (wish ?? []).map((dollars) => dollars * DOLLAR);
    expect(wished).toEqual(wish === undefined ? undefined : { microUsd, leastMicroUsd });
  });
});

describe('a reservation', () => {
  it.each([
    ['is the wish where no budget applies', 2, [], { kind: 'reserved', microUsd: 2 * DOLLAR }],
    ['is nothing where nothing is wished', undefined, [budget(10, 9.99)], { kind: 'reserved', microUsd: null }],
    ['is the wish where exactly that is left', 2, [budget(10, 5, 3)], { kind: 'reserved', microUsd: 2 * DOLLAR }],
    ['is what is left where that is half of the wish', 2, [budget(10, 9)], { kind: 'reserved', microUsd: DOLLAR }],
    [
      'is what is left in the tightest budget',
      2,
      [budget(100, 0), budget(10, 8.5, 0, 'a')],
      { kind: 'reserved', microUsd: 1.5 * DOLLAR },
    ],
    ['is refused where less than half of the wish is left', 2, [budget(10, 9.000001)], { kind: 'refused' }],
    ['is refused where all is spent, and nothing wished', undefined, [budget(10, 10)], { kind: 'refused' }],
    ['is refused where more is spent than there was', 2, [budget(10, 12)], { kind: 'refused' }],
    ['waits for what others have set aside', 2, [budget(10, 5, 4.5)], { kind: 'waits' }],
    ['waits where others have set aside all of it', 2, [budget(10, 8, 2)], { kind: 'waits' }],
    ['is refused where even all of that would be too little', 2, [budget(10, 9.5, 0.5)], { kind: 'refused' }],
  ] as const)('%s', (_title, wish, budgets, expected) => {
    const reservation = decideReservation(wish === undefined ? undefined : wishOf(wish), budgets);

    expect(reservation).toMatchObject(expected);
  });

  it('names the budget that is short, of several', () => {
    const reservation = decideReservation(wishOf(2), [budget(100, 1), budget(10, 9.5, 0, 'scout')]);

    expect(reservation).toMatchObject({ kind: 'refused', budget: { agent: 'scout' } });
  });
});
