import type { Parsed } from './duration.ts';
import type { DailyWindow } from './fleet.ts';

/** What a time of day looks like, for messages. */
export const TIME_FORM = 'a time of day such as "04:00", in quotes';

/** What a daily window looks like, for messages. */
export const WINDOW_FORM = 'a daily window such as "07:00-23:00", in quotes';

/** The written form of a time of day, as editors check it. */
export const TIME_PATTERN = /^([01]\d|2[0-3]):[0-5]\d$/;

/** The written form of a daily window, as editors check it; only its end may be 24:00. */
export const WINDOW_PATTERN = /^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$/;

/** Reads `04:00` into minutes after midnight. */
export function parseTimeOfDay(text: string): Parsed<number> {
  return TIME_PATTERN.test(text)
    ? { kind: 'parsed', value: minutesOf(text) }
    : { kind: 'refused', expected: TIME_FORM };
}

/** Reads `07:00-23:00` into minutes after midnight; `23:00-07:00` spans midnight, `00:00-24:00` is the whole day. */
export function parseDailyWindow(text: string): Parsed<DailyWindow> {
  if (!WINDOW_PATTERN.test(text)) return { kind: 'refused', expected: WINDOW_FORM };
  const [from = '', to = ''] = text.split('-');
  if (from === to) {
    return { kind: 'refused', expected: 'a window that is not empty: for the whole day write "00:00-24:00"' };
  }
  return { kind: 'parsed', value: { fromMinute: minutesOf(from), toMinute: minutesOf(to) } };
}

/** Minutes after midnight as `07:00`. */
export function formatTimeOfDay(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

function minutesOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}
