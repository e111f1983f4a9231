import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { WorkstateRoom } from '../work/workstate-room.ts';
import type { CallbackData } from './callback-data.ts';
import { WORKSTATE_CHOICES, workstateBinding } from './cards/workstate-card.ts';
import type { Content, Outbox } from './outbox.ts';
import { type Answer, NOT_OURS, type PressedButton, type HandlersOf } from './press.ts';

/** Builds the handlers of the buttons below a WORKSTATE.md. */
export function createWorkstatePresses(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly outbox: Outbox;
  readonly callbackData: CallbackData;
  readonly workstates: Pick<WorkstateRoom, 'show' | 'diff' | 'file' | 'writeNow'>;
}): HandlersOf<'workstate'> {
  const { storage, outbox, workstates } = options;

  function answerBelow(pressed: PressedButton, content: Content): void {
    outbox.send({ key: `workstate:${pressed.updateId}`, class: 'reply', content, ...below(pressed) });
  }

  function below({ message }: PressedButton): { readonly chatId?: number; readonly replyToKey?: string } {
    if (message === undefined) return {};
    const key = storage.outbox.byMessage(message.chatId, message.messageId)?.key;
    return { chatId: message.chatId, ...(key === undefined ? {} : { replyToKey: key }) };
  }

  function writeNow(agent: Agent, pressed: PressedButton): Answer {
    const { isAsked, said } = workstates.writeNow(agent, pressed.actor, below(pressed));
    // What there is may be newer than what the pressed message shows.
    if (!isAsked) answerBelow(pressed, workstates.show(agent));
    return { text: said };
  }

  return {
    workstate(press, pressed) {
      const agent = [...options.fleet.agents.values()].find(({ name }) =>
        options.callbackData.verify(press, workstateBinding(name)),
      );
      if (agent === undefined) return NOT_OURS;
      switch (press.choice) {
        case WORKSTATE_CHOICES.now:
          return writeNow(agent, pressed);
        case WORKSTATE_CHOICES.show:
          answerBelow(pressed, workstates.show(agent));
          return { text: '' };
        case WORKSTATE_CHOICES.file:
          answerBelow(pressed, workstates.file(agent));
          return { text: `${agent.name}’s WORKSTATE.md.` };
        default:
          answerBelow(pressed, workstates.diff(agent));
          return { text: 'What changed.' };
      }
    },
  };
}
