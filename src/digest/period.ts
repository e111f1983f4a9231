import { parseDuration } from '../config/duration.ts';
import { createWallClock } from '../loop/wall-clock.ts';

/** What /digest is asked for: what happened since the last one, a time of one's own, or nothing that we understand. */
export type Period =
  | { readonly kind: 'since-last' }
  | { readonly kind: 'span'; readonly from: number; readonly to: number }
  | { readonly kind: 'bad'; readonly why: string };

const DAY_MS = 86_400_000;
/** What is settled is kept for about a month. */
const LONGEST_MS = 31 * DAY_MS;
const SHORTEST_MS = 60_000;
const FORMS = '/digest, /digest today, /digest yesterday, /digest month, or a time such as /digest 7d or /digest 12h';

/** Reads what stands behind /digest; days and months are those of the fleet's wall. */
export function readPeriod(argument: string, now: number, timezone: string): Period {
  const wall = createWallClock(timezone);
  const shown = new Date(now + wall.offsetMsAt(now));
  const [year, month, day] = [shown.getUTCFullYear(), shown.getUTCMonth(), shown.getUTCDate()];
  const startOf = (date: number): number => wall.instantOf(Date.UTC(year, month, date));
  switch (argument.trim().toLowerCase()) {
    case '':
      return { kind: 'since-last' };
    case 'today':
      return { kind: 'span', from: startOf(day), to: now };
    case 'yesterday':
      return { kind: 'span', from: startOf(day - 1), to: startOf(day) };
    case 'month':
      return { kind: 'span', from: startOf(1), to: now };
  }
  const parsed = parseDuration(argument.trim().toLowerCase(), SHORTEST_MS);
  if (parsed.kind === 'refused') return { kind: 'bad', why: `Please say it like this: ${FORMS}.` };
  if (parsed.value > LONGEST_MS) return { kind: 'bad', why: 'I keep what happened for a month: at most /digest 31d.' };
  return { kind: 'span', from: now - parsed.value, to: now };
}
