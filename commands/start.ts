import type { Fleet } from '../src/config/fleet.ts';
import { bold, count, lines } from '../src/telegram/cards/words.ts';
import { type Role, roleOfActor } from '../src/people.ts';
import type { Command } from './command.ts';
import { reply } from './replies.ts';

/** What I am to somebody, and what he can do first. */
const WORDS: Readonly<Record<Role, readonly string[]>> = {
  owner: [
    'Nothing they write goes out without you: each draft comes here with Approve, Edit and Reject.',
    'When something breaks I tell you at once, with a button that mends it.',
    '',
    'First: /status. What waits for you: /drafts. Everything I can do: /help.',
  ],
  approver: [
    'Nothing they write goes out undecided: you are an approver, so you decide each draft with Approve, Edit and Reject, and answer what they ask.',
    'You see all else; what runs, pauses, spends or logs in is for owners.',
    '',
    'First: /drafts, what waits for you. How all goes: /status. What you can do: /help.',
  ],
  viewer: [
    'You are a viewer: you see all of it and change nothing. Owners and approvers decide what goes out.',
    '',
    'First: /status. What waits: /drafts. What you can look at: /help.',
  ],
};

/** /start: who I am, and what to do first. */
export function createStartCommand(fleet: Fleet): Command {
  return {
    name: 'start',
    description: 'who I am, and what to do first',
    run: ({ actor }) =>
      reply(
        lines(
          bold('🌙 Nightdesk'),
          `I run ${count(fleet.agents.size, 'agent')}: ${[...fleet.agents.keys()].join(', ')}.`,
          '',
          ...WORDS[roleOfActor(actor) ?? 'viewer'],
        ),
      ),
  };
}
