import { nextCron } from '../loop/schedule.ts';
import { formatDuration, parseDuration, type Parsed } from './duration.ts';
import type { Schedule } from './fleet.ts';

/** What a schedule looks like, for messages. */
export const SCHEDULE_FORM = '"every 5m", a cron expression such as "0 8 * * *", or "continuous"';

/** What a cron expression looks like, for messages. */
export const CRON_FORM = 'a cron expression of 5 fields, or 6 with seconds first, such as "0 8 * * *"';

const NICKNAMES: readonly string[] = ['@hourly', '@daily', '@weekly', '@monthly', '@yearly', '@annually', '@midnight'];

/** Reads what an agent's `schedule` says. */
export function parseSchedule(text: string): Parsed<Schedule> {
  const trimmed = text.trim();
  if (trimmed === 'continuous') return { kind: 'parsed', value: { kind: 'continuous' } };
  if (trimmed === 'task')
    return { kind: 'refused', expected: `${SCHEDULE_FORM}; for an agent woken by work write on: task instead` };

  const every = /^every\s+(.*)$/.exec(trimmed);
  if (every !== null) {
    const duration = parseDuration(every[1] ?? '');
    if (duration.kind === 'refused') return { kind: 'refused', expected: `${duration.expected} after "every"` };
    return { kind: 'parsed', value: { kind: 'every', everyMs: duration.value } };
  }

  const cron = parseCron(trimmed);
  if (cron.kind === 'refused')
    return { kind: 'refused', expected: looksLikeCron(trimmed) ? cron.expected : SCHEDULE_FORM };
  return { kind: 'parsed', value: { kind: 'cron', expression: cron.value } };
}

/** Checks a cron expression, and that it comes at all; the expression itself is kept as it is written. */
export function parseCron(text: string): Parsed<string> {
  const expression = text.trim();
  const fields = expression.split(/\s+/);
  // croner reads a lone date as a schedule, and replaces `?` by the time of reading: neither is a due time of a fleet.
  const isShaped = NICKNAMES.includes(expression) || fields.length === 5 || fields.length === 6;
  if (!isShaped || expression.includes('?')) return { kind: 'refused', expected: CRON_FORM };
  try {
    if (nextCron(expression, 0, 'UTC') === undefined)
      return { kind: 'refused', expected: 'a cron expression that comes at some time' };
    return { kind: 'parsed', value: expression };
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
    return { kind: 'refused', expected: `${CRON_FORM} (${reason})` };
  }
}

/** A schedule in words, for the plan. */
export function describeSchedule(schedule: Schedule): string {
  switch (schedule.kind) {
    case 'every':
      return `every ${formatDuration(schedule.everyMs)}`;
    case 'cron':
      return `by cron "${schedule.expression}"`;
    case 'continuous':
      return 'continuously';
    case 'task':
      return 'when a task waits for it';
    case 'none':
      return 'when a draft waits for it';
  }
}

function looksLikeCron(text: string): boolean {
  return text.startsWith('@') || /^[\d*]/.test(text);
}
