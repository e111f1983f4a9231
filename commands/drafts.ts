import type { Storage } from '../storage/storage.ts';
import type { Fleet } from '../src/config/fleet.ts';
import type { CallbackData } from '../src/telegram/callback-data.ts';
import { bold, clockTime, count, line, lines, shorten } from '../src/telegram/cards/words.ts';
import type { Command } from './command.ts';
import { reply } from './replies.ts';

/** Drafts listed at once: more do not fit a phone's screen, and the most urgent come first. */
const MOST_LISTED = 12;

/** /drafts: what waits, by deadline, with a button that shows the card again. */
export function createDraftsCommand(fleet: Fleet, storage: Storage, callbackData: CallbackData): Command {
  return {
    name: 'drafts',
    description: 'the desk: what waits, by deadline',
    run({ now }) {
      const total = storage.drafts.countInState('pending');
      const drafts = storage.drafts.inState('pending', MOST_LISTED);
      const unknown = storage.drafts.countInState('unknown');
      const question =
        unknown === 0
          ? undefined
          : `❓ Of ${count(unknown, 'draft')} I do not know whether ${unknown === 1 ? 'it' : 'they'} went out: please answer my question above.`;
      if (total === 0) return reply(question ?? '📥 No draft waits for you.');
      const list = drafts.map((draft) =>
        line(
          bold(`#${draft.id}`),
          ` ${draft.kind} by ${draft.agent} to ${shorten(draft.recipient, 40)}`,
          draft.windowEndsAt === null ? '' : line(', until ', clockTime(draft.windowEndsAt, fleet.timezone, now)),
          `: ${shorten(draft.body.replaceAll(/\s+/g, ' '), 80)}`,
        ),
      );
      const rest = total > drafts.length ? `… and ${total - drafts.length} more` : undefined;
      const buttons = drafts.map((draft) => ({
        text: `#${draft.id}`,
        data: callbackData.sign({ verb: 'show', id: draft.id, revision: draft.revision }, draft.hash),
      }));
      const rows = Array.from({ length: Math.ceil(buttons.length / 4) }, (_, row) =>
        buttons.slice(row * 4, row * 4 + 4),
      );
      return reply(
        lines(
          bold(`📥 ${count(total, 'draft')} for you`),
          question,
          ...list,
          rest,
          '',
          'Press a number to see its card:',
        ),
        rows,
      );
    },
  };
}
