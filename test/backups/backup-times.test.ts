import { expect, test } from 'vitest';
import { decideBackup, RETRY_MS } from '../../src/backups/backup-times.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** 12 January 2026, 04:30 UTC. */
const AT = Date.UTC(2026, 0, 12, 4, 30);
const FACTS = { atMinute: 4 * 60 + 30, timezone: 'UTC', since: AT - 10 * DAY, last: undefined };
const made = { dueAt: AT, state: 'done', endedAt: AT + 1 } as const;

test('a backup is due at its minute, and again a day later', () => {
  expect(decideBackup({ ...FACTS, last: made }, AT + HOUR)).toEqual({ kind: 'later', at: AT + DAY });
  expect(decideBackup({ ...FACTS, last: made }, AT + DAY)).toEqual({ kind: 'now', dueAt: AT + DAY });
});

test('times that were missed are made up by one backup', () => {
  expect(decideBackup({ ...FACTS, last: made }, AT + 9 * DAY + HOUR)).toEqual({ kind: 'now', dueAt: AT + 9 * DAY });
});

test('a home that never thought of backups before owes none for times that are past', () => {
  expect(decideBackup({ ...FACTS, since: AT + HOUR }, AT + HOUR)).toEqual({ kind: 'later', at: AT + DAY });
});

test('a failed backup is tried again an hour after it ended, for the same time', () => {
  const last = { dueAt: AT, state: 'failed', endedAt: AT + 5 } as const;

  expect(decideBackup({ ...FACTS, last }, AT + 10)).toEqual({ kind: 'later', at: AT + 5 + RETRY_MS });
  expect(decideBackup({ ...FACTS, last }, AT + 5 + RETRY_MS)).toEqual({ kind: 'now', dueAt: AT });
});

test('a backup that somebody asked for is tried again like any other where it failed, and nothing good came after it', () => {
  const facts = { ...FACTS, last: { dueAt: AT, state: 'done', endedAt: AT + 5 } as const, failedAt: AT + 20 };

  expect(decideBackup(facts, AT + 30)).toEqual({ kind: 'later', at: AT + 20 + RETRY_MS });
  expect(decideBackup(facts, AT + 20 + RETRY_MS)).toEqual({ kind: 'now', dueAt: AT });
  expect(decideBackup({ ...facts, failedAt: undefined }, AT + 20 + RETRY_MS)).toEqual({ kind: 'later', at: AT + DAY });
});

test.each([
  ['is skipped', Date.UTC(2026, 2, 29), 2 * 60 + 30],
  ['occurs twice', Date.UTC(2026, 9, 25), 2 * 60 + 30],
])('there is one backup on a day on which summer time has its minute, which %s', (_title, day, atMinute) => {
  const dues: number[] = [];
  let last: { dueAt: number; state: 'done'; endedAt: number } | undefined;
  for (let now = day - DAY; now < day + 2 * DAY; now += HOUR / 2) {
    const decision = decideBackup({ atMinute, timezone: 'Europe/Berlin', since: day - DAY, last }, now);
    if (decision.kind !== 'now') continue;
    dues.push(decision.dueAt);
    last = { dueAt: decision.dueAt, state: 'done', endedAt: now };
  }

  expect(dues).toHaveLength(3);
});
