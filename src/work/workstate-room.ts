import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { Clock } from '../ports.ts';
import type { CallbackData } from '../telegram/callback-data.ts';
import {
  renderWorkstate,
  renderWorkstateDiff,
  renderWorkstateFile,
  type WorkstateSetting,
} from '../telegram/cards/workstate-card.ts';
import type { Content, Outbox } from '../telegram/outbox.ts';
import type { Checkpoints } from './checkpoints.ts';
import { createOwnerAnswers, type AnswerTo, type OwnerAnswers } from './owner-answers.ts';

/** What owners may see of WORKSTATE.md files, and ask for. */
export interface WorkstateRoom extends Pick<OwnerAnswers, 'settle'> {
  /** When it was written, where there is one. */
  writtenAt(agent: Agent): number | undefined;
  show(agent: Agent, why?: string): Content;
  diff(agent: Agent): Content;
  file(agent: Agent): Content;
  /** Has a live agent write it; what came of it, in words. The answer is a message of its own, later. */
  writeNow(agent: Agent, by: string, to: AnswerTo): { readonly isAsked: boolean; readonly said: string };
}

/** Builds the room. */
export function createWorkstateRoom(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly callbackData: CallbackData;
  readonly checkpoints: Checkpoints;
  readonly canBeAsked: (runId: number) => boolean;
}): WorkstateRoom {
  const { storage, checkpoints } = options;
  const answers = createOwnerAnswers({ ...options, show });

  function settingOf(agent: Agent): WorkstateSetting {
    return {
      agent: agent.name,
      now: options.clock.now(),
      timezone: options.fleet.timezone,
      callbackData: options.callbackData,
    };
  }

  function show(agent: Agent, why?: string): Content {
    const { newest, problem } = checkpoints.shown(agent);
    return renderWorkstate(newest, problem, why, settingOf(agent));
  }

  return {
    settle: answers.settle,
    show,
    writtenAt: (agent) => checkpoints.shown(agent).newest?.at,

    diff(agent) {
      const { newest } = checkpoints.shown(agent);
      if (newest === undefined) return show(agent);
      const { version, isFile, text } = newest;
      const before =
        version === undefined
          ? undefined
          : isFile
            ? storage.checkpoints.get(version.id)
            : storage.checkpoints.before(agent.name, version.id);
      if (before === undefined) return show(agent, 'There is no version before this one.');
      return renderWorkstateDiff(before.text, text, settingOf(agent));
    },

    file(agent) {
      const { newest } = checkpoints.shown(agent);
      return newest === undefined ? show(agent) : renderWorkstateFile(newest, settingOf(agent));
    },

    writeNow(agent, by, to) {
      switch (answers.want(agent, by, to)) {
        case 'asked':
          return {
            isAsked: true,
            said: `${agent.name} is asked to write it; it comes here once it has, or in five minutes what there is.`,
          };
        case 'asked-before':
          return { isAsked: true, said: `${agent.name} is asked already; it comes here.` };
        case 'idle':
          return { isAsked: false, said: `${agent.name} is not running: this is what there is.` };
        case 'cannot':
          return { isAsked: false, said: `${agent.name} cannot be asked while it works: this is what there is.` };
        case 'ending':
          return { isAsked: false, said: `${agent.name} is being stopped: this is what there is.` };
      }
    },
  };
}
