import { describe, expect, it } from 'vitest';
import { monthAt } from '../../src/budget/budget.ts';
import { decideBurn, forecastMonth } from '../../src/budget/forecast.ts';
import { createWallClock } from '../../src/loop/wall-clock.ts';

const DOLLAR = 1_000_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOON = Date.UTC(2026, 10, 21, 12);
const END = Date.UTC(2026, 11, 1);

function forecast(facts: Partial<Parameters<typeof forecastMonth>[0]>) {
  return forecastMonth({
    now: NOON,
    monthEndsAt: END,
    spentMicroUsd: 100 * DOLLAR,
    recentMicroUsd: 70 * DOLLAR,
    since: NOON - 7 * DAY,
    limitMicroUsd: undefined,
    ...facts,
  });
}

describe('the forecast of a month', () => {
  it.each([
    ['is what is spent and the average day times the days left', {}, 195],
    [
      'counts from the first run where that was less than a week ago',
      { since: NOON - 2 * DAY, recentMicroUsd: 20 * DOLLAR },
      195,
    ],
    ['takes a first hour for a whole day', { since: NOON - HOUR, recentMicroUsd: 10 * DOLLAR }, 195],
    ['is what is spent where nothing was spent lately', { recentMicroUsd: 0 }, 100],
    ['is what is spent at the end of the month', { now: END - 1, since: END - 1 - 7 * DAY }, 100],
  ] as const)('%s', (_title, facts, dollars) => {
    expect(Math.round(forecast(facts).microUsd / DOLLAR)).toBe(dollars);
  });

  it('says when a limit would be reached, and only within the month', () => {
    const reached = forecast({ limitMicroUsd: 150 * DOLLAR });

    expect(reached.usedUpAt).toBe(NOON + 5 * DAY);
    expect(forecast({ limitMicroUsd: 196 * DOLLAR }).usedUpAt).toBeUndefined();
    expect(forecast({ limitMicroUsd: 100 * DOLLAR }).usedUpAt).toBeUndefined();
  });

  it('counts the longer night of the end of summer time', () => {
    const wall = createWallClock('Europe/Berlin');
    const month = monthAt(Date.UTC(2026, 9, 24, 12), wall);
    const now = wall.instantOf(Date.UTC(2026, 9, 25));

    // 25 October has 25 hours there: from its midnight 7 days and an hour are left.
    const { microUsd } = forecast({
      now,
      monthEndsAt: month.endsAt,
      since: now - 7 * DAY,
      spentMicroUsd: 0,
      recentMicroUsd: 168 * DOLLAR,
    });

    expect(microUsd).toBe(169 * DOLLAR);
  });
});

describe('the alarm of the pace', () => {
  const facts = {
    now: NOON,
    monthEndsAt: END,
    spentMicroUsd: 50 * DOLLAR,
    lastHourMicroUsd: 10 * DOLLAR,
    limitMicroUsd: 100 * DOLLAR,
  };

  it.each([
    ['says when the budget would be empty', {}, NOON + 5 * HOUR],
    ['is given at a day exactly', { spentMicroUsd: 52 * DOLLAR, lastHourMicroUsd: 2 * DOLLAR }, NOON + DAY],
    [
      'is none where it lasts a second longer than a day',
      { spentMicroUsd: 51.99 * DOLLAR, lastHourMicroUsd: 2 * DOLLAR },
      undefined,
    ],
    ['is none where the month ends before', { now: END - 4 * HOUR }, undefined],
    [
      'is none where less than 2 % of the budget went in that hour',
      { spentMicroUsd: 99 * DOLLAR, lastHourMicroUsd: 1.99 * DOLLAR },
      undefined,
    ],
    ['is none where all is spent', { spentMicroUsd: 100 * DOLLAR }, undefined],
    ['is none where nothing was spent in that hour', { lastHourMicroUsd: 0, limitMicroUsd: 100 * DOLLAR }, undefined],
  ] as const)('%s', (_title, differences, usedUpAt) => {
    expect(decideBurn({ ...facts, ...differences })).toBe(usedUpAt);
  });
});
