import type { Storage } from '../storage/storage.ts';
import type { Fleet } from '../src/config/fleet.ts';
import type { Custodian } from '../src/credentials/custodian.ts';
import type { CallbackData } from '../src/telegram/callback-data.ts';
import { reauthButton } from '../src/telegram/cards/login-card.ts';
import { shorten } from '../src/telegram/cards/words.ts';
import type { Command } from './command.ts';
import { reply } from './replies.ts';

/** Buttons beyond this many fill a phone; whoever has more credentials names the one that he means. */
const MOST_BUTTONS = 20;

/** /reauth [CREDENTIAL]: logs in with the credential's login program, or takes a pasted token, then probes. */
export function createReauthCommand(rooms: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly custodian: Custodian;
  readonly callbackData: CallbackData;
}): Command {
  const { fleet, storage, custodian } = rooms;

  function canLogIn(): readonly string[] {
    return [...fleet.credentials.values()].filter(({ login }) => login !== undefined).map(({ name }) => name);
  }

  function isDead(name: string): boolean {
    return storage.credentials.get(name)?.state === 'dead';
  }

  /** A button for each, dead ones first. */
  function offer() {
    const names = canLogIn()
      .toSorted((a, b) => Number(isDead(b)) - Number(isDead(a)))
      .slice(0, MOST_BUTTONS);
    const buttons = names.map((name) => [reauthButton(name, rooms.callbackData, isDead(name) ? `🔴 ${name}` : name)]);
    return reply('🔑 Which one do you want to log in to again?', buttons);
  }

  return {
    name: 'reauth',
    description: 'log in again from the phone',
    // It starts a login, which waits for somebody to be there; the credential may have come back by itself.
    // Alone it only offers them, where there are several.
    asksAgain: (argument) =>
      argument === '' && fleet.credentials.size > 1 ? undefined : 'It starts a login, in which you have to take part.',
    run({ argument, actor, chatId }) {
      const [only, ...others] = canLogIn();
      if (argument === '' && others.length > 0) return offer();
      const name = argument === '' ? only : argument.toLowerCase();
      if (name === undefined)
        return reply('fleet.yaml gives no credential a `login`: log in on the host. I notice by myself when it works.');
      switch (custodian.wantLogin(name, actor, chatId)) {
        case 'wanted':
          return reply(`🔑 Logging in to ${name}…`);
        case 'running':
          return reply(`A login to ${name} is under way already: its message has a Cancel button.`);
        case 'rotating':
          return reply(`The rotation of ${name} is under way: wait for what comes of it.`);
        case 'no-login':
          return reply(
            `I have no login program for ${name}: log in on the host. I notice by myself when it works again.`,
          );
        case 'unknown':
          return reply(
            `There is no credential "${shorten(name, 60)}". There are: ${[...fleet.credentials.keys()].join(', ') || 'none'}.`,
          );
      }
    },
  };
}
