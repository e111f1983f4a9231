import type { Fleet } from '../src/config/fleet.ts';
import { parseDuration } from '../src/config/duration.ts';
import type { OwnerHolds } from '../src/loop/holds.ts';
import { code, count, duration, line, lines } from '../src/telegram/cards/words.ts';
import type { CallbackData } from '../src/telegram/callback-data.ts';
import { agentButton, resumeAllButton } from '../src/telegram/cards/agent-buttons.ts';
import type { Command } from './command.ts';
import { findAgent, reply } from './replies.ts';

const USAGE = line(
  'Please say it like this: ',
  ...['', ' scout', ' scout 2h', ' all 30m'].flatMap((wish) => [code(`/pause${wish}`), ', ']),
  'or ',
  code('/pause scout now'),
);

/** /pause [AGENT|all] [2h] [now]: holds survive restarts; what runs is finished or, with `now`, stopped. */
export function createPauseCommand(fleet: Fleet, holds: OwnerHolds, callbackData: CallbackData): Command {
  return {
    name: 'pause',
    description: 'hold an agent, or all; 2h for a while, now to stop what runs',
    // Only `now` ends anything: a hold that comes late is seen, and taken off again.
    asksAgain: (argument) => (/\bnow\b/i.test(argument) ? 'It ends what runs now.' : undefined),
    run({ argument, actor }) {
      const words = argument.toLowerCase().split(/\s+/).filter(Boolean);
      const now = words.includes('now');
      const rest = words.filter((word) => word !== 'now');
      // `/pause 2h` holds all: no agent's name begins with a digit.
      if (/^\d/.test(rest[0] ?? '')) rest.unshift('all');
      const target = rest[0] ?? 'all';
      const forMs = rest[1] === undefined ? undefined : parseDuration(rest[1]);
      if (target !== 'all') {
        const found = findAgent(fleet.agents, target);
        if (found.kind === 'unknown') return found.reply;
      }
      if (rest.length > 2 || forMs?.kind === 'refused') return reply(USAGE);
      const durationMs = forMs?.kind === 'parsed' ? forMs.value : undefined;
      const result = holds.pause(target, actor, durationMs, now);
      const who = target === 'all' ? 'All agents are' : `${target} is`;
      const until = durationMs === undefined ? `until you send /resume ${target}` : `for ${duration(durationMs)}`;
      const resume =
        target === 'all' ? resumeAllButton(callbackData) : agentButton('Resume', 'resume', target, callbackData);
      return reply(lines(`⏸ ${who} paused ${until}.`, describeRunning(result, now)), [[resume]]);
    },
  };
}

function describeRunning(
  result: { readonly stopped: number; readonly asked: number; readonly running: number },
  now: boolean,
): string | undefined {
  if (now && result.stopped + result.asked === 0) return 'Nothing was running.';
  if (now) {
    const asked =
      result.asked === 0
        ? undefined
        : `${count(result.asked, 'run')} ${result.asked === 1 ? 'is' : 'are'} asked to write WORKSTATE.md first, and stopped at that checkpoint, or in a minute.`;
    return [result.stopped === 0 ? undefined : `I am stopping ${count(result.stopped, 'run')}.`, asked]
      .filter((words) => words !== undefined)
      .join(' ');
  }
  if (result.running === 0) return undefined;
  return result.running === 1 ? 'One run may finish first.' : `${result.running} runs may finish first.`;
}
