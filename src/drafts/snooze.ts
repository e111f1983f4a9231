import { nextCron } from '../loop/schedule.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** The shortest snooze: below it, looking again costs more than deciding. */
const SHORTEST_MS = 2 * MINUTE_MS;
/** What has to be left of a window after a snooze, so that its owner can still decide. */
const LEAST_LEFT_MS = 2 * MINUTE_MS;
/** "Tomorrow morning" is offered only where it is further away than the longest of the other times. */
const MORNING_AHEAD_MS = 3 * HOUR_MS;

/** The choice of a press that takes the offer of times away again. */
export const SNOOZE_BACK = 1;
/** The choice of a press that puts off until the morning, whenever that is by then. */
export const SNOOZE_MORNING = 999_999;

/** A time that is offered: `choice` is minutes, or a name of above. */
export interface SnoozeOffer {
  readonly choice: number;
  readonly label: string;
}

/** The times that lie inside what is left of a window, shortest first; none: too little time is left. */
export function offerSnoozes(now: number, windowEndsAt: number | null, timezone: string): readonly SnoozeOffer[] {
  const left = windowEndsAt === null ? Number.POSITIVE_INFINITY : windowEndsAt - now;
  const fixed = [0.5, 1, 3]
    .filter((hours) => hours * HOUR_MS <= left * 0.75)
    .map((hours) => ({ choice: hours * 60, label: hours < 1 ? '30 min' : `${hours} h` }));
  const morning = nextMorning(now, timezone);
  const late =
    morning - now > MORNING_AHEAD_MS && mayEnd(morning + HOUR_MS, windowEndsAt)
      ? [
          {
            choice: SNOOZE_MORNING,
            label: dayOf(morning, timezone) === dayOf(now, timezone) ? '8:00' : 'Tomorrow 8:00',
          },
        ]
      : [];
  if (fixed.length + late.length > 1) return [...fixed, ...late];
  const parts = [left / 4, left / 2].filter((ms) => ms >= SHORTEST_MS).map((ms) => Math.floor(ms / MINUTE_MS));
  return parts.map((minutes) => ({ choice: minutes, label: `${minutes} min` }));
}

/** Until when a choice that is pressed now puts off. */
export function snoozeEnd(choice: number, now: number, timezone: string): number {
  return choice === SNOOZE_MORNING ? nextMorning(now, timezone) : now + choice * MINUTE_MS;
}

/** Whether a snooze may last until then: its owner still needs time to decide. */
export function mayEnd(until: number, windowEndsAt: number | null): boolean {
  return windowEndsAt === null || until + LEAST_LEFT_MS <= windowEndsAt;
}

function nextMorning(now: number, timezone: string): number {
  return nextCron('0 8 * * *', now, timezone) ?? now;
}

function dayOf(at: number, timezone: string): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone: timezone }).format(at);
}
