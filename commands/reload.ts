import { type Reloads, TAKE_OVER } from '../src/reload/reloads.ts';
import { renderReload } from '../src/telegram/cards/reload-card.ts';
import type { Confirmations } from '../src/telegram/confirmations.ts';
import type { Command } from './command.ts';
import { reply } from './replies.ts';

/** /reload: reads fleet.yaml anew, and takes it over where nothing is wrong with it; what takes something away is asked for first. */
export function createReloadCommand(rooms: {
  readonly fleet: { readonly timezone: string };
  readonly reloads: Pick<Reloads, 'reload'>;
  readonly confirmations: Confirmations;
}): Command {
  return {
    name: 'reload',
    description: 'take over a changed fleet.yaml, while everything runs',
    run({ argument, actor, now, confirmed, replyKey = `reload:${now}` }) {
      // Only a button brings the hash of a file.
      const hash = confirmed === true && argument !== '' ? argument : undefined;
      const outcome = rooms.reloads.reload(actor, hash);
      const words = renderReload(outcome, { timezone: rooms.fleet.timezone, now, how: 'reload' });
      if (outcome.kind !== 'ask') return reply(words);
      const asked = { command: 'reload', argument: outcome.hash, actor, saidAt: now, now };
      return rooms.confirmations.ask({ ...asked, messageKey: replyKey, yes: TAKE_OVER }, words);
    },
  };
}
