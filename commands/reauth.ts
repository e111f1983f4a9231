import type { Fleet } from '../src/config/fleet.ts';
import type { Custodian } from '../src/credentials/custodian.ts';
import type { Command } from './command.ts';
import { shorten } from '../src/telegram/cards/words.ts';
import { reply } from './replies.ts';

/** /reauth [CREDENTIAL]: runs the configured login program, then probes. */
export function createReauthCommand(fleet: Fleet, custodian: Custodian): Command {
  return {
    name: 'reauth',
    description: 'log in again with a credential’s login program',
    run({ argument, actor }) {
      const names = [...fleet.credentials.keys()];
      const name = argument === '' && names.length === 1 ? names[0] : argument.toLowerCase();
      if (name === undefined || name === '')
        return reply(
          names.length === 0 ? 'fleet.yaml names no credentials.' : `Which one? /reauth ${names.join(', /reauth ')}`,
        );
      switch (custodian.wantLogin(name, actor)) {
        case 'wanted':
          return reply(`🔑 Logging in to ${name}…`);
        case 'running':
          return reply(`A login to ${name} is under way already.`);
        case 'no-login':
          return reply(
            `I have no login program for ${name}: log in on the host. I notice by myself when it works again.`,
          );
        case 'unknown':
          return reply(`There is no credential "${shorten(name, 60)}". There are: ${names.join(', ') || 'none'}.`);
      }
    },
  };
}
