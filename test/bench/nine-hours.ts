import type { Row } from './row.ts';
import { liveNight } from './virtual-night.ts';

const HOURS = 9;
const MINUTE_MS = 60_000;
const REPEAT_MINUTES = 30;
/** The watch looks each five seconds, so that a repeat comes a little after its time. */
const AND_A_LITTLE_MS = 2 * MINUTE_MS;

/** A night on a dead endpoint, with one agent and with seven; and how often an owner who does not react is told of one incident. */
export async function measureNineHours(): Promise<readonly Row[]> {
  const one = await liveNight(1, HOURS * 60 * MINUTE_MS);
  const seven = await liveNight(7, HOURS * 60 * MINUTE_MS);
  const mostAlerts = 1 + (HOURS * 60) / REPEAT_MINUTES;
  const tillFirst = await liveNight(1, (REPEAT_MINUTES - 1) * MINUTE_MS);
  const twoHours = await liveNight(1, 120 * MINUTE_MS + AND_A_LITTLE_MS);
  return [
    {
      what: `dead endpoint, ${HOURS} virtual hours: calls; alerts`,
      measured: `${one.calls}; ${one.loud} (7 agents: ${seven.calls}; ${seven.loud})`,
      toReach: `≤ 15; 1 and one per repeat, ≤ ${mostAlerts}`,
      met: one.calls <= 15 && Math.max(one.loud, seven.loud) <= mostAlerts,
      others: 'the story: 1,557; 0. PM2 9,720; systemd 8,100',
      how: 'schedule continuous, no check, default backoff, nobody reacts; the real control plane over virtual ports; calls are the first one and the trial runs, alerts are messages that make a sound',
      numbers: { calls: one.calls, alerts: one.loud, callsOfSeven: seven.calls, alertsOfSeven: seven.loud },
    },
    {
      what: `messages of one incident, not acknowledged, repeat ${REPEAT_MINUTES}m`,
      measured: `${tillFirst.loud + tillFirst.silent} till then, ${twoHours.loud + twoHours.silent} in 2 h`,
      toReach: '1; 1 + 4',
      met: tillFirst.loud + tillFirst.silent === 1 && twoHours.loud + twoHours.silent === 5,
      how: `the same world with one agent; all new messages, with a sound or without, in the ${REPEAT_MINUTES - 1} minutes before the first repeat, and in two hours`,
      numbers: { tillFirst: tillFirst.loud + tillFirst.silent, twoHours: twoHours.loud + twoHours.silent },
    },
  ];
}
