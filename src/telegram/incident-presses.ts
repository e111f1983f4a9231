import type { IncidentRow } from '../../storage/incident-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Custodian } from '../credentials/custodian.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { OwnerHolds } from '../loop/holds.ts';
import type { CallbackData } from './callback-data.ts';
import { SILENCE_OFF } from './cards/incident-card.ts';
import { incidentKey } from './cards/incident-words.ts';
import { loginBinding } from './cards/login-card.ts';
import { stormBinding, WHOLE_STORM } from './cards/storm-card.ts';
import { count, duration } from './cards/words.ts';
import type { Content, Outbox } from './outbox.ts';
import { type Answer, NOT_OURS, type PressedButton, type ReadPress } from './press.ts';
import { whereOf } from './pressed-message.ts';

/** How long the button Silence lasts. */
const SILENCE_MS = 2 * 3_600_000;

/** What the press of an incident's button does, of a storm's, and of one that starts a login. */
export function createIncidentPresses(options: {
  readonly storage: Storage;
  readonly outbox: Outbox;
  readonly callbackData: CallbackData;
  readonly incidents: IncidentRegister;
  readonly custodian: Custodian;
  readonly holds: OwnerHolds;
  /** What an agent's newest run said last. */
  readonly showLog: (agent: string) => Content;
  /** Ends an agent's run and lets it start anew; what came of it, for the owner. */
  readonly restart: (agent: string, by: string) => string;
  /** Takes the buttons off the message that was pressed. */
  readonly strip: (pressed: PressedButton) => void;
}): (press: ReadPress, pressed: PressedButton) => Answer {
  const { storage, callbackData, incidents, holds } = options;

  function wantLogin(credential: string, pressed: PressedButton): string {
    return loginWords(options.custodian.wantLogin(credential, pressed.actor, pressed.message?.chatId));
  }

  /** A button that names a credential by what it is bound to: on /reauth, and on what a login says. */
  function startLogin(press: ReadPress, pressed: PressedButton): Answer {
    const credential = storage.credentials
      .all()
      .find(({ name }) => callbackData.verify(press, loginBinding({ credential: name })));
    return credential === undefined ? NOT_OURS : { text: wantLogin(credential.name, pressed) };
  }

  function acknowledgeStorm(press: ReadPress, pressed: PressedButton): Answer {
    if (!callbackData.verify(press, stormBinding(press.id))) return NOT_OURS;
    const acknowledged = incidents.acknowledgeStorm(press.id, pressed.actor);
    if (acknowledged === 0) return { text: 'They were acknowledged already, or are over.' };
    return { text: `Acknowledged: ${count(acknowledged, 'incident')}.` };
  }

  function silence(incident: IncidentRow, revision: number, pressed: PressedButton): Answer {
    const isEnd = revision === SILENCE_OFF;
    const result = incidents.silence(incident.id, isEnd ? null : SILENCE_MS, pressed.actor);
    if (isEnd) return { text: result === 'changed' ? 'It may repeat again.' : 'It was not silenced any more.' };
    return { text: `Silenced for ${duration(SILENCE_MS)}: no repeats, no fallback.` };
  }

  /** The log of the agent that an incident is about; where it is about several, of the first one. */
  function sendLog(incident: IncidentRow, pressed: PressedButton): Answer {
    const [agent = incident.subject] = storage.incidents.agents(incident.id);
    options.outbox.send({
      key: `log:${pressed.updateId}`,
      class: 'reply',
      ...whereOf(pressed),
      content: options.showLog(agent),
      replyToKey: incident.messageKey ?? incidentKey(incident.id),
    });
    return { text: `The end of what ${agent} said.` };
  }

  return (press, pressed) => {
    if (press.verb === 'reauth' && press.revision === 1) return startLogin(press, pressed);
    if (press.verb === 'ack' && press.revision === WHOLE_STORM) return acknowledgeStorm(press, pressed);
    const incident = storage.incidents.get(press.id);
    if (incident === undefined || !callbackData.verify(press, incident.fingerprint)) return NOT_OURS;
    if (incident.state === 'resolved') {
      options.strip(pressed);
      return { text: 'That is over already.', alert: true };
    }
    switch (press.verb) {
      case 'reauth':
        return { text: wantLogin(incident.subject, pressed) };
      case 'pause':
        holds.pause(incident.subject, pressed.actor, undefined, false);
        return { text: `${incident.subject} is paused. /resume ${incident.subject} lets it go on.` };
      case 'resume':
        holds.resume(incident.subject, pressed.actor);
        return { text: `${incident.subject} may run again.` };
      case 'log':
        return sendLog(incident, pressed);
      case 'restart':
        return { text: options.restart(incident.subject, pressed.actor) };
      case 'silence':
        return silence(incident, press.revision, pressed);
      default:
        return incidents.acknowledge(incident.id, pressed.actor) === 'acknowledged'
          ? { text: 'Acknowledged.' }
          : { text: 'It was acknowledged already.' };
    }
  };
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
