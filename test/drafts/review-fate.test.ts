import { expect, test } from 'vitest';
import type { DraftRow } from '../../storage/draft-store.ts';
import { decideFate, decidePutOff } from '../../src/drafts/review-fate.ts';

const NOW = 1_000;

function draft(more: Partial<DraftRow>): DraftRow {
  return { id: 1, state: 'pending', revision: 1, snoozedUntil: null, reviseWantedAt: null, ...more } as DraftRow;
}

test.each<[what: string, more: Partial<DraftRow>, author: string, seen: string, said: string | undefined]>([
  ['nothing happened', {}, 'agent:scout', '', undefined],
  ['it is approved', { state: 'approved' }, 'agent:scout', '', 'approved'],
  ['it is approved in the owner’s words', { state: 'publishing' }, 'owner:1', '', 'edited'],
  ['it is rejected', { state: 'rejected' }, 'agent:scout', '', 'rejected'],
  ['its time ended', { state: 'expired' }, 'agent:scout', '', 'expired'],
  ['it is snoozed', { snoozedUntil: NOW + 1 }, 'agent:scout', '', 'snoozed'],
  ['its snooze is over', { snoozedUntil: NOW }, 'agent:scout', '', undefined],
  ['another version is wanted', { reviseWantedAt: 5 }, 'agent:scout', '', 'asked'],
  ['it was snoozed when it came into view', { snoozedUntil: NOW + 1 }, 'agent:scout', `${NOW + 1}/`, undefined],
  ['it is snoozed once more', { snoozedUntil: NOW + 9 }, 'agent:scout', `${NOW + 1}/`, 'snoozed'],
])('a review knows whether to go on when %s', (_what, more, author, seen, said) => {
  expect(decideFate(draft(more), author, seen, NOW)).toBe(said);
});

test('a draft behind a review waits again once nothing is wanted of it but a decision, unless it was passed over', () => {
  expect(decidePutOff(draft({}), 'approved', NOW)).toBeUndefined();
  expect(decidePutOff(draft({}), 'asked', NOW)).toBeUndefined();
  expect(decidePutOff(draft({}), 'skipped', NOW)).toBe('skipped');
  expect(decidePutOff(draft({ snoozedUntil: NOW + 1 }), 'skipped', NOW)).toBe('snoozed');
});
