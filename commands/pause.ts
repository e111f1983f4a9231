import type { Fleet } from '../src/config/fleet.ts';
import { parseDuration } from '../src/config/duration.ts';
import type { OwnerHolds } from '../src/loop/holds.ts';
import { count, duration } from '../src/telegram/cards/words.ts';
import type { Command } from './command.ts';
import { findAgent, reply } from './replies.ts';

const USAGE = 'Like this: /pause scout · /pause all · /pause scout 2h · /pause all now';

/** /pause [AGENT|all] [2h] [now]: holds survive restarts; what runs is finished or, with `now`, stopped. */
export function createPauseCommand(fleet: Fleet, holds: OwnerHolds): Command {
  return {
    name: 'pause',
    description: 'hold an agent, or all; 2h for a while, now to stop what runs',
    run({ argument, actor }) {
      const words = argument.toLowerCase().split(/\s+/).filter(Boolean);
      const now = words.includes('now');
      const rest = words.filter((word) => word !== 'now');
      const target = rest[0] ?? 'all';
      const forMs = rest[1] === undefined ? undefined : parseDuration(rest[1]);
      if (rest.length > 2 || forMs?.kind === 'refused') return reply(USAGE);
      if (target !== 'all') {
        const found = findAgent(fleet.agents, target);
        if (found.kind === 'unknown') return found.reply;
      }
      const durationMs = forMs?.kind === 'parsed' ? forMs.value : undefined;
      const result = holds.pause(target, actor, durationMs, now);
      const who = target === 'all' ? 'All agents are' : `${target} is`;
      const until = durationMs === undefined ? `until you send /resume ${target}` : `for ${duration(durationMs)}`;
      const running = now
        ? `${count(result.stopped, 'run')} stopped.`
        : result.running === 0
          ? ''
          : `${count(result.running, 'run')} still going: finished first.`;
      return reply(`⏸ ${who} paused ${until}. ${running}`.trim());
    },
  };
}
