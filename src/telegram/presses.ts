import type { IncidentRow } from '../../storage/incident-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Custodian } from '../credentials/custodian.ts';
import type { LoginDesk } from '../credentials/login-desk.ts';
import type { Desk } from '../drafts/desk.ts';
import type { Reviews } from '../drafts/review.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { OwnerHolds } from '../loop/holds.ts';
import type { Questions } from '../questions/questions.ts';
import type { CallbackData, Press, Verb } from './callback-data.ts';
import { draftCardKey } from './cards/draft-card.ts';
import { incidentKey } from './cards/incident-words.ts';
import { SILENCE_OFF } from './cards/incident-card.ts';
import { loginBinding } from './cards/login-card.ts';
import { questionBinding } from './cards/question-card.ts';
import { stormBinding, WHOLE_STORM } from './cards/storm-card.ts';
import { count, duration } from './cards/words.ts';
import { STALE_MS } from './confirmations.ts';
import { createDraftPresses } from './draft-presses.ts';
import type { Content, Outbox } from './outbox.ts';
import { mayDo, refusalWords, roleOfActor } from '../people.ts';
import { roleForPress } from './rights.ts';
import {
  type Answer,
  askKey,
  type FollowUp,
  type HandlersOf,
  type ListWanted,
  NOT_OURS,
  type PressedButton,
  type PressHandlers,
} from './press.ts';
import { FLEET_BINDING } from './cards/agent-buttons.ts';

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

/** All that is not about a draft, an incident, a login or a question. */
type RoomVerb =
  | 'batch'
  | 'batchyes'
  | 'checklist'
  | 'confirm'
  | 'drop'
  | 'incidents'
  | 'leave'
  | 'mend'
  | 'next'
  | 'panel'
  | 'raise'
  | 'raiseyes'
  | 'review'
  | 'run'
  | 'status'
  | 'stop'
  | 'workstate';

/** How long the button Silence lasts. */
const SILENCE_MS = 2 * 3_600_000;

