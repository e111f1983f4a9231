import type { Custodian } from '../credentials/custodian.ts';
import type { LoginDesk } from '../credentials/login-desk.ts';
import type { Desk } from '../drafts/desk.ts';
import { mayDo, refusalWords, roleOfActor } from '../people.ts';
import type { Questions } from '../questions/questions.ts';
import type { Press, Verb } from './callback-data.ts';
import { FLEET_BINDING } from './cards/agent-buttons.ts';
import { draftCardKey } from './cards/draft-card.ts';
import { loginBinding } from './cards/login-card.ts';
import { questionBinding } from './cards/question-card.ts';
import { duration } from './cards/words.ts';
import { STALE_MS } from './confirmations.ts';
import { createDraftPresses } from './draft-presses.ts';
import { createIncidentPresses } from './incident-presses.ts';
import type { Content } from './outbox.ts';
import {
  type Answer,
  askKey,
  type FollowUp,
  type ListWanted,
  NOT_OURS,
  type PressedButton,
  type PressHandlers,
  type ReadPress,
} from './press.ts';
import { whereOf } from './pressed-message.ts';
import { roleForPress } from './rights.ts';
import { createRoomPresses, type PressedRooms } from './room-presses.ts';

/**
 * What ends, starts, spends or mutes something: pressed while nobody was there, it is not done. A press does not say when it was made. What
 * decides about a draft is bound to its text and its window, and counts.
 */
const PRESSED_AGAIN: ReadonlySet<Verb> = new Set([
  'restart',
  'pause',
  'resume',
  'stop',
  'run',
  'silence',
  'reauth',
  'raiseyes',
  'mend',
  'confirm',
  'leave',
]);

