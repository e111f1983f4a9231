import { describe, expect, it } from 'vitest';
import { afterAwakeTime, decideRule, type RuleDecision, type RuleFacts } from '../../src/drafts/auto-approval.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NIGHT = { fromMinute: 23 * 60, toMinute: 7 * 60 };
const MORNING = Date.UTC(2026, 0, 12, 9);

function at(hour: number, minute = 0, day = 12): number {
  return Date.UTC(2026, 0, day, hour, minute);
}

describe('afterAwakeTime', () => {
  it.each([
    ['counts on where there are no quiet hours', at(22), 3 * HOUR, undefined, at(1, 0, 13)],
    ['is a whole minute, rounded up', at(9) + 1_234, 30 * MINUTE, undefined, at(9, 31)],
    ['leaves out the night', at(22, 50), 30 * MINUTE, NIGHT, at(7, 20, 13)],
    ['begins when the night ends, where it is shown in it', at(2), 30 * MINUTE, NIGHT, at(7, 30)],
    ['is never the minute in which the night begins', at(22, 30), 30 * MINUTE, NIGHT, at(7, 0, 13)],
    ['leaves out several nights', at(9), 20 * HOUR, NIGHT, at(13, 0, 13)],
  ] as const)('a time counted awake %s', (_title, from, ms, quiet, expected) => {
    expect(new Date(afterAwakeTime(from, ms, quiet, 'UTC') ?? 0)).toEqual(new Date(expected));
  });

  it('follows the wall over the night in which summer time begins', () => {
    const saturday = Date.UTC(2026, 2, 28, 21, 50); // 22:50 in Berlin

    expect(afterAwakeTime(saturday, 30 * MINUTE, NIGHT, 'Europe/Berlin')).toBe(Date.UTC(2026, 2, 29, 5, 20));
  });
});

describe('decideRule', () => {
  const shown: RuleFacts = {
    rule: { afterMs: 30 * MINUTE, perDay: 3 },
    windowEndsAt: null,
    shownAt: MORNING,
    restartedAt: [],
    isKept: false,
    isOver: false,
    usedToday: 0,
    quiet: undefined,
    timezone: 'UTC',
    dayEndsAt: at(0, 0, 13),
  };
  const due = MORNING + 30 * MINUTE;

  it.each<[title: string, facts: Partial<RuleFacts>, now: number, expected: RuleDecision]>([
    ['does nothing without a rule', { rule: undefined }, due, { kind: 'none' }],
    ['waits out the time to object', {}, due - 1, { kind: 'later', at: due }],
    ['approves when that time is over', {}, due, { kind: 'now' }],
    [
      'counts from now while nobody was shown it',
      { shownAt: undefined },
      due,
      { kind: 'later', at: due + 30 * MINUTE },
    ],
    ['waits while something keeps it', { isKept: true }, due, { kind: 'waits' }],
    [
      'counts anew from the end of what kept it',
      { restartedAt: [undefined, MORNING + 20 * MINUTE] },
      due,
      { kind: 'later', at: due + 20 * MINUTE },
    ],
    ['leaves it to its window where that ends before', { windowEndsAt: due }, MORNING, { kind: 'none' }],
    [
      'says beforehand that the number of the day is reached',
      { usedToday: 3 },
      MORNING,
      { kind: 'person', isTime: false },
    ],
    [
      'leaves it to a person when its time comes after that number',
      { usedToday: 3 },
      due,
      { kind: 'person', isTime: true },
    ],
    ['leaves it to a person for good after that', { isOver: true }, due, { kind: 'person', isTime: false }],
    [
      'does not ask for the number of today where its time is tomorrow',
      { usedToday: 3, rule: { afterMs: 20 * HOUR, perDay: 3 } },
      MORNING,
      { kind: 'later', at: MORNING + 20 * HOUR },
    ],
    [
      'waits where a late look falls into the quiet hours',
      { quiet: { fromMinute: 9 * 60 + 31, toMinute: 10 * 60 } },
      due + 2 * MINUTE,
      { kind: 'waits' },
    ],
    [
      'takes a time that lies ahead for now',
      { restartedAt: [due + HOUR] },
      due,
      { kind: 'later', at: due + 30 * MINUTE },
    ],
  ])('a rule %s', (_title, facts, now, expected) => {
    expect(decideRule({ ...shown, ...facts }, now)).toEqual(expected);
  });
});
