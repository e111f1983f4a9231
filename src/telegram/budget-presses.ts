import type { Storage } from '../../storage/storage.ts';
import { readBudgetFingerprint } from '../budget/budget.ts';
import type { Ledger } from '../budget/ledger.ts';
import type { RaiseOffer, Raises } from '../budget/raises.ts';
import { loadBudgetReport } from '../budget/report.ts';
import type { Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { CallbackData } from './callback-data.ts';
import {
  RAISE_BACK,
  RAISE_PERCENTS,
  raiseBinding,
  renderBudget,
  renderRaised,
  renderRaiseQuestion,
} from './cards/budget-card.ts';
import { dollarText } from './cards/words.ts';
import type { Content, Outbox } from './outbox.ts';
import { type Answer, NOT_OURS, type PressedButton, type HandlersOf, type ReadPress } from './press.ts';

/** What the buttons of budgets work with. */
export interface BudgetPressParts {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly outbox: Outbox;
  readonly callbackData: CallbackData;
  readonly ledger: Ledger;
  readonly raises: Raises;
  readonly incidents: Pick<IncidentRegister, 'card'>;
}

/** Builds the handlers of Raise: a question first, and then one conditional row. */
export function createBudgetPresses(parts: BudgetPressParts): HandlersOf<'raise' | 'raiseyes'> {
  const { fleet, storage, outbox, callbackData, ledger, raises } = parts;

  /** The message that was pressed shows something else; one about many incidents, or one that no row stands for, is answered below. */
  function show(pressed: PressedButton, content: Content): void {
    const { message } = pressed;
    const row = message && storage.outbox.byMessage(message.chatId, message.messageId);
    if (row !== undefined && !row.key.startsWith('storm:')) return outbox.edit(row.key, content);
    outbox.send({
      key: `raise:${pressed.updateId}`,
      class: 'reply',
      content,
      ...(message === undefined ? {} : { chatId: message.chatId }),
      ...(row === undefined ? {} : { replyToKey: row.key }),
      sound: 'never',
    });
  }

  function overview(): Content {
    return renderBudget(loadBudgetReport(fleet, storage, ledger), { timezone: fleet.timezone, callbackData });
  }

  function ask(
    agent: string,
    percent: number,
    pressed: PressedButton,
    back: { data: string; incidentId: number },
  ): Answer {
    const offer = RAISE_PERCENTS.some((known) => known === percent) ? raises.offer(agent, percent) : undefined;
    if (offer === undefined) return { text: 'fleet.yaml sets no budget for it any more: /budget', alert: true };
    show(pressed, renderRaiseQuestion(offer, percent, callbackData, back));
    return { text: `To ${dollarText(offer.raisedMicroUsd)}?` };
  }

  /** From the card of an incident. */
  function pressOnIncident(press: ReadPress, pressed: PressedButton): Answer {
    const incident = storage.incidents.get(press.id);
    if (incident === undefined || !callbackData.verify(press, incident.fingerprint)) return NOT_OURS;
    const topic = readBudgetFingerprint(incident.fingerprint);
    const card = parts.incidents.card(incident.id);
    if (topic === undefined || card === undefined) return NOT_OURS;
    if (press.revision === RAISE_BACK || incident.state === 'resolved') {
      show(pressed, card);
      return incident.state === 'resolved' ? { text: 'That is over already.', alert: true } : { text: 'As it was.' };
    }
    const data = callbackData.sign({ verb: 'raise', id: incident.id, revision: RAISE_BACK }, incident.fingerprint);
    return ask(topic.agent, press.revision, pressed, { data, incidentId: incident.id });
  }

  /** Whose button of /budget it is; undefined: nobody's, or one of a month that is over. */
  function agentOf(press: ReadPress): string | undefined {
    const { month, scopes } = ledger.look();
    return scopes.find(({ agent }) => callbackData.verify(press, raiseBinding(agent, month.key)))?.agent;
  }

  function pressOnBudget(press: ReadPress, pressed: PressedButton): Answer {
    const agent = agentOf(press);
    if (agent === undefined) return { text: 'That budget is not the present one any more: /budget', alert: true };
    if (press.revision === RAISE_BACK) {
      show(pressed, overview());
      return { text: 'As it was.' };
    }
    const { key } = ledger.look().month;
    const back = { verb: 'raise' as const, id: 0, revision: RAISE_BACK, choice: 0 };
    return ask(agent, press.revision, pressed, {
      data: callbackData.sign(back, raiseBinding(agent, key)),
      incidentId: 0,
    });
  }

  function showRaised(offer: RaiseOffer, incidentId: number, pressed: PressedButton): void {
    const incident = incidentId === 0 ? undefined : storage.incidents.get(incidentId);
    const { message } = pressed;
    const row = message && storage.outbox.byMessage(message.chatId, message.messageId);
    // Its own card tells of the incident again; what was asked elsewhere says what came of it.
    const card =
      incident !== undefined && row?.key === incident.messageKey ? parts.incidents.card(incidentId) : undefined;
    show(pressed, card ?? renderRaised(offer));
  }

  function confirm(press: ReadPress, pressed: PressedButton): Answer {
    const agent = agentOf(press);
    if (agent === undefined) return { text: 'That budget is not the present one any more: /budget', alert: true };
    const result = raises.raise(agent, press.id, press.revision, pressed.actor);
    switch (result.kind) {
      case 'raised':
        showRaised(result.offer, press.choice ?? 0, pressed);
        return { text: `Raised to ${dollarText(result.offer.raisedMicroUsd)}.` };
      case 'other':
        return { text: `It is ${dollarText(result.limitMicroUsd)} by now: nothing was raised again.`, alert: true };
      case 'gone':
        return { text: 'fleet.yaml sets no budget for it any more: /budget', alert: true };
    }
  }

  return {
    raise: (press, pressed) =>
      press.choice === undefined ? pressOnIncident(press, pressed) : pressOnBudget(press, pressed),
    raiseyes: confirm,
  };
}
