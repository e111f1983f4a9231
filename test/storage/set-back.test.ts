import { expect, test } from 'vitest';
import { aClaim } from '../fakes/agents.ts';
import { openStorage } from '../fakes/open-storage.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Date.UTC(2026, 0, 12, 12);
/** The clock showed three hours more until now. */
const JUMP = { now: NOW, byMs: 3 * HOUR };
const WRONG = NOW + 3 * HOUR;

type Opened = ReturnType<typeof openStorage>['storage'];

function addRun(storage: Opened, agent: string, at: number): number {
  const run = storage.runs.add({ agent, cause: 'schedule', publicationId: null, wantedAt: at, generations: '{}' });
  storage.runs.claim(run, aClaim({ startedAt: at, tokenHash: agent }));
  return run;
}

function addMessage(storage: Opened, key: string, createdAt: number, nextAt: number, giveUpAt: number | null): void {
  const row = { key, class: 'reply', priority: 1, chatId: 1, replyToKey: null, content: '{}', silent: 0 } as const;
  storage.outbox.add({ ...row, nextAt, giveUpAt, createdAt });
}

function approve(storage: Opened, name: string, approvedAt: number, nextAt: number, attempt = 1): number {
  const known = storage.drafts.byKey('scout', name);
  const draftId =
    known?.id ??
    storage.drafts.add({
      agent: 'scout',
      runId: storage.runs.lastOf('scout')?.id ?? 0,
      key: name,
      kind: 'reply',
      recipient: '@x',
      url: null,
      context: null,
      priority: 3,
      createdAt: NOW - HOUR,
      windowEndsAt: null,
      body: name,
      hash: name,
      media: '[]',
    });
  const by = { publisher: 'publisher', approvedBy: 'owner:1', approvedAt };
  return storage.publications.want({ draftId, revision: 1, hash: name, attempt, nextAt, ...by });
}

test('a message waits no longer than it would have when the clock was set back, and is sent no earlier than now', () => {
  const { storage } = openStorage();
  addMessage(storage, 'meanwhile', WRONG, WRONG + 10 * MINUTE, WRONG + HOUR);
  addMessage(storage, 'before', NOW - MINUTE, NOW + MINUTE, NOW + HOUR);
  addMessage(storage, 'due', NOW - MINUTE, NOW - MINUTE, null);

  const moved = storage.transaction(() => storage.outbox.setBack(JUMP));

  expect(moved).toBe(2);
  expect(storage.outbox.get('meanwhile')).toMatchObject({
    createdAt: NOW,
    nextAt: NOW + 10 * MINUTE,
    giveUpAt: NOW + HOUR,
  });
  expect(storage.outbox.get('before')).toMatchObject({ nextAt: NOW, giveUpAt: NOW + HOUR });
  expect(storage.outbox.get('due')).toMatchObject({ nextAt: NOW - MINUTE });
});

test('a publication keeps the time in which its approval may be taken back when the clock was set back', () => {
  const { storage } = openStorage();
  addRun(storage, 'scout', NOW - HOUR);
  const meanwhile = approve(storage, 'meanwhile', WRONG - MINUTE, WRONG + 9 * MINUTE);
  const before = approve(storage, 'before', NOW - MINUTE, NOW + 9 * MINUTE);
  const tried = approve(storage, 'put off', NOW - MINUTE, NOW - MINUTE);
  storage.publications.move(tried, 'wanted', 'later', 'busy', WRONG);
  const putOff = approve(storage, 'put off', NOW - MINUTE, WRONG + 5 * MINUTE, 2);

  const moved = storage.transaction(() => storage.publications.setBack(JUMP));
  const again = storage.transaction(() => storage.publications.setBack(JUMP));

  expect([moved, again]).toEqual([2, 0]);
  expect([meanwhile, before, putOff].map((id) => (storage.publications.get(id)?.nextAt ?? 0) - NOW)).toEqual([
    9 * MINUTE,
    9 * MINUTE,
    5 * MINUTE,
  ]);
});

test('of a run nothing is later than now when the clock was set back, and only a long step of the wrong time is moved', () => {
  const { storage } = openStorage();
  const meanwhile = addRun(storage, 'scout', WRONG - HOUR);
  storage.runs.beat(meanwhile, WRONG, 'training');
  storage.runs.patient(meanwhile, WRONG + 2 * HOUR);
  const before = addRun(storage, 'writer', NOW - HOUR);
  storage.runs.beat(before, NOW - MINUTE, 'training');
  storage.runs.patient(before, NOW + 5 * HOUR);
  const limited = addRun(storage, 'limited', WRONG - HOUR);
  const end = { state: 'failed', failure: 'rate-limit', evidence: null, exit: null } as const;
  storage.runs.settle(limited, { ...end, endedAt: WRONG, retryAt: WRONG + HOUR });

  storage.transaction(() => storage.runs.setBack(JUMP));

  expect(storage.runs.get(meanwhile)).toMatchObject({
    startedAt: NOW - HOUR,
    beatAt: NOW,
    patientUntil: NOW + 2 * HOUR,
    outputAt: null,
  });
  expect(storage.runs.get(before)).toMatchObject({ startedAt: NOW - HOUR, patientUntil: NOW + 5 * HOUR });
  expect(storage.runs.get(limited)).toMatchObject({ endedAt: NOW, retryAt: WRONG + HOUR });
});

test('silences last as long as was asked for when the clock was set back, of one incident and of many', () => {
  const { storage } = openStorage();
  const trouble = {
    kind: 'report',
    subject: 'scout',
    severity: 'critical',
    title: 'x',
    evidence: '',
    isDrill: 0,
  } as const;
  const silenced = storage.incidents.open({ ...trouble, fingerprint: 'a', openedAt: WRONG });
  const before = storage.incidents.open({ ...trouble, fingerprint: 'b', openedAt: NOW - HOUR });
  const entry = { event: 'silenced', actor: 'owner:1', detail: null };
  storage.incidents.silence(silenced, WRONG + 2 * HOUR);
  storage.journal.add({ ...entry, at: WRONG, subject: `incident:${silenced}` });
  storage.incidents.silence(before, NOW + 2 * HOUR);
  storage.journal.add({ ...entry, at: NOW - MINUTE, subject: `incident:${before}` });
  storage.silences.add({ matcher: 'all', by: 'owner:1', since: WRONG, until: WRONG + 2 * HOUR });

  storage.transaction(() => {
    storage.incidents.setBack(JUMP);
    storage.silences.setBack(JUMP);
  });

  expect(storage.incidents.get(silenced)).toMatchObject({
    openedAt: NOW,
    lastSeenAt: NOW,
    silencedUntil: NOW + 2 * HOUR,
  });
  expect(storage.incidents.get(before)).toMatchObject({ openedAt: NOW - HOUR, silencedUntil: NOW + 2 * HOUR });
  expect(storage.silences.active(NOW)).toMatchObject([{ since: NOW, until: NOW + 2 * HOUR }]);
});
