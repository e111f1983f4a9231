import type { IncidentRegister } from '../src/incidents/register.ts';
import { code, count, line } from '../src/telegram/cards/words.ts';
import type { Command } from './command.ts';
import { readIncidentNumber } from './incidents.ts';
import { reply } from './replies.ts';

/** So many numbers fit into one line. */
const MOST_NAMED = 8;

/** /ack [N|all]: nothing repeats what is acknowledged. */
export function createAckCommand(incidents: IncidentRegister): Command {
  return {
    name: 'ack',
    description: 'I know of it: no more repeats; a number, or all',
    // Without a number it is about whatever is open by now, of which its owner may have seen nothing.
    asksAgain: (argument) =>
      argument === '' || argument.toLowerCase() === 'all' ? 'It ends the repeats of what is open now.' : undefined,
    run({ argument, actor }) {
      const firing = incidents.unresolved().filter(({ incident }) => incident.state === 'firing');
      const only = firing.length === 1 ? firing[0]?.incident.id : undefined;
      if (argument.toLowerCase() === 'all') {
        for (const { incident } of firing) incidents.acknowledge(incident.id, actor);
        return reply(
          firing.length === 0
            ? 'Nothing waits to be acknowledged.'
            : `Acknowledged: ${count(firing.length, 'incident')}.`,
        );
      }
      const id = argument === '' ? only : readIncidentNumber(argument);
      if (id !== undefined) {
        const isKnown = incidents.card(id) !== undefined;
        if (!isKnown) return reply(`There is no incident ${id}. Those that there are: /incidents`);
        return reply(
          incidents.acknowledge(id, actor) === 'acknowledged'
            ? `Acknowledged: #${id}.`
            : `#${id} needs no acknowledgement: it has one, or it is over.`,
        );
      }
      if (argument !== '')
        return reply(line('Please say it like this: /ack, ', code('/ack 12'), ', or ', code('/ack all')));
      if (firing.length === 0) return reply('Nothing waits to be acknowledged.');
      const named = firing.slice(0, MOST_NAMED).flatMap(({ incident }) => [code(`/ack ${incident.id}`), ', ']);
      return reply(line('Which one? ', ...named, firing.length > MOST_NAMED ? '…, ' : '', 'or ', code('/ack all')));
    },
  };
}
