import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { OwnerHolds } from '../loop/holds.ts';
import type { OwnerWishes } from '../loop/wishes.ts';
import type { Clock } from '../ports.ts';
import type { CallbackData } from './callback-data.ts';
import { agentBinding, END_CHOICES, FLEET_BINDING, PANEL_CHOICES } from './cards/agent-buttons.ts';
import type { EndVerb } from './cards/agent-panel.ts';
import { runWords, stopWords } from './cards/wish-words.ts';
import { count, shorten } from './cards/words.ts';
import type { FleetScreens } from './fleet-screens.ts';
import type { Content, Outbox } from './outbox.ts';
import { type Answer, type HandlersOf, LONGEST_ANSWER, type PressedButton, type ReadPress } from './press.ts';
import { createPressedMessage } from './pressed-message.ts';

/** Its name is part of what the button was signed with: whoever is not there any more cannot be told from whoever never was. */
const UNKNOWN: Answer = {
  text: 'I do not know this button, or fleet.yaml no longer names its agent. Those that there are: /fleet',
  alert: true,
};

/** Builds the handlers of the panels of agents, and of what leads to their list: what was wanted is a row, and the message shows how the agent stands then. */
export function createFleetPresses(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly callbackData: CallbackData;
  readonly screens: FleetScreens;
  readonly holds: OwnerHolds;
  readonly wishes: OwnerWishes;
  /** Ends an agent's run and lets it start anew; what came of it, for the owner. */
  readonly restart: (agent: string, by: string) => string;
  readonly showLog: (agent: string) => Content;
  readonly showWhy: (agent: string) => Content;
}): HandlersOf<'panel' | 'run' | 'stop' | 'restart' | 'pause' | 'resume' | 'log'> {
  const { fleet, storage, callbackData, screens, holds, wishes } = options;
  const message = createPressedMessage(options);

  function isOfFleet(press: ReadPress): boolean {
    return callbackData.verify(press, FLEET_BINDING);
  }

  /** Acts on the agent whose name the button carries, and shows its panel as it is then. */
  function onAgent(act: (agent: Agent, press: ReadPress, pressed: PressedButton) => Answer) {
    return (press: ReadPress, pressed: PressedButton): Answer => {
      const agent = [...fleet.agents.values()].find(({ name }) => callbackData.verify(press, agentBinding(name)));
      if (agent === undefined) return UNKNOWN;
      const answer = act(agent, press, pressed);
      return { ...answer, text: shorten(answer.text, LONGEST_ANSWER) };
    };
  }

  function acted(agent: Agent, pressed: PressedButton, text: string, alert = false): Answer {
    message.show(pressed, screens.panel(agent));
    return { text, alert };
  }

  /** Ends a run, but only the one that the question was about: by now it may be another. */
  function ending(verb: EndVerb, end: (agent: Agent, runId: number, by: string) => Answer) {
    return onAgent((agent, press, pressed) => {
      const alive = storage.runs.aliveOf(agent.name);
      if (alive === undefined && verb === 'restart' && press.choice === END_CHOICES.ask)
        return acted(agent, pressed, options.restart(agent.name, pressed.actor));
      if (alive === undefined) return acted(agent, pressed, `${agent.name} does not run any more.`);
      if (press.choice === END_CHOICES.yes) {
        const answer = end(agent, press.revision, pressed.actor);
        return acted(agent, pressed, answer.text, answer.alert);
      }
      message.show(pressed, screens.panel(agent, verb));
      return { text: '' };
    });
  }

  function pauseWords(agent: Agent, running: number): string {
    return `${agent.name} is paused, until you resume it.${running === 0 ? '' : ' Its run may finish first.'}`;
  }

  function resumeAll(pressed: PressedButton): Answer {
    const { released, stillHeld } = holds.resume('all', pressed.actor);
    const rest = stillHeld.length === 0 ? '' : ` Other holds stay: ${count(stillHeld.length, 'hold')}.`;
    const text = `${released ? 'The pause of all is over.' : 'Nothing was paused.'}${rest}`;
    return { text, followUp: { kind: 'list', page: 0 } };
  }

  const panel = onAgent((agent, press, pressed) => {
    if (press.choice !== PANEL_CHOICES.why) return acted(agent, pressed, '');
    message.answer(pressed, 'why', options.showWhy(agent.name));
    return { text: '' };
  });
  const resume = onAgent((agent, _press, pressed) => {
    const { released, stillHeld } = holds.resume(agent.name, pressed.actor);
    const held = stillHeld.length === 0 ? '' : ` Still held: ${stillHeld.join('; ')}`;
    const words = released ? `${agent.name}: the pause is over.` : `${agent.name} was not paused.`;
    return acted(agent, pressed, `${words}${held}`, stillHeld.length > 0);
  });

  return {
    panel(press, pressed) {
      if (!isOfFleet(press)) return panel(press, pressed);
      return { text: '', followUp: { kind: 'list', page: press.choice ?? 0 } };
    },
    run: onAgent((agent, _press, pressed) => {
      const wish = wishes.run(agent, pressed.actor);
      const words = runWords(agent.name, wish, options.clock.now()).join('\n');
      return acted(agent, pressed, words, wish.kind === 'held' || wish.kind === 'publisher');
    }),
    stop: ending('stop', (agent, runId, by) => {
      const wish = wishes.stop(agent, by, runId);
      return { text: stopWords(agent.name, wish), alert: wish === 'publishing' };
    }),
    restart: ending('restart', (agent, runId, by) =>
      storage.runs.aliveOf(agent.name)?.id === runId
        ? { text: options.restart(agent.name, by) }
        : { text: stopWords(agent.name, 'other') },
    ),
    pause: onAgent((agent, _press, pressed) => {
      const { running } = holds.pause(agent.name, pressed.actor, undefined, false);
      return acted(agent, pressed, pauseWords(agent, running));
    }),
    resume: (press, pressed) => (isOfFleet(press) ? resumeAll(pressed) : resume(press, pressed)),
    log: onAgent((agent, _press, pressed) => {
      message.answer(pressed, 'log', options.showLog(agent.name));
      return { text: `The end of what ${agent.name} said.` };
    }),
  };
}
