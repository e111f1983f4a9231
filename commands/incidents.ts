import type { Storage } from '../storage/storage.ts';
import type { IncidentRegister } from '../src/incidents/register.ts';
import type { Delivery } from '../src/incidents/delivery.ts';
import type { Fleet } from '../src/config/fleet.ts';
import type { CallbackData } from '../src/telegram/callback-data.ts';
import { listButtons, renderIncidentList } from '../src/telegram/cards/incident-list.ts';
import { clockTime, code, duration, line, type Piece, shorten } from '../src/telegram/cards/words.ts';
import type { Command } from './command.ts';
import { reply } from './replies.ts';

const MOST_RESOLVED = 10;

/** /incidents [N]: what is open, worst first, whether Telegram has shown it, and what was over last; with a number its card. */
export function createIncidentsCommand(
  storage: Storage,
  incidents: IncidentRegister,
  fleet: Pick<Fleet, 'timezone'>,
  callbackData: CallbackData,
): Command {
  function list(now: number) {
    const open = incidents.unresolved().map(({ incident, agents }) => ({
      incident,
      agents,
      delivery: renderDelivery(incidents.delivery(incident), fleet.timezone, now),
    }));
    const { timezone } = fleet;
    const over = storage.incidents.recentlyResolved(MOST_RESOLVED);
    return reply(renderIncidentList(open, over, { timezone, now }), listButtons(open, callbackData));
  }

  return {
    name: 'incidents',
    description: 'what is wrong, whether you were shown it, and what is over',
    run({ argument, now }) {
      if (argument === '') return list(now);
      const id = readIncidentNumber(argument);
      const card = id === undefined ? undefined : incidents.card(id);
      return (
        card ??
        reply(
          id === undefined
            ? line('Please say it like this: /incidents, or ', code('/incidents 12'))
            : `There is no incident ${id}. Those that there are: /incidents`,
        )
      );
    },
  };
}

/** Reads `12` or `#12`. */
export function readIncidentNumber(text: string): number | undefined {
  const match = /^#?(\d{1,9})$/.exec(text);
  return match === null ? undefined : Number(match[1]);
}

function renderDelivery(delivery: Delivery, timezone: string, now: number): Piece {
  switch (delivery.kind) {
    case 'shown':
      return delivery.at === null ? 'shown' : line('shown ', clockTime(delivery.at, timezone, now));
    case 'waiting':
      return `not shown yet, waiting for ${duration(now - delivery.since)}${delivery.reason === null ? '' : ` (${shorten(delivery.reason, 60)})`}`;
    case 'refused':
      return `refused: ${shorten(delivery.reason, 60)}`;
    case 'untold':
      return delivery.because === null ? 'not told yet' : `not told: follows from #${delivery.because}`;
  }
}
