import type { Command } from '../../commands/command.ts';
import type { ConfirmationRow } from '../../storage/confirmation-store.ts';
import type { Storage } from '../../storage/storage.ts';
import { personKey } from '../drafts/who.ts';
import type { Clock } from '../ports.ts';
import type { CallbackData } from './callback-data.ts';
import { shorten } from './cards/words.ts';
import { commandText, CONFIRM_WITHIN_MS, confirmationBinding, renderDecided } from './confirmations.ts';
import type { Outbox } from './outbox.ts';
import { type Answer, type HandlersOf, LONGEST_ANSWER, NOT_OURS, type PressedButton, type ReadPress } from './press.ts';

/** Builds the handlers of Do it now and Leave it: one conditional change, and who comes second is told what the first did. */
export function createConfirmPresses(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly callbackData: CallbackData;
  readonly commands: { readonly listed: readonly Command[] };
}): HandlersOf<'confirm' | 'drop'> {
  const { storage, clock, outbox, callbackData } = options;

  function decide(press: ReadPress, pressed: PressedButton, as: 'confirmed' | 'dropped'): Answer {
    const row = storage.confirmations.get(press.id);
    if (row === undefined || !callbackData.verify(press, confirmationBinding(row))) return NOT_OURS;
    const now = clock.now();
    const isOld = now - row.createdAt > CONFIRM_WITHIN_MS;
    if (!storage.confirmations.decide(row.id, as === 'confirmed' && isOld ? 'dropped' : as, pressed.actor, now))
      return { text: describeDecision(storage.confirmations.get(row.id) ?? row, pressed.actor), alert: true };
    storage.journal.add({ at: now, subject: `confirmation:${row.id}`, event: as, actor: pressed.actor, detail: null });
    if (as === 'dropped') {
      outbox.edit(row.messageKey, renderDecided(row, `left as it was${byOther(row, pressed)}.`));
      return { text: 'Left as it was.' };
    }
    if (isOld) {
      outbox.edit(row.messageKey, renderDecided(row, 'not done: I asked more than a day ago. Say it anew.'));
      return { text: 'I asked that more than a day ago: say it anew.', alert: true };
    }
    return run(row, pressed, now);
  }

  /** Does what was asked for, in the name of who confirmed it; what it says comes below the question. */
  function run(row: ConfirmationRow, pressed: PressedButton, now: number): Answer {
    const command = options.commands.listed.find(({ name }) => name === row.command);
    if (command === undefined) return { text: `There is no /${row.command} any more.`, alert: true };
    const replyKey = `confirmed:${row.id}`;
    const chatId = storage.outbox.get(row.messageKey)?.chatId ?? pressed.message?.chatId;
    const content = command.run({
      argument: row.argument,
      actor: pressed.actor,
      now,
      chatId,
      replyKey,
      confirmed: true,
    });
    outbox.edit(row.messageKey, renderDecided(row, `confirmed${byOther(row, pressed)}.`));
    outbox.send({
      key: replyKey,
      class: 'reply',
      content,
      replyToKey: row.messageKey,
      ...(chatId === undefined ? {} : { chatId }),
    });
    return { text: shorten(commandText(row), LONGEST_ANSWER) };
  }

  /** Who decided, where it was somebody else than who had said it. */
  function byOther({ actor }: ConfirmationRow, pressed: PressedButton): string {
    const name = storage.settings.get(personKey(pressed.actor));
    return actor === pressed.actor || name === undefined ? '' : ` by ${name}`;
  }

  function describeDecision({ state, decidedBy }: ConfirmationRow, asking: string): string {
    const name = decidedBy === null ? undefined : storage.settings.get(personKey(decidedBy));
    const who = decidedBy === asking ? 'You' : (name ?? 'Somebody');
    return state === 'confirmed' ? `${who} did it already.` : `${who} left it already.`;
  }

  return {
    confirm: (press, pressed) => decide(press, pressed, 'confirmed'),
    drop: (press, pressed) => decide(press, pressed, 'dropped'),
  };
}
