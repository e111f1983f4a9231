import type { Fleet } from '../src/config/fleet.ts';
import type { OwnerHolds } from '../src/loop/holds.ts';
import type { CallbackData } from '../src/telegram/callback-data.ts';
import { panelButton, resumeAllButton } from '../src/telegram/cards/agent-buttons.ts';
import { lines } from '../src/telegram/cards/words.ts';
import type { Command } from './command.ts';
import { findAgent, reply } from './replies.ts';

/** Holds named in one answer; /status has all of them. */
const MOST_HOLDS = 10;

/** /resume [AGENT|all]: releases the owner's hold, and says what still holds the agent. */
export function createResumeCommand(fleet: Fleet, holds: OwnerHolds, callbackData: CallbackData): Command {
  return {
    name: 'resume',
    description: 'let an agent, or all, go on',
    // It starts what somebody stopped, maybe for a reason that he did not know yet when he wrote it.
    asksAgain: () => 'It lets agents go on that are held, and spend.',
    run({ argument, actor }) {
      const target = argument.toLowerCase() || 'all';
      if (target !== 'all') {
        const found = findAgent(fleet.agents, target);
        if (found.kind === 'unknown') return found.reply;
      }
      const { released, stillHeld, isFleetPaused } = holds.resume(target, actor);
      const isFree = stillHeld.length === 0;
      return reply(
        lines(
          describeOutcome(target, released, isFree),
          ...stillHeld.slice(0, MOST_HOLDS).map((hold) => `⛔️ ${hold}`),
          stillHeld.length > MOST_HOLDS ? `… and ${stillHeld.length - MOST_HOLDS} more: /status` : undefined,
          isFleetPaused ? 'The pause of all ends with /resume all.' : undefined,
        ),
        [
          [
            ...(isFleetPaused ? [resumeAllButton(callbackData)] : []),
            ...(target === 'all' ? [] : [panelButton(target, callbackData)]),
          ],
        ].filter((row) => row.length > 0),
      );
    },
  };
}

function describeOutcome(target: string, released: boolean, isFree: boolean): string {
  const isAll = target === 'all';
  if (released && isFree) return `▶️ ${isAll ? 'All agents' : target} may run again.`;
  if (released)
    return `Your pause${isAll ? '' : ` of ${target}`} is over. Something else still holds ${isAll ? 'some' : 'it'}:`;
  if (isFree) return isAll ? 'No agent was paused.' : `${target} was not paused.`;
  return isAll ? 'You had paused nothing. What holds agents:' : `You had not paused ${target}. What holds it:`;
}
