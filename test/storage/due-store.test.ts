import { expect, it } from 'vitest';
import { openStorage } from '../fakes/open-storage.ts';

it('counts a due time as lost when it was given up, though it had been waiting before', () => {
  const { storage } = openStorage();
  storage.transaction(() => {
    storage.dues.wait('scout', 1_000, 'schedule');
    const [due] = storage.dues.waiting();
    if (due !== undefined) storage.dues.skip(due, 'claude is dead', 1_500);
  });

  expect(storage.dues.lostSince('scout', 1_200)).toBe(1);
  expect(storage.dues.lostSince('scout', 1_600)).toBe(0);
});
