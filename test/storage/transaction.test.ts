import { expect, test } from 'vitest';
import { openStorage } from '../fakes/open-storage.ts';

function addUpdate(storage: ReturnType<typeof openStorage>['storage'], updateId: number): void {
  storage.inbox.add({ updateId, identity: '', receivedAt: 0, urgent: false, body: '{}' });
}

test('a transaction inside a transaction joins it: one commit, one wake', () => {
  const { storage } = openStorage();
  const wakes: number[] = [];
  storage.onChange('inbox', () => wakes.push(storage.inbox.waiting()));

  storage.transaction(() => {
    addUpdate(storage, 1);
    storage.transaction(() => addUpdate(storage, 2));
    expect(wakes).toEqual([]);
    addUpdate(storage, 3);
  });

  expect(wakes).toEqual([3]);
});

test('whatever a transaction throws rolls all of it back and wakes nobody, then or later', () => {
  const { storage } = openStorage();
  const wakes: string[] = [];
  storage.onChange('inbox', () => wakes.push('inbox'));

  expect(() =>
    storage.transaction(() => {
      addUpdate(storage, 1);
      storage.transaction(() => {
        addUpdate(storage, 2);
        throw new Error('no');
      });
    }),
  ).toThrow('no');
  storage.transaction(() => storage.settings.set('something', 'else'));

  expect(storage.inbox.waiting()).toBe(0);
  expect(wakes).toEqual([]);
});

test('a listener may write in a transaction of its own', () => {
  const { storage } = openStorage();
  storage.onChange('inbox', () => storage.transaction(() => storage.settings.set('woken', 'yes')));

  storage.transaction(() => addUpdate(storage, 1));

  expect(storage.settings.get('woken')).toBe('yes');
});

test('only the listeners of what changed are woken', () => {
  const { storage } = openStorage();
  const wakes: string[] = [];
  storage.onChange('outbox', () => wakes.push('outbox'));
  storage.onChange('inbox', () => wakes.push('inbox'));

  storage.transaction(() => addUpdate(storage, 1));
  storage.transaction(() => addUpdate(storage, 1));

  expect(wakes).toEqual(['inbox']);
});
