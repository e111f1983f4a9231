import { describe, expect, it } from 'vitest';
import { type ArrivalFacts, decideArrival } from '../../src/drafts/arrivals.ts';
import { decidePreflight, type Preflight, type PreflightCredential } from '../../src/drafts/preflight.ts';
import { decideReminder, type ReminderDecision, type ReminderFacts } from '../../src/drafts/reminders.ts';
import { needsTriage } from '../../src/drafts/triage.ts';

describe('decideReminder', () => {
  const draft: ReminderFacts = { createdAt: 1_000, windowEndsAt: 2_000, remindedPercent: 0, percents: [50, 80] };

  it.each<[title: string, facts: Partial<ReminderFacts>, now: number, expected: ReminderDecision]>([
    ['plans the first one', {}, 1_499, { kind: 'later', at: 1_500 }],
    ['is due at its percent', {}, 1_500, { kind: 'due', percent: 50, since: 1_500 }],
    ['is not due twice', { remindedPercent: 50 }, 1_500, { kind: 'later', at: 1_800 }],
    ['is the highest of several that are late', {}, 1_900, { kind: 'due', percent: 80, since: 1_800 }],
    ['is none after the last one', { remindedPercent: 80 }, 1_900, { kind: 'none' }],
    ['is none when the window is over', {}, 2_000, { kind: 'none' }],
    ['is none without a window', { windowEndsAt: null }, 1_900, { kind: 'none' }],
    ['is none where none is wanted', { percents: [] }, 1_900, { kind: 'none' }],
    ['is none at the very end of the window', { percents: [100] }, 1_900, { kind: 'none' }],
    [
      'does not mind the order in which the percents are written',
      { percents: [80, 50] },
      1_600,
      { kind: 'due', percent: 50, since: 1_500 },
    ],
    ['is none for a window that ends before it begins', { windowEndsAt: 900 }, 800, { kind: 'none' }],
  ])('a reminder %s', (_title, facts, now, expected) => {
    expect(decideReminder({ ...draft, ...facts }, now)).toEqual(expected);
  });
});

describe('decideArrival', () => {
  const single: ArrivalFacts = { recent: 1, unsent: 0, burst: 5, isWithheld: false };

  it.each<[title: string, facts: Partial<ArrivalFacts>, expected: string]>([
    ['gives a single draft a card', {}, 'card'],
    ['gives the fifth of a minute a card', { recent: 5 }, 'card'],
    ['queues the sixth of a minute', { recent: 6 }, 'queued'],
    ['queues what would be the sixth card that waits to be sent', { unsent: 5 }, 'queued'],
    ['queues all during an outage', { isWithheld: true }, 'queued'],
  ])('the desk %s when drafts arrive', (_title, facts, expected) => {
    expect(decideArrival({ ...single, ...facts })).toBe(expected);
  });
});

describe('decidePreflight', () => {
  const alive: PreflightCredential = {
    name: 'murmur',
    state: 'alive',
    hasCheck: true,
    hasAnswered: false,
    isToBeTried: false,
  };
  const ready: Preflight = { kind: 'ready' };

  it.each<[title: string, credentials: readonly Partial<PreflightCredential>[], expected: Preflight]>([
    ['is ready without credentials', [], ready],
    ['is ready with one that is alive', [{}], ready],
    ['is dead with a dead one', [{}, { name: 'mail', state: 'dead' }], { kind: 'dead', credential: 'mail' }],
    ['is dead while somebody logs in', [{ state: 'logging-in' }], { kind: 'dead', credential: 'murmur' }],
    ['is checking what is not known yet', [{ state: 'unknown' }], { kind: 'checking', credential: 'murmur' }],
    ['is ready with an unknown one whose check does not work', [{ state: 'unknown', hasAnswered: true }], ready],
    ['is ready with an unknown one that nothing can check', [{ state: 'unknown', hasCheck: false }], ready],
    ['is ready with a dead one that only a publication can prove', [{ state: 'dead', isToBeTried: true }], ready],
    [
      'names the dead one before the one that is being checked',
      [{ state: 'unknown' }, { name: 'mail', state: 'dead' }],
      { kind: 'dead', credential: 'mail' },
    ],
  ])('a preflight %s', (_title, credentials, expected) => {
    expect(decidePreflight(credentials.map((credential) => ({ ...alive, ...credential })))).toEqual(expected);
  });
});

describe('needsTriage', () => {
  it.each([
    ['where something expired', { expired: 1, waiting: 0 }, true],
    ['where several wait', { expired: 0, waiting: 2 }, true],
    ['not for a single one that waits', { expired: 0, waiting: 1 }, false],
  ] as const)('a triage is needed %s', (_title, facts, expected) => {
    expect(needsTriage(facts)).toBe(expected);
  });
});
