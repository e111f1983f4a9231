import { expect, test } from 'vitest';
import { describeSchedule, parseCron, parseSchedule } from '../../src/config/schedule-text.ts';

test.each([
  ['every 5m', { kind: 'every', everyMs: 300_000 }],
  ['every  1s', { kind: 'every', everyMs: 1000 }],
  ['continuous', { kind: 'continuous' }],
  ['0 8 * * *', { kind: 'cron', expression: '0 8 * * *' }],
  ['*/10 * * * * *', { kind: 'cron', expression: '*/10 * * * * *' }],
  ['0 8 * * MON-FRI', { kind: 'cron', expression: '0 8 * * MON-FRI' }],
  ['@daily', { kind: 'cron', expression: '@daily' }],
])('reads the schedule "%s"', (text, value) => {
  expect(parseSchedule(text)).toEqual({ kind: 'parsed', value });
});

test.each([
  '',
  'every',
  'every 5',
  'every day',
  'task',
  '* * * *',
  '0 0 0 * * * 2030',
  '? * * * *',
  '@reboot',
  '@dayly',
  '2027-01-01T00:00:00',
  '0 0 31 2 *',
])('refuses the schedule "%s"', (text) => {
  expect(parseSchedule(text).kind).toBe('refused');
});

test('says what to write instead when a schedule is "task"', () => {
  expect(parseSchedule('task')).toMatchObject({ expected: expect.stringContaining('write on: task instead') });
});

test('names the field when a cron expression is wrong', () => {
  expect(parseCron('0 25 * * *')).toMatchObject({ expected: expect.stringContaining('Invalid value for hour: 25') });
});

test('says every kind of schedule in words', () => {
  const words = [
    describeSchedule({ kind: 'every', everyMs: 5_400_000 }),
    describeSchedule({ kind: 'cron', expression: '0 8 * * *' }),
    describeSchedule({ kind: 'continuous' }),
    describeSchedule({ kind: 'task' }),
    describeSchedule({ kind: 'none' }),
  ];

  expect(words).toEqual([
    'every 1h30m',
    'by cron "0 8 * * *"',
    'continuously',
    'when a task waits for it',
    'when a draft waits for it',
  ]);
});
