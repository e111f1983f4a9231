import { DRILL_KINDS, DRILL_PLANS, isDrillKind } from '../src/drills/drill.ts';
import { describeLast } from '../src/drills/report.ts';
import type { DrillRoom } from '../src/drills/room.ts';
import { bold, code, duration, line, lines, shorten } from '../src/telegram/cards/words.ts';
import type { Command } from './command.ts';
import { reply } from './replies.ts';

/** /drill KIND: makes something go wrong on purpose, to see that the alert comes; alone it says when each was drilled last. */
export function createDrillCommand(drills: Pick<DrillRoom, 'begin' | 'last'>): Command {
  return {
    name: 'drill',
    description: 'make an alarm go off on purpose, and see how long it takes',
    // It makes something fail; an alarm on purpose in the middle of a real one is the last thing that is wanted.
    asksAgain: (argument) => (isDrillKind(argument.toLowerCase()) ? 'It makes an alarm go off on purpose.' : undefined),
    run({ argument, actor, now }) {
      const kind = argument.toLowerCase();
      if (kind === '') return list(drills, now);
      if (!isDrillKind(kind))
        return reply(`There is no drill "${shorten(argument, 60)}". There are: ${DRILL_KINDS.join(', ')}.`);
      const wish = drills.begin(kind, actor);
      if (wish.kind === 'busy')
        return reply(
          `One at a time: the drill ${wish.by.kind} has been going on for ${duration(now - wish.by.startedAt)}. I did not begin another one.`,
        );
      return reply(
        lines(
          bold(`🧪 Drill ${kind}`),
          `Now ${DRILL_PLANS[kind].what}. The alert has to reach you within ${duration(wish.withinMs)}; then I say how long it took, and everything is as before.`,
        ),
      );
    },
  };
}

function list(drills: Pick<DrillRoom, 'last'>, now: number) {
  return reply(
    lines(
      bold('🧪 Fire drills'),
      ...[...drills.last()].map(([kind, last]) => describeLast(kind, last, now)),
      '',
      line('To drill one: ', code('/drill auth')),
    ),
  );
}