/** Builds the handler of buttons: authorised already, answered at once, one conditional change each. */
export function createPresses(options: {
  readonly storage: Storage;
  readonly outbox: Outbox;
  readonly callbackData: CallbackData;
  readonly desk: Desk;
  readonly reviews: Pick<Reviews, 'isReview' | 'showButtons'>;
  readonly incidents: IncidentRegister;
  readonly custodian: Custodian;
  readonly holds: OwnerHolds;
  readonly questions: Questions;
  readonly logins: Pick<LoginDesk, 'cancel'>;
  /** What an agent's newest run said last. */
  readonly showLog: (agent: string) => Content;
  /** Ends an agent's run and lets it start anew; what came of it, for the owner. */
  readonly restart: (agent: string, by: string) => string;
  /** The verbs of other rooms, each of them. */
  readonly handlers: PressHandlers & HandlersOf<RoomVerb>;
}): (pressed: PressedButton) => FollowUp | ListWanted {
  const { storage, outbox, callbackData, custodian } = options;
  const decideDraft = createDraftPresses({ ...options, stripIfForgotten });

  /** Whoever sees a button may not be who it is for: groups show them to all. */
  function decideAs(press: Press & { readonly mac: string }, pressed: PressedButton): Answer {
    const least = roleForPress(press);
    if (!mayDo(roleOfActor(pressed.actor), least)) return { text: refusalWords(least), alert: true };
    return decide(press, pressed);
  }

  function decide(press: Press & { readonly mac: string }, pressed: PressedButton): Answer {
    // An incident's card has some of the verbs of an agent's panel; what stands on a panel carries a choice.
    const onPanel = press.choice === undefined ? undefined : options.handlers[press.verb];
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
        return options.handlers[press.verb](press, pressed);
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

  function wantLogin(credential: string, pressed: PressedButton): string {
    return loginWords(custodian.wantLogin(credential, pressed.actor, pressed.message?.chatId));
  }

  /** A button that names a credential by what it is bound to: on /reauth, and on what a login says. */
  function startLogin(press: Press & { readonly mac: string }, pressed: PressedButton): Answer {
    const credential = storage.credentials
      .all()
      .find(({ name }) => callbackData.verify(press, loginBinding({ credential: name })));
    return credential === undefined ? NOT_OURS : { text: wantLogin(credential.name, pressed) };
  }

  function cancelLogin(press: Press & { readonly mac: string }): Answer {
    const login = storage.logins.get(press.id);
    if (login === undefined || !callbackData.verify(press, loginBinding(login))) return NOT_OURS;
    return options.logins.cancel(login.id) === 'cancelling'
      ? { text: 'Cancelling…' }
      : { text: 'That login is over already.', alert: true };
  }

  function decideIncident(press: Press & { readonly mac: string }, pressed: PressedButton): Answer {
    if (press.verb === 'reauth' && press.revision === 1) return startLogin(press, pressed);
    if (press.verb === 'ack' && press.revision === WHOLE_STORM) return acknowledgeStorm(press, pressed);
    const incident = storage.incidents.get(press.id);
    if (incident === undefined || !callbackData.verify(press, incident.fingerprint)) return NOT_OURS;
    if (incident.state === 'resolved') {
      strip(pressed);
      return { text: 'That is over already.', alert: true };
    }
    switch (press.verb) {
      case 'reauth':
        return { text: wantLogin(incident.subject, pressed) };
      case 'pause':
        options.holds.pause(incident.subject, pressed.actor, undefined, false);
        return { text: `${incident.subject} is paused. /resume ${incident.subject} lets it go on.` };
      case 'resume':
        options.holds.resume(incident.subject, pressed.actor);
        return { text: `${incident.subject} may run again.` };
      case 'log':
        return sendLog(incident, pressed);
      case 'restart':
        return { text: options.restart(incident.subject, pressed.actor) };
      case 'silence':
        return silence(incident, press.revision, pressed);
      default:
        return options.incidents.acknowledge(incident.id, pressed.actor) === 'acknowledged'
          ? { text: 'Acknowledged.' }
          : { text: 'It was acknowledged already.' };
    }
  }

  function acknowledgeStorm(press: Press & { readonly mac: string }, pressed: PressedButton): Answer {
    if (!callbackData.verify(press, stormBinding(press.id))) return NOT_OURS;
    const acknowledged = options.incidents.acknowledgeStorm(press.id, pressed.actor);
    if (acknowledged === 0) return { text: 'They were acknowledged already, or are over.' };
    return { text: `Acknowledged: ${count(acknowledged, 'incident')}.` };
  }

  function silence(incident: IncidentRow, revision: number, pressed: PressedButton): Answer {
    const isEnd = revision === SILENCE_OFF;
    const result = options.incidents.silence(incident.id, isEnd ? null : SILENCE_MS, pressed.actor);
    if (isEnd) return { text: result === 'changed' ? 'It may repeat again.' : 'It was not silenced any more.' };
    return { text: `Silenced for ${duration(SILENCE_MS)}: no repeats, no fallback.` };
  }

  /** The log of the agent that an incident is about; where it is about several, of the first one. */
  function sendLog(incident: IncidentRow, pressed: PressedButton): Answer {
    const [agent = incident.subject] = storage.incidents.agents(incident.id);
    outbox.send({
      key: `log:${pressed.updateId}`,
      class: 'reply',
      ...whereOf(pressed),
      content: options.showLog(agent),
      replyToKey: incident.messageKey ?? incidentKey(incident.id),
    });
    return { text: `The end of what ${agent} said.` };
  }

  function decideQuestion(press: Press & { readonly mac: string }, pressed: PressedButton): Answer {
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
  function askedBefore(
    press: (Press & { readonly mac: string }) | undefined,
    pressed: PressedButton,
  ): FollowUp | ListWanted {
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

/** An answer stands where the button was pressed. */
function whereOf({ message }: PressedButton): { readonly chatId?: number; readonly topicId?: number | null } {
  if (message === undefined) return {};
  const { chatId, topicId } = message;
  return topicId === undefined ? { chatId } : { chatId, topicId };
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

function loginWords(result: ReturnType<Custodian['wantLogin']>): string {
  switch (result) {
    case 'wanted':
      return 'Logging in…';
    case 'running':
      return 'A login is under way already.';
    case 'rotating':
      return 'Its rotation is under way: wait for what comes of it.';
    case 'no-login':
    case 'unknown':
      return 'I have no login program for it: log in on the host.';
  }
}
