import { Cron } from 'croner';
import type { DailyWindow, Schedule } from '../config/fleet.ts';
import { createWallClock } from './wall-clock.ts';

const MINUTE_MS = 60_000;

/** An opening is at most a day away, two where summer time skips one, three where a zone skips a whole day (Samoa, 2011). */
const OPENING_SEARCH_MINUTES = 3 * 24 * 60;

/**
 * The next due time after `after` (both epoch milliseconds), or undefined when no clock makes the agent due.
 *
 * Cron expressions follow the wall of `timezone`. A fixed time (no wildcard, no step in seconds, minutes and hours) that
 * summer time skips is due when the gap ends, and one that occurs twice is due the first time only; expressions with
 * wildcards just follow the clock. `continuous` is due at once.
 */
export function nextScheduled(schedule: Schedule, after: number, timezone: string): number | undefined {
  switch (schedule.kind) {
    case 'every':
      return after + schedule.everyMs;
    case 'cron':
      return nextCron(schedule.expression, after, timezone);
    case 'continuous':
      return after;
    case 'task':
    case 'none':
      return undefined;
  }
}

/** The next time of a cron expression strictly after `after`, or undefined when it never comes; no timer is set. */
export function nextCron(expression: string, after: number, timezone: string): number | undefined {
  const cron = new Cron(expression, { timezone, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard', paused: true });
  return cron.nextRun(new Date(after))?.getTime();
}

/** Whether the wall of `timezone` shows a time inside the window at `at`; the start belongs to it, the end does not. */
export function isWithin(window: DailyWindow, at: number, timezone: string): boolean {
  return containsMinute(window, createWallClock(timezone).minuteOfDayAt(at));
}

/**
 * The first instant not before `at` that is inside the window; `at` itself when it is inside already.
 * Where the opening time is skipped by summer time, the window opens when the gap ends, if it is not over by then.
 */
export function nextOpening(window: DailyWindow, at: number, timezone: string): number {
  const wall = createWallClock(timezone);
  const minuteNow = wall.minuteOfDayAt(at);
  if (containsMinute(window, minuteNow)) return at;

  const thisMinute = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  const minutesToGo = (window.fromMinute - minuteNow + 24 * 60) % (24 * 60);
  const opening = thisMinute + minutesToGo * MINUTE_MS;
  if (wall.offsetMsAt(opening) === wall.offsetMsAt(at)) return opening;

  // The clock changes in between, so the minutes are not evenly spaced: look at each.
  for (let step = 1; step <= OPENING_SEARCH_MINUTES; step += 1) {
    const candidate = thisMinute + step * MINUTE_MS;
    if (containsMinute(window, wall.minuteOfDayAt(candidate))) return candidate;
  }
  throw new Error(`no opening of ${window.fromMinute}-${window.toMinute} within three days in ${timezone}`);
}

function containsMinute(window: DailyWindow, minute: number): boolean {
  return window.fromMinute < window.toMinute
    ? minute >= window.fromMinute && minute < window.toMinute
    : minute >= window.fromMinute || minute < window.toMinute;
}
