import { parseDuration } from '../src/config/duration.ts';
import type { Fleet } from '../src/config/fleet.ts';
import type { Storage } from '../storage/storage.ts';
import type { IncidentRegister } from '../src/incidents/register.ts';
import { INCIDENT_KINDS } from '../src/telegram/cards/incident-words.ts';
import {
  bold,
  clockTime,
  code,
  count,
  duration,
  line,
  lines,
  type Piece,
  shorten,
} from '../src/telegram/cards/words.ts';
import type { Command } from './command.ts';
import { readIncidentNumber } from './incidents.ts';
import { reply } from './replies.ts';

const USAGE = line(
  'Please say it like this: ',
  ...['scout 2h', '12 2h', 'heartbeat 2h', 'all 30m'].flatMap((wish) => [code(`/silence ${wish}`), ', ']),
  'or ',
  code('/silence off'),
);
/** Whoever silences for longer forgets it, and is in the dark for good. */
const LONGEST_MS = 7 * 86_400_000;

/** /silence MATCH 2h: what matches makes no sound and is not repeated, also what comes; without arguments it lists silences. */
export function createSilenceCommand(fleet: Fleet, storage: Storage, incidents: IncidentRegister): Command {
  function list(now: number): Piece {
    const at = (time: number): Piece => clockTime(time, fleet.timezone, now);
    const rules = storage.silences.active(now);
    const single = incidents
      .unresolved()
      .filter(({ incident }) => incident.silencedUntil !== null && incident.silencedUntil > now);
    if (rules.length + single.length === 0) return line('Nothing is silenced. ', USAGE);
    return lines(
      bold('🔕 Silenced'),
      ...rules.map(({ matcher, until }) => line(`${matcher} until `, at(until))),
      ...single.map(({ incident }) => line(`#${incident.id} until `, at(incident.silencedUntil ?? now))),
      line('To end it: ', code('/silence off')),
    );
  }

  function isKnown(matcher: string): boolean {
    return (
      matcher === 'all' ||
      INCIDENT_KINDS.some((kind) => kind === matcher) ||
      fleet.agents.has(matcher) ||
      fleet.credentials.has(matcher)
    );
  }

  return {
    name: 'silence',
    description: 'no sound and no repeats for a while: an agent, a credential, a kind, a number, or all',
    // It mutes what has gone wrong since, too.
    asksAgain: (argument) =>
      argument === '' || argument.toLowerCase() === 'off' ? undefined : 'It mutes alarms from now on.',
    run({ argument, actor, now }) {
      const [matcher, text, ...more] = argument.toLowerCase().split(/\s+/).filter(Boolean);
      if (matcher === undefined) return reply(list(now));
      if (matcher === 'off' && text === undefined) {
        const ended = incidents.endSilences(actor);
        return reply(ended === 0 ? 'Nothing was silenced.' : '🔔 Nothing is silenced any more.');
      }
      if (text === undefined || more.length > 0) return reply(USAGE);
      const length = parseDuration(text);
      if (length.kind === 'refused') return reply(`For how long? Please give ${length.expected}.`);
      if (length.value > LONGEST_MS) return reply(`A silence lasts ${duration(LONGEST_MS)} at most.`);
      const until = now + length.value;
      const number = readIncidentNumber(matcher);
      if (number !== undefined) {
        const result = incidents.silence(number, length.value, actor);
        if (result === 'over') return reply(`No incident ${number} is open. Those that are: /incidents`);
        return reply(line(`🔕 #${number} is silenced until `, clockTime(until, fleet.timezone, now), '.'));
      }
      if (!isKnown(matcher))
        return reply(
          `I know no kind, agent or credential "${shorten(matcher, 60)}". Kinds: ${INCIDENT_KINDS.join(', ')}.`,
        );
      const open = incidents.silenceMatching(matcher, length.value, actor);
      return reply(
        line(
          `🔕 ${matcher === 'all' ? 'All incidents are' : `What is about ${matcher} is`} silenced until `,
          clockTime(until, fleet.timezone, now),
          `${open === 0 ? '' : `, and with it ${count(open, 'open incident')}`}. All is still recorded: /incidents. To end it: `,
          code('/silence off'),
        ),
      );
    },
  };
}
