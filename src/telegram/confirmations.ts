import type { Content } from './outbox.ts';
import type { Storage } from '../../storage/storage.ts';
import type { ConfirmationRow, NewConfirmation } from '../../storage/confirmation-store.ts';
import type { CallbackData } from './callback-data.ts';
import { bold, duration, line, lines, type Piece, richText, shorten } from './cards/words.ts';

/** What waited longer than this in an outage shows its age, and is asked for again where it does harm. */
export const STALE_MS = 10 * 60_000;
/** Whoever confirms later than this confirms something whose reasons he has forgotten: he is to say it anew. */
export const CONFIRM_WITHIN_MS = 24 * 3_600_000;

/** A command that is to be confirmed, as its handler knows it. */
export interface ToConfirm {
  readonly command: string;
  /** What it is run with once it is confirmed. */
  readonly argument: string;
  readonly actor: string;
  readonly saidAt: number;
  /** Key of the message that asks: the reply to the command. */
  readonly messageKey: string;
  readonly now: number;
  /** What the button says that does it. */
  readonly yes?: string;
}

/** Asks whether a command is to be done. */
export interface Confirmations {
  /** Writes down what is asked for, and gives the message that asks: these words, and two buttons. */
  ask(wanted: ToConfirm, words: Piece): Content;
}

/** What stands below the reply to a command that waited through an outage; undefined where it did not. */
export function ageNote(ageMs: number): string | undefined {
  return ageMs < STALE_MS ? undefined : `🕰 You asked this ${duration(ageMs)} ago.`;
}

/** Names a command as it was typed. */
export function commandText({ command, argument }: Pick<ConfirmationRow, 'command' | 'argument'>): string {
  // The hash of a file is for us, not for a person to read.
  return `/${command}${argument === '' || /^[0-9a-f]{64}$/.test(argument) ? '' : ` ${shorten(argument, 200)}`}`;
}

/** What a confirmation's buttons are bound to: exactly what would be done. */
export function confirmationBinding({ command, argument }: Pick<ConfirmationRow, 'command' | 'argument'>): string {
  return `${command} ${argument}`;
}

/** Builds the room that asks. */
export function createConfirmations(options: {
  readonly storage: Storage;
  readonly callbackData: CallbackData;
}): Confirmations {
  const { storage, callbackData } = options;
  return {
    ask({ now, yes = 'Do it now', ...wanted }, words) {
      const asked: NewConfirmation = { ...wanted, createdAt: now };
      const row = storage.transaction(() => storage.confirmations.ask(asked));
      const binding = confirmationBinding(row);
      return {
        kind: 'text',
        body: richText(words),
        buttons: [
          [
            {
              text: yes,
              style: 'danger',
              data: callbackData.sign({ verb: 'confirm', id: row.id, revision: 0 }, binding),
            },
            { text: 'Leave it', data: callbackData.sign({ verb: 'drop', id: row.id, revision: 0 }, binding) },
          ],
        ],
      };
    },
  };
}

/** What the message that asked shows from then on. */
export function renderDecided(row: Pick<ConfirmationRow, 'command' | 'argument'>, what: string): Content {
  return { kind: 'text', body: richText(lines(line(bold(commandText(row)), `: ${what}`))), buttons: [] };
}
