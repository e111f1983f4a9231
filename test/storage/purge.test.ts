import { expect, test } from 'vitest';
import { openStorage } from '../fakes/open-storage.ts';

const DAY_MS = 86_400_000;

test('what named an incident lets go of it when it is dropped', () => {
  const { storage, database } = openStorage();
  const about = {
    kind: 'auth',
    subject: 'claude',
    severity: 'critical',
    title: 't',
    evidence: '',
    isDrill: 0,
  } as const;
  const cause = storage.incidents.open({ ...about, fingerprint: 'auth:claude', openedAt: 1 });
  const follower = storage.incidents.open({ ...about, fingerprint: 'b', openedAt: 1 });
  storage.incidents.addAgents(cause, ['scout']);
  storage.incidents.inhibit(follower, cause);
  storage.fallbacks.add({ key: 'repeat:1', incidentId: cause, text: 'x', createdAt: 1 });
  const drill = storage.drills.begin({ kind: 'auth', wantedBy: 'owner:1', startedAt: 1 }) ?? 0;
  storage.drills.note(drill, { incidentId: cause });
  storage.incidents.resolve(cause, 2, null);

  storage.transaction(() => storage.purges.sweep('incident', 3, 0, 10));

  expect(storage.incidents.get(cause)).toBeUndefined();
  expect(storage.incidents.get(follower)?.inhibitedBy).toBeNull();
  expect(storage.drills.get(drill)?.incidentId).toBeNull();
  expect(storage.fallbacks.newest('repeat:')?.incidentId).toBeNull();
  expect(database.prepare('SELECT count(*) FROM incident_agent').pluck().get()).toBe(0);
});

test('logins, silences, texts of the fallback and notices of a budget are dropped once they are over and old', () => {
  const { storage } = openStorage();
  storage.logins.want('old', 'owner:1', 1, null);
  storage.logins.claim(1);
  storage.logins.end(1, 'failed', 'it was cancelled', DAY_MS);
  storage.logins.want('open', 'owner:1', 1, null);
  storage.silences.add({ matcher: 'all', by: 'owner:1', since: 1, until: DAY_MS });
  storage.silences.add({ matcher: 'scout', by: 'owner:1', since: 1, until: 3 * DAY_MS });
  storage.fallbacks.add({ key: 'sent', incidentId: null, text: 'x', createdAt: 1 });
  storage.fallbacks.end(1, 'sent', null, DAY_MS);
  storage.fallbacks.add({ key: 'waits', incidentId: null, text: 'x', createdAt: 1 });
  storage.budgets.tell('2026-01', 'scout', 50, DAY_MS);
  storage.budgets.tell('2026-02', 'scout', 50, 3 * DAY_MS);

  const before = 2 * DAY_MS;
  storage.transaction(() => {
    for (const store of [storage.logins, storage.silences, storage.fallbacks, storage.budgets]) store.purge(before);
  });

  expect(storage.logins.recent(0).map(({ credential }) => credential)).toEqual(['open']);
  expect(storage.silences.active(0).map(({ matcher }) => matcher)).toEqual(['scout']);
  expect([storage.fallbacks.newest('sent'), storage.fallbacks.newest('waits')?.key]).toEqual([undefined, 'waits']);
  expect([storage.budgets.told('2026-01', 'scout'), storage.budgets.told('2026-02', 'scout')]).toEqual([[], [50]]);
});