/** Builds the handler of buttons: authorised already, answered at once, one conditional change each. */
export function createPresses(
  options: PressedRooms & {
    readonly desk: Desk;
    readonly custodian: Custodian;
    readonly questions: Questions;
    readonly logins: Pick<LoginDesk, 'cancel'>;
  },
): (pressed: PressedButton) => FollowUp | ListWanted {
  const { storage, clock, outbox, callbackData, commands } = options;
  const handlers: PressHandlers & ReturnType<typeof createRoomPresses> = createRoomPresses(options, showLog);
  const decideDraft = createDraftPresses({ ...options, stripIfForgotten });
  const decideIncident = createIncidentPresses({ ...options, showLog, strip });

  /** What an agent's newest run said last. */
  function showLog(agent: string): Content {
    return commands.log.run({ argument: agent, actor: 'button', now: clock.now() });
  }

  /** Whoever sees a button may not be who it is for: groups show them to all. */
  function decideAs(press: ReadPress, pressed: PressedButton): Answer {
    const least = roleForPress(press);
    if (!mayDo(roleOfActor(pressed.actor), least)) return { text: refusalWords(least), alert: true };
    return decide(press, pressed);
  }

  function decide(press: ReadPress, pressed: PressedButton): Answer {
    // An incident's card has some of the verbs of an agent's panel; what stands on a panel carries a choice.
    const onPanel = press.choice === undefined ? undefined : handlers[press.verb];
    if (onPanel !== undefined) return onPanel(press, pressed);
    switch (press.verb) {
      case 'approve':
      case 'reject':
      case 'edit':
      case 'live':
      case 'again':
      case 'show':
      case 'undo':
      case 'snooze':
      case 'revise':
        return decideDraft(press, pressed);
      case 'reauth':
      case 'ack':
      case 'pause':
      case 'resume':
      case 'log':
      case 'silence':
      case 'restart':
        return decideIncident(press, pressed);
      case 'cancel':
        return cancelLogin(press);
      case 'choose':
        return decideQuestion(press, pressed);
      default:
        return handlers[press.verb](press, pressed);
    }
  }

  /** A card that no row stands for any more (it was sent twice, or replaced) loses its buttons once it is pressed. */
  function stripIfForgotten(pressed: PressedButton): void {
    if (pressed.message === undefined) return;
    const { chatId, messageId } = pressed.message;
    if (storage.outbox.byMessage(chatId, messageId) === undefined) strip(pressed);
  }

  /** Takes the buttons off the message that was pressed. */
  function strip(pressed: PressedButton): void {
    if (pressed.message === undefined) return;
    const { chatId, messageId } = pressed.message;
    outbox.send({
      key: `strip:${chatId}:${messageId}`,
      class: 'notice',
      chatId,
      content: { kind: 'strip', messageId },
    });
  }

  function cancelLogin(press: ReadPress): Answer {
    const login = storage.logins.get(press.id);
    if (login === undefined || !callbackData.verify(press, loginBinding(login))) return NOT_OURS;
    return options.logins.cancel(login.id) === 'cancelling'
      ? { text: 'Cancelling…' }
      : { text: 'That login is over already.', alert: true };
  }

  function decideQuestion(press: ReadPress, pressed: PressedButton): Answer {
    const question = storage.questions.get(press.id);
    if (question === undefined || !callbackData.verify(press, questionBinding(question))) return NOT_OURS;
    const result = options.questions.answer(press.id, { kind: 'option', index: press.revision }, pressed.actor);
    stripIfForgotten(pressed);
    return { text: result.said, alert: result.kind !== 'done' };
  }

  function isFromBefore({ verb }: Press, { awayMs = 0 }: PressedButton): boolean {
    return awayMs >= STALE_MS && PRESSED_AGAIN.has(verb);
  }

  /** The answer to a press is shown for minutes at most: whoever pressed before that reads it in the chat. */
  function askAgain(pressed: PressedButton): Answer {
    const { message, awayMs = 0, updateId } = pressed;
    const row = message && storage.outbox.byMessage(message.chatId, message.messageId);
    const label = row === undefined ? undefined : labelOf(row.content, pressed.data);
    const text = `🕰 ${label === undefined ? 'A button was' : `“${label}” was`} pressed while I was away for ${duration(awayMs)}, or just after: I have not done it. If you still mean it, press it again.`;
    outbox.send({
      key: `pressed-again:${updateId}`,
      class: 'reply',
      content: { kind: 'text', body: { text, entities: [] } },
      ...(message === undefined ? {} : { chatId: message.chatId }),
      ...(row === undefined ? {} : { replyToKey: row.key }),
    });
    return { text: 'I was away, and have not done it. If you still mean it, press it again.', alert: true };
  }

  /** What a press that was handled before a crash had asked, so that its answer still finds the dialogue; or the list that it was to show. */
  function askedBefore(press: ReadPress | undefined, pressed: PressedButton): FollowUp | ListWanted {
    if (press === undefined) return undefined;
    if (press.verb === 'panel' && callbackData.verify(press, FLEET_BINDING))
      return { kind: 'list', page: press.choice ?? 0 };
    const kind = press.verb === 'edit' || press.verb === 'revise' ? press.verb : 'reason';
    const followUp = { kind, draftId: press.id, revision: press.revision } as const;
    return storage.outbox.get(askKey(pressed, followUp)) === undefined ? undefined : followUp;
  }

  return (pressed) =>
    storage.transaction(() => {
      const press = callbackData.read(pressed.data);
      if (storage.outbox.get(`answer:${pressed.updateId}`) !== undefined) return askedBefore(press, pressed);
      const answer =
        press === undefined ? NOT_OURS : isFromBefore(press, pressed) ? askAgain(pressed) : decideAs(press, pressed);
      outbox.send({
        key: `answer:${pressed.updateId}`,
        class: 'answer',
        content: {
          kind: 'answer',
          callbackQueryId: pressed.callbackQueryId,
          text: answer.text,
          alert: answer.alert === true,
        },
      });
      const { followUp } = answer;
      if (followUp !== undefined && followUp.kind !== 'list') askFor(followUp, pressed);
      return followUp;
    });

  function askFor(followUp: NonNullable<FollowUp>, pressed: PressedButton): void {
    outbox.send({
      key: askKey(pressed, followUp),
      class: 'reply',
      ...whereOf(pressed),
      content: { kind: 'text', body: { text: questionOf(followUp), entities: [] } },
      replyToKey: draftCardKey({ id: followUp.draftId, revision: followUp.revision }),
      sound: 'never',
    });
  }
}

function questionOf({ kind, draftId }: NonNullable<FollowUp>): string {
  switch (kind) {
    case 'edit':
      return `✏️ Send me the new text of draft #${draftId}. To leave it as it is: /cancel`;
    case 'revise':
      return `🔁 What should be different in draft #${draftId}? Send me one line, and its agent writes another version. To leave it as it is: /cancel`;
    case 'reason':
      return `Why did you reject draft #${draftId}? Send me the reason, and its agent will read it. To give none: /cancel`;
  }
}

/** What stands on the button that carries this. */
function labelOf(content: string, data: string): string | undefined {
  const shown = JSON.parse(content) as Content;
  if (shown.kind !== 'text' && shown.kind !== 'document') return undefined;
  return shown.buttons?.flat().find((button) => button.data === data)?.text;
}
